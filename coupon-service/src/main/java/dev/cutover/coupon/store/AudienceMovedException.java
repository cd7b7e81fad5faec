package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;

/** A template has another audience than the one its claimer was asked about; nothing was changed, the claim is judged anew. */
public final class AudienceMovedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AudienceMovedException(TemplateId template) {
        super("The audience of template " + template + " is another than a moment ago.", null, false, false);
    }
}
