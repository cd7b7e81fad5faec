package dev.cutover.coupon.template;

import java.util.Locale;
import java.util.Set;

/**
 * The products a template's coupons are for, as they are listed now.
 *
 * <p>Listed texts are compared as the mall's columns compared them: without case, without spaces at the end.
 *
 * @param goods what is listed, in the form of {@link #form}; of no meaning for {@link Scope#ALL}
 */
public record ProductList(Scope scope, Set<String> goods) {
    public ProductList {
        goods = Set.copyOf(goods);
    }

    /** What a list means. */
    public enum Scope {
        ALL,
        /** Only products of the listed categories. */
        CATEGORY,
        /** Only the listed products. */
        WHITE_LIST,
        /** All products but the listed ones. */
        BLACK_LIST;

        /** The value of {@code coupon_template.scope} and of {@code template_product.list_type}. */
        public int code() {
            return ordinal();
        }

        public static Scope ofCode(int code) {
            if (code < 0 || code >= values().length) {
                throw new IllegalArgumentException("coupon_template.scope is " + code + ": known are 0 to 3.");
            }
            return values()[code];
        }
    }

    public boolean lists(String product) {
        return goods.contains(form(product));
    }

    /** The text by which a product or category is found in a list. */
    public static String form(String product) {
        return product.stripTrailing().toLowerCase(Locale.ROOT);
    }
}
