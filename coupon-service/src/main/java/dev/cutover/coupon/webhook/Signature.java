package dev.cutover.coupon.webhook;

import dev.cutover.coupon.token.TokenSecrets;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs what webhooks are told, as Standard Webhooks say (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body, each with a
 * dot between. Secrets are in no database: each comes out of the key of the tokens' file, the webhook's number and its generation.
 *
 * <p>Safe for many threads.
 */
final class Signature {
    private static final String ALGORITHM = "HmacSHA256";

    private final TokenSecrets secrets;

    Signature(TokenSecrets secrets) {
        this.secrets = secrets;
    }

    byte[] keyId() {
        return secrets.keyId();
    }

    /** The secret as its owner is told it, once; empty when the key it comes from is gone. */
    Optional<String> secret(Webhook webhook) {
        return secret(webhook, webhook.generation())
                .map(bytes -> "whsec_" + Base64.getEncoder().encodeToString(bytes));
    }

    private Optional<byte[]> secret(Webhook webhook, int generation) {
        return secrets.derived(webhook.keyId(), "webhook", webhook.id() + "." + generation);
    }

    /** The value of the header, with the secret before behind it while that is good too; empty when the key is gone. */
    Optional<String> of(Webhook webhook, String id, long seconds, String body, long now) {
        List<String> signatures = new ArrayList<>();
        secret(webhook, webhook.generation()).ifPresent(secret -> signatures.add(sign(secret, id, seconds, body)));
        if (webhook.generation() > 1 && now < webhook.previousUntil()) {
            secret(webhook, webhook.generation() - 1)
                    .ifPresent(secret -> signatures.add(sign(secret, id, seconds, body)));
        }
        return signatures.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", signatures));
    }

    static String sign(byte[] secret, String id, long seconds, String body) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret, ALGORITHM));
            byte[] tag = mac.doFinal((id + "." + seconds + "." + body).getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(tag);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has " + ALGORITHM + ".", e);
        }
    }
}
