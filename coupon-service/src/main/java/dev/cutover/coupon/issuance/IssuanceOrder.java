package dev.cutover.coupon.issuance;

import dev.cutover.coupon.id.TemplateId;
import java.util.Optional;

/**
 * What an operator asks for.
 *
 * @param issuanceNo the operator's name for it: asked again, it is the same issuance
 * @param audience empty when it is uploaded afterwards
 */
public record IssuanceOrder(
        String issuanceNo, TemplateId template, Optional<Audience> audience, Tunables tunables, String operator) {

    /** The same number with another text is another request. */
    String fingerprint() {
        return template.number() + " " + audience.map(Audience::sha256).orElse("-");
    }
}
