package dev.cutover.coupon.detail;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.template.Offering;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;

/**
 * The details of one kind of coupons, from the nearest place that has them: this process, Redis, MySQL.
 *
 * <p>Each level is asked together for what the one before did not have, and none is believed that is older than {@link TemplateVersions} says.
 * What came from MySQL is put into Redis behind the answer. Redis away is slower and nothing else.
 *
 * <p>Safe for many threads.
 */
public final class KindDetails {
    private static final Duration KEPT = Duration.ofMinutes(5);
    private static final long MOST = 200_000;

    private final CouponKind kind;
    private final Optional<RedisDetails> redis;
    private final Offerings offerings;
    private final TemplateVersions versions;
    private final Executor filler;
    private final Cache<Near, Detail> near;
    private final EnumMap<Level, Counter> found = new EnumMap<>(Level.class);

    private record Near(long epoch, DetailKey key) {}

    private enum Level {
        PROCESS,
        REDIS,
        MYSQL
    }

    /**
     * @param redis empty where there is none
     * @param filler puts into Redis what came from MySQL; drops what it has no time for
     */
    public KindDetails(
            CouponKind kind,
            Optional<RedisDetails> redis,
            Offerings offerings,
            TemplateVersions versions,
            Executor filler,
            Ticker ticker,
            MeterRegistry meters) {
        this.kind = kind;
        this.redis = redis;
        this.offerings = offerings;
        this.versions = versions;
        this.filler = filler;
        this.near = Caffeine.newBuilder()
                .expireAfterWrite(KEPT)
                .maximumSize(MOST)
                .ticker(ticker)
                .build();
        for (Level level : Level.values()) {
            found.put(
                    level,
                    Counter.builder("coupon.details")
                            .description("Details of coupons by the place they were found in")
                            .tag("kind", kind.name())
                            .tag("level", level.name().toLowerCase(Locale.ROOT))
                            .register(meters));
        }
    }

    /** What is on offer of these; one that is of another kind, or not there at all, is not on offer. */
    Map<DetailKey, Detail.Offer> find(long epoch, Collection<DetailKey> keys) {
        Map<TemplateId, Integer> newest = versions.of(
                epoch, keys.stream().map(DetailKey::template).distinct().toList());
        Map<DetailKey, Detail> details = new HashMap<>();
        List<DetailKey> missing = new ArrayList<>();
        for (DetailKey key : keys) {
            Integer version = newest.get(key.template());
            if (version == null) {
                continue;
            }
            Detail detail = near.getIfPresent(new Near(epoch, key));
            if (detail != null && detail.version() >= version) {
                details.put(key, detail);
            } else {
                missing.add(key);
            }
        }
        count(Level.PROCESS, details.size());
        fromRedis(epoch, newest, missing, details);
        fromMySql(epoch, newest, missing, details);
        Map<DetailKey, Detail.Offer> offers = new HashMap<>();
        details.forEach((key, detail) -> {
            Detail.Offer offer = detail.offer();
            if (offer != null && offer.discount().kind() == kind.code()) {
                offers.put(key, offer);
            }
        });
        return offers;
    }

    private void fromRedis(
            long epoch, Map<TemplateId, Integer> newest, List<DetailKey> missing, Map<DetailKey, Detail> details) {
        if (missing.isEmpty() || redis.isEmpty()) {
            return;
        }
        Map<DetailKey, Detail> there = redis.get().find(epoch, missing);
        missing.removeIf(key -> {
            Detail detail = there.get(key);
            if (detail == null || detail.version() < newest.getOrDefault(key.template(), 0)) {
                return false;
            }
            keep(epoch, key, detail, details);
            count(Level.REDIS, 1);
            return true;
        });
    }

    private void fromMySql(
            long epoch, Map<TemplateId, Integer> newest, List<DetailKey> missing, Map<DetailKey, Detail> details) {
        if (missing.isEmpty()) {
            return;
        }
        Map<TemplateId, Integer> asked = missing.stream()
                .map(DetailKey::template)
                .distinct()
                .collect(Collectors.toMap(id -> id, id -> newest.getOrDefault(id, 0)));
        Map<TemplateId, Offering> read = offerings.atLeast(epoch, asked);
        Map<DetailKey, Detail> fresh = new HashMap<>();
        for (DetailKey key : missing) {
            Offering offering = read.get(key.template());
            if (offering != null) {
                Detail detail = Offerings.detail(offering, key);
                keep(epoch, key, detail, details);
                fresh.put(key, detail);
            }
        }
        count(Level.MYSQL, fresh.size());
        redis.ifPresent(level -> fill(level, epoch, fresh));
    }

    private void fill(RedisDetails level, long epoch, Map<DetailKey, Detail> fresh) {
        if (fresh.isEmpty() || !level.available()) {
            return;
        }
        // Whether they arrive nobody has to know: who does not find them reads them again.
        filler.execute(() -> level.put(epoch, fresh));
    }

    private void keep(long epoch, DetailKey key, Detail detail, Map<DetailKey, Detail> details) {
        near.put(new Near(epoch, key), detail);
        details.put(key, detail);
    }

    private void count(Level level, int details) {
        Objects.requireNonNull(found.get(level)).increment(details);
    }
}
