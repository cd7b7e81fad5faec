package dev.cutover.coupon.code;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/**
 * Whoever names too many codes that are none has to wait, each time twice as long.
 *
 * <p>Idea: only misses are counted, and they are rare, so the database counts them for all instances; what it locked is remembered here too,
 * and costs nothing more. There is no counter in Redis: one that is lost with Redis would be no limit, and one that is not would be in the
 * database as well. While OLD holds the truth nobody may write to the databases of NEW, and the mall has no table for it: then each
 * instance counts for itself.
 *
 * <p>Safe for many threads.
 */
final class AttemptLimit {
    private static final int MOST_OF_USER = 5;
    private static final int MOST_OF_ADDRESS = 50;
    private static final Duration WINDOW = Duration.ofMinutes(10);
    private static final Duration FIRST_LOCK = Duration.ofMinutes(1);
    // Two to the power of six minutes.
    private static final int MOST_DOUBLINGS = 6;
    private static final long MOST_REMEMBERED = 100_000;

    private final MetaDatabase meta;
    private final CouponDatabases databases;
    private final InstantSource clock;
    private final Cache<String, Long> locked;
    private final Cache<String, Integer> missesOnOld;

    AttemptLimit(MetaDatabase meta, CouponDatabases databases, InstantSource clock) {
        this.meta = meta;
        this.databases = databases;
        this.clock = clock;
        this.locked = Caffeine.newBuilder()
                .expireAfterWrite(FIRST_LOCK.multipliedBy(1L << MOST_DOUBLINGS))
                .maximumSize(MOST_REMEMBERED)
                .ticker(Ticker.systemTicker())
                .build();
        this.missesOnOld = Caffeine.newBuilder()
                .expireAfterWrite(WINDOW)
                .maximumSize(MOST_REMEMBERED)
                .ticker(Ticker.systemTicker())
                .build();
    }

    /** Who asks: a user, from an address. */
    record Asker(long user, String address) {
        List<String> subjects() {
            return List.of("u:" + user, "a:" + address);
        }
    }

    private static int most(String subject) {
        return subject.startsWith("u:") ? MOST_OF_USER : MOST_OF_ADDRESS;
    }

    /** Refuses who is locked. */
    void requireFree(Asker asker) {
        long now = clock.millis();
        long until = 0;
        for (String subject : asker.subjects()) {
            Long known = locked.getIfPresent(subject);
            until = Math.max(until, known == null ? 0 : known);
        }
        if (until <= now && databases.truth() == Side.NEW) {
            until = meta.read(connection -> lockedUntil(connection, asker));
        }
        if (until > now) {
            throw new TooManyAttemptsException(Duration.ofMillis(until - now));
        }
    }

    private static long lockedUntil(Connection connection, Asker asker) throws SQLException {
        return Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT COALESCE(MAX(locked_until), 0) FROM coupon_code_attempt WHERE subject IN (?, ?)",
                        asker.subjects().get(0),
                        asker.subjects().get(1))
                .orElse(0L);
    }

    /** Counts a miss. */
    void missed(Asker asker) {
        for (String subject : asker.subjects()) {
            long until = databases.truth() == Side.NEW ? missed(subject) : missedOnOld(subject);
            if (until > clock.millis()) {
                locked.put(subject, until);
            }
        }
    }

    private long missed(String subject) {
        long now = clock.millis();
        return meta.write((connection, epoch) -> {
            Sql.update(
                    connection,
                    "INSERT INTO coupon_code_attempt (subject, misses, window_until, locked_until, locks) VALUES (?, 0, ?, 0, 0)"
                            + " ON DUPLICATE KEY UPDATE misses = IF(window_until <= ?, 0, misses),"
                            + " window_until = IF(window_until <= ?, ?, window_until)",
                    subject,
                    now + WINDOW.toMillis(),
                    now,
                    now,
                    now + WINDOW.toMillis());
            // Each assignment sees those before it.
            Sql.update(
                    connection,
                    "UPDATE coupon_code_attempt SET misses = misses + 1,"
                            + " locked_until = IF(misses >= ?, ? + ? * (1 << LEAST(locks, ?)), locked_until),"
                            + " locks = IF(misses >= ?, locks + 1, locks), misses = IF(misses >= ?, 0, misses)"
                            + " WHERE subject = ?",
                    most(subject),
                    now,
                    FIRST_LOCK.toMillis(),
                    MOST_DOUBLINGS,
                    most(subject),
                    most(subject),
                    subject);
            return Sql.first(
                            connection,
                            row -> row.getLong(1),
                            "SELECT locked_until FROM coupon_code_attempt WHERE subject = ?",
                            subject)
                    .orElse(0L);
        });
    }

    private long missedOnOld(String subject) {
        int misses = missesOnOld.asMap().merge(subject, 1, Integer::sum);
        if (misses < most(subject)) {
            return 0;
        }
        missesOnOld.invalidate(subject);
        return clock.millis() + FIRST_LOCK.toMillis();
    }
}
