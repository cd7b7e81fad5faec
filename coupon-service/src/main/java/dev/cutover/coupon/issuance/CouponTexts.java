package dev.cutover.coupon.issuance;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * The serial text of each coupon of a task: its user under the key of the task, so nobody tells one from another.
 *
 * <p>A rollback and another switch replace what only NEW knows of a row, its {@code request_no} too; the serial text travels both ways. So
 * a chunk that was begun before a rollback finds its coupons by it, and issues none twice. Owned by one thread.
 */
public final class CouponTexts {
    private static final String ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private static final int LENGTH = 16;
    private static final int BITS = 5;

    private final Cipher cipher;

    /** @param seed sixteen bytes in hex */
    public CouponTexts(String seed) {
        try {
            // One block a user: an HMAC takes ten times as long, and there is one a row.
            cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(HexFormat.of().parseHex(seed), "AES"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has AES.", e);
        }
    }

    /** The serial text of this user's coupon. */
    public String of(long user) {
        ByteBuffer block;
        try {
            block = ByteBuffer.wrap(cipher.doFinal(
                    ByteBuffer.allocate(2 * Long.BYTES).putLong(user).array()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES refused a block.", e);
        }
        long high = block.getLong();
        long low = block.getLong();
        char[] text = new char[LENGTH];
        for (int i = 0; i < LENGTH / 2; i++) {
            text[i] = ALPHABET.charAt((int) (high >>> (i * BITS)) & 31);
            text[i + LENGTH / 2] = ALPHABET.charAt((int) (low >>> (i * BITS)) & 31);
        }
        return new String(text);
    }
}
