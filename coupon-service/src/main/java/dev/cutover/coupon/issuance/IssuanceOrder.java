package dev.cutover.coupon.issuance;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import java.util.Optional;

/**
 * What an operator asks for.
 *
 * @param issuanceNo the operator's name for it: asked again, it is the same issuance
 * @param audience empty when it is uploaded afterwards
 * @param via through whom the coupons come
 */
public record IssuanceOrder(
        String issuanceNo,
        TemplateId template,
        Optional<Audience> audience,
        Tunables tunables,
        Channel via,
        String operator) {
    /** Through nobody in particular. */
    public IssuanceOrder(
            String issuanceNo, TemplateId template, Optional<Audience> audience, Tunables tunables, String operator) {
        this(issuanceNo, template, audience, tunables, Channel.NONE, operator);
    }

    /** The same number with another text is another request. */
    String fingerprint() {
        String text = template.number() + " " + audience.map(Audience::sha256).orElse("-");
        return via.named() ? text + " " + via.canonical() : text;
    }
}
