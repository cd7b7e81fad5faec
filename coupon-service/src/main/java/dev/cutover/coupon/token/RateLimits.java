package dev.cutover.coupon.token;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.coupon.id.AppId;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Buckets of requests, one an application, each of this instance alone.
 *
 * <p>Idea: a bucket is one number, the moment at which it will be full again (the generic cell rate algorithm of ATM networks). A request
 * moves it on by the time that one request needs to come back; one that would move it further than a whole bucket ahead of now is
 * refused. Invariant: in any stretch of time no more are let through than a burst and what came back in it.
 *
 * <p>Safe for many threads, and never blocks: it is asked on the event loop.
 */
public final class RateLimits {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Ticker ticker;
    private final Map<AppId, AtomicLong> fullAt = new ConcurrentHashMap<>();

    public RateLimits(Ticker ticker) {
        this.ticker = ticker;
    }

    /**
     * What became of a request.
     *
     * @param remaining how many more may come at once
     * @param untilFull until the whole burst may come at once
     * @param patience until one may come, zero where this one was let through
     */
    public record Outcome(boolean admitted, Quota quota, long remaining, Duration untilFull, Duration patience) {}

    /** Takes one request out of an application's bucket, if there is one. */
    public Outcome take(AppId app, Quota quota) {
        long each = SECOND / quota.perSecond();
        long whole = each * quota.burst();
        long now = ticker.read();
        AtomicLong bucket = fullAt.computeIfAbsent(app, any -> new AtomicLong(now));
        while (true) {
            long before = bucket.get();
            long ahead = Math.max(before - now, 0) + each;
            if (ahead > whole) {
                return new Outcome(false, quota, 0, Duration.ofNanos(ahead - each), Duration.ofNanos(ahead - whole));
            }
            if (bucket.compareAndSet(before, now + ahead)) {
                return new Outcome(true, quota, (whole - ahead) / each, Duration.ofNanos(ahead), Duration.ZERO);
            }
        }
    }
}
