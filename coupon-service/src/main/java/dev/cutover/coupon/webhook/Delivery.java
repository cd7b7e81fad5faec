package dev.cutover.coupon.webhook;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One event that one webhook is to be told of, or was; times are epoch milliseconds.
 *
 * @param event as it is sent, JSON
 * @param nextAt not tried before
 * @param error why the last attempt failed, null when none did
 */
public record Delivery(
        EventId id,
        String event,
        State state,
        int attempts,
        long nextAt,
        long createdAt,
        @Nullable Long deliveredAt,
        @Nullable String error) {
    /** Where a delivery is; its place is the value of {@code webhook_delivery.state}. */
    public enum State {
        WAITING,
        DELIVERED,
        /** Nobody took it for a day; it is sent again when somebody asks for it. */
        DEAD;

        /** As somebody types it. */
        public static Optional<State> parse(String text) {
            return Arrays.stream(values())
                    .filter(state -> state.name().equals(text.toUpperCase(Locale.ROOT)))
                    .findFirst();
        }
    }
}
