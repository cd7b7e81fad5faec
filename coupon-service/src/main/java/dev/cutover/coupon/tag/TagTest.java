package dev.cutover.coupon.tag;

/**
 * One question about a user: whether a tag has this value. A tag alone asks whether it is {@code true}.
 *
 * @param tag the name
 */
record TagTest(String tag, String value) {
    static final String YES = "true";

    boolean matches(String found) {
        return value.equals(found);
    }

    @Override
    public String toString() {
        return value.equals(YES) ? tag : tag + "=" + value;
    }
}
