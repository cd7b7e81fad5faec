package dev.cutover.coupon.detail;

import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import org.jspecify.annotations.Nullable;

/**
 * What a page shows of a coupon for a product.
 *
 * @param version of the template it was taken from; a higher one is newer
 * @param offer null where the template is not on offer or not for the product, which is worth remembering too
 */
public record Detail(int version, @Nullable Offer offer) {
    /**
     * What is on offer; times are epoch milliseconds, ranges [from, to).
     *
     * @param validDays days from the claim, null for a fixed range
     * @param claimFrom null where nothing is said of it
     * @param metadata the template's JSON object, opaque to this service
     */
    public record Offer(
            @Nullable String name,
            Discount discount,
            @Nullable Long validDays,
            @Nullable Long validFrom,
            @Nullable Long validTo,
            @Nullable Long claimFrom,
            @Nullable Long claimTo,
            @Nullable String metadata) {
        static Offer of(TemplateSheet sheet) {
            Template template = sheet.template();
            boolean range = template.fixedRange();
            return new Offer(
                    template.name(),
                    template.discount(),
                    range ? null : template.validDays(),
                    range ? template.validFrom() : null,
                    range ? template.validTo() : null,
                    template.terms().claimFrom(),
                    template.terms().claimTo(),
                    sheet.metadata());
        }
    }

    static Detail none(int version) {
        return new Detail(version, null);
    }
}
