package dev.cutover.coupon.id;

import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One hold: the slot of its user and sixteen random letters and digits, so that nobody confirms a hold whose id he was not told.
 *
 * @param slot where its user's rows are
 * @param text the value of {@code hold_no}
 */
public record HoldId(int slot, String text) {
    private static final String PREFIX = "hold_";
    private static final String ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private static final int LENGTH = 16;
    private static final Pattern TEXT = Pattern.compile("([0-9]{4})[0-9A-HJKMNP-TV-Z]{16}");

    public static HoldId random(int slot, RandomGenerator random) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%04d", slot));
        for (int i = 0; i < LENGTH; i++) {
            text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return new HoldId(slot, text.toString());
    }

    /** Empty when the text is not an id, which a caller answers like an id nobody has. */
    public static Optional<HoldId> parse(String text) {
        return text.startsWith(PREFIX) ? ofNumber(text.substring(PREFIX.length())) : Optional.empty();
    }

    /** Of the value of {@code hold_no}. */
    public static Optional<HoldId> ofNumber(String holdNo) {
        Matcher matcher = TEXT.matcher(holdNo);
        return matcher.matches()
                ? Optional.of(new HoldId(Integer.parseInt(matcher.group(1)), holdNo))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return PREFIX + text;
    }
}
