package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One template.
 *
 * @param number the value of {@code mall_coupon.id} and {@code coupon_template.template_id}
 */
public record TemplateId(long number) {
    public static Optional<TemplateId> parse(String text) {
        return PrefixedNumber.parse("tpl_", text).map(TemplateId::new);
    }

    @Override
    public String toString() {
        return "tpl_" + number;
    }
}
