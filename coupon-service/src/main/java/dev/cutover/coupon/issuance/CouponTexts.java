package dev.cutover.coupon.issuance;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The serial text of each coupon of a task, told by its user.
 *
 * <p>A rollback and another switch replace what only NEW knows of a row, its {@code request_no} too; the serial text travels both ways. So
 * a chunk that was begun before a rollback finds its coupons by it, and issues none twice. Owned by one thread.
 */
final class CouponTexts {
    private static final String ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private static final int LENGTH = 16;
    private static final int BITS = 5;

    private final Mac mac;

    CouponTexts(String seed) {
        try {
            mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(seed.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has HmacSHA256.", e);
        }
    }

    String of(long user) {
        ByteBuffer bytes = ByteBuffer.wrap(
                mac.doFinal(ByteBuffer.allocate(Long.BYTES).putLong(user).array()));
        long high = bytes.getLong();
        long low = bytes.getLong();
        char[] text = new char[LENGTH];
        for (int i = 0; i < LENGTH / 2; i++) {
            text[i] = ALPHABET.charAt((int) (high >>> (i * BITS)) & 31);
            text[i + LENGTH / 2] = ALPHABET.charAt((int) (low >>> (i * BITS)) & 31);
        }
        return new String(text);
    }
}
