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
 * one read each. Coupons never come back by themselves: a refund gives the coupon back to its user, not to the template; only the back office
 * adds some. Money comes back at any time, so that a budget is at its end is not remembered. Safe for many threads.
 */
public final class SoldOut {
    private static final Duration REMEMBERED = Duration.ofSeconds(1);
    private static final long MOST_TEMPLATES = 10_000;

    private final Cache<Key, Long> least;
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
        Long refused = least.getIfPresent(new Key(epoch.get(), template));
        return refused != null && refused <= quantity;
    }

    /** Stock was added. */
    public void forget(TemplateId template) {
        least.invalidate(new Key(epoch.get(), template));
    }

    /** Called only when every database was asked. */
    public void remember(StockId stock, long quantity) {
        if (stock.kind() == StockId.Kind.COUPONS) {
            least.asMap().merge(new Key(epoch.get(), stock.template()), quantity, Math::min);
        }
    }
}
