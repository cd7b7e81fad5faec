package dev.cutover.coupon.claim;

import java.util.random.RandomGenerator;

/** The serial text printed on a coupon: 16 of 32 letters and digits that are not mistaken for each other. Safe for many threads if its source is. */
public final class CouponSerials {
    private static final String ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private static final int LENGTH = 16;

    private final RandomGenerator random;

    public CouponSerials(RandomGenerator random) {
        this.random = random;
    }

    String next() {
        StringBuilder serial = new StringBuilder(LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            serial.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return serial.toString();
    }
}
