package dev.cutover.business.http;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Whether a delivery is from the coupon service and of now, as Standard Webhooks (https://www.standardwebhooks.com) say. Safe for many threads. */
final class WebhookSignature {
    private static final String ALGORITHM = "HmacSHA256";
    private static final String PREFIX = "whsec_";
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    private final SecretKeySpec secret;
    private final InstantSource clock;

    /** @param secret as it was told when the webhook was made */
    WebhookSignature(String secret, InstantSource clock) {
        String text = secret.startsWith(PREFIX) ? secret.substring(PREFIX.length()) : secret;
        this.secret = new SecretKeySpec(Base64.getDecoder().decode(text), ALGORITHM);
        this.clock = clock;
    }

    boolean holds(String id, String timestamp, String body, String signatures) {
        if (!timestamp.matches("[0-9]{1,12}")) {
            return false;
        }
        Duration away = Duration.ofMillis(clock.millis())
                .minusSeconds(Long.parseLong(timestamp))
                .abs();
        if (away.compareTo(TOLERANCE) > 0) {
            return false;
        }
        byte[] expected = ("v1,"
                        + Base64.getEncoder()
                                .encodeToString(
                                        sign((id + "." + timestamp + "." + body).getBytes(StandardCharsets.UTF_8))))
                .getBytes(StandardCharsets.US_ASCII);
        boolean holds = false;
        for (String signature : signatures.split(" ", -1)) {
            holds |= MessageDigest.isEqual(expected, signature.getBytes(StandardCharsets.UTF_8));
        }
        return holds;
    }

    private byte[] sign(byte[] text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            return mac.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JVM has " + ALGORITHM + ".", e);
        }
    }
}
