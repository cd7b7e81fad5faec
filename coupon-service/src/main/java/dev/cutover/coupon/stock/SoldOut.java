package dev.cutover.coupon.stock;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.id.TemplateId;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Remembers for a moment that a template was looked for in every database and not found, so that a rush on a sold-out template costs
 * one read each. Stock never comes back by itself: a refund gives the coupon back to its user, not to the template; only the back office
 * adds some. Safe for many threads.
 */
public final class SoldOut {
    private static final Duration REMEMBERED = Duration.ofSeconds(1);
    private static final long MOST_TEMPLATES = 10_000;

    private final Cache<Key, Integer> least;
    private final Supplier<Epoch> epoch;

    private record Key(Epoch epoch, TemplateId template) {}

    public SoldOut(Supplier<Epoch> epoch, Ticker ticker) {
        this.epoch = epoch;
        this.least = Caffeine.newBuilder()
                .expireAfterWrite(REMEMBERED)
                .maximumSize(MOST_TEMPLATES)
                .ticker(ticker)
                .build();
    }

    /** Whether this many, or fewer, were not to be had a moment ago. */
    public boolean lately(TemplateId template, int quantity) {
        Integer refused = least.getIfPresent(new Key(epoch.get(), template));
        return refused != null && refused <= quantity;
    }

    /** Stock was added. */
    public void forget(TemplateId template) {
        least.invalidate(new Key(epoch.get(), template));
    }

    /** Called only when every database was asked. */
    public void remember(TemplateId template, int quantity) {
        least.asMap().merge(new Key(epoch.get(), template), quantity, Math::min);
    }
}
