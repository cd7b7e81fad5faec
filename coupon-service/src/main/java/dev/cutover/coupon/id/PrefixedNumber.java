package dev.cutover.coupon.id;

import java.util.Optional;

/** The number behind a prefix such as {@code cpn_}. */
final class PrefixedNumber {
    // Fifteen digits hold a 31-bit sequence shifted by ten bits with room to spare, and never overflow a long.
    private static final int MOST_DIGITS = 15;

    private PrefixedNumber() {}

    static Optional<Long> parse(String prefix, String text) {
        if (!text.startsWith(prefix)) {
            return Optional.empty();
        }
        String digits = text.substring(prefix.length());
        boolean plain = !digits.isEmpty()
                && digits.length() <= MOST_DIGITS
                && digits.chars().allMatch(c -> c >= '0' && c <= '9')
                && (digits.length() == 1 || digits.charAt(0) != '0');
        return plain ? Optional.of(Long.parseLong(digits)) : Optional.empty();
    }
}
