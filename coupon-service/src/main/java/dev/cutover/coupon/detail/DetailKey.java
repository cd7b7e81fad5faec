package dev.cutover.coupon.detail;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.template.ProductList;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A coupon of this template, for this product, in this store.
 *
 * @param store the store's id, {@code 0} for the mall's own
 * @param product as the lists name it, its id or its serial number
 * @param category of the product, null where it is not known; the lists of some templates ask for it
 */
public record DetailKey(
        TemplateId template,
        String store,
        String product,
        @Nullable String category) {
    /** The longest name of a product or a category, in characters. */
    public static final int LONGEST_NAME = 64;

    private static final Pattern STORE = Pattern.compile("[A-Za-z0-9._-]{1,32}");
    private static final int RADIX = 36;

    public DetailKey {
        if (!isStore(store) || !isName(product) || (category != null && !isName(category))) {
            throw new IllegalArgumentException("A detail is of a store, a product and maybe a category, not of '"
                    + store + "' and '" + product + "'.");
        }
    }

    /** Whether this can be the id of a store. */
    public static boolean isStore(String text) {
        return STORE.matcher(text).matches();
    }

    /** Whether this can name a product or a category. */
    public static boolean isName(String text) {
        return !text.isBlank() && text.length() <= LONGEST_NAME && text.chars().noneMatch(Character::isISOControl);
    }

    /**
     * Its key in Redis, as short as it can be read: epoch and template in base 36. All coupons of a product live in one slot of a cluster, so
     * the products of a page are spread over it and the coupons of one are asked together. Products are told apart as the lists do: without
     * case, without spaces at the end. A brace that would end the slot's part early is written as a character that no name has.
     *
     * @param epoch of the migration: what was told in another one may be about another truth
     */
    String text(long epoch) {
        return Long.toString(epoch, RADIX)
                + '{'
                + ProductList.form(product).replace('}', '\u0001')
                + '}'
                + store
                + '.'
                + Long.toString(template.number(), RADIX)
                + (category == null ? "" : "." + category);
    }
}
