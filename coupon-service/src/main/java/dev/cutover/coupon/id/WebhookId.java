package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One webhook.
 *
 * @param number the value of {@code webhook.webhook_id}
 */
public record WebhookId(long number) {
    public static Optional<WebhookId> parse(String text) {
        return PrefixedNumber.parse("whk_", text).map(WebhookId::new);
    }

    @Override
    public String toString() {
        return "whk_" + number;
    }
}
