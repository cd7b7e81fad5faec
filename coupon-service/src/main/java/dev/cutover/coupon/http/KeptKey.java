package dev.cutover.coupon.http;

import dev.cutover.coupon.token.Tenant;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * An idempotency key and what is kept of it: the key itself where it fits into the columns of both sides, else its SHA-256, which stands for
 * the same request on either side.
 *
 * @param given by the caller
 * @param kept with the mark of the caller's application
 */
record KeptKey(String given, String kept) {
    private static final Pattern FITS = Pattern.compile("[A-Za-z0-9._:-]*");
    private static final int ROOM = 64;
    private static final String DIGEST = "k:";
    // A key that looks like a digest is none: it must not be taken for another one.
    private static final Pattern LIKE_A_DIGEST = Pattern.compile(DIGEST + "[A-Za-z0-9_-]{43}");

    static KeptKey of(Tenant tenant, String given) {
        int room = tenant.application().isPresent() ? Tenant.LONGEST_KEY : ROOM;
        boolean fits = given.length() <= room
                && FITS.matcher(given).matches()
                && !LIKE_A_DIGEST.matcher(given).matches();
        return new KeptKey(given, tenant.kept(fits ? given : digest(given)));
    }

    private static String digest(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.US_ASCII));
            return DIGEST + Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** Whether it is kept as it was given. */
    boolean asGiven() {
        return given.equals(kept);
    }
}
