package dev.cutover.coupon.webhook;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.WebhookId;
import java.net.URI;
import java.util.Set;

/**
 * Where an application wants to be told; times are epoch milliseconds.
 *
 * @param types what it wants to be told of
 * @param keyId of the key that its secrets come from
 * @param generation of its secret
 * @param previousUntil until then it is signed with the secret before, too
 */
public record Webhook(
        WebhookId id,
        AppId app,
        URI url,
        Set<EventType> types,
        byte[] keyId,
        int generation,
        long previousUntil,
        String createdBy,
        long createdAt) {
    public Webhook {
        types = Set.copyOf(types);
    }
}
