package dev.cutover.coupon.lock;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisDoor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The locks {@code lk:{userId}:templateId} in Redis.
 *
 * <p>Idea: one script takes the locks of all templates of a claim or none of them, so two claims never hold a part each and wait for the
 * other's; a lock is a key with its holder's token and a lease, and only the holder's token ends it. Without Redis claims go on without
 * their locks. The braces put a user's locks into one slot of a cluster, where one script may reach them all.
 *
 * <p>Safe for many threads.
 */
public final class RedisClaimLock implements ClaimLock {
    /** A test looks at the locks with one script and takes them with another, to see itself fail. */
    static final String TAKES_AFTER_A_LOOK = "lock.takesAfterALook";
    /** A test ends locks whoever has them, to see itself fail. */
    static final String ENDS_ANYBODYS = "lock.endsAnybodys";

    private static final Logger LOG = LoggerFactory.getLogger(RedisClaimLock.class);
    private static final Duration WAIT = Duration.ofMillis(100);
    // Longer than a claim may take; a holder that is gone blocks its own user for no longer.
    private static final Duration LEASE = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(4);

    private static final String LOOK = """
            for _, key in ipairs(KEYS) do
              if redis.call('exists', key) == 1 then return 0 end
            end
            """;
    private static final String TAKE = """
            for _, key in ipairs(KEYS) do
              redis.call('set', key, ARGV[1], 'PX', ARGV[2])
            end
            """;
    private static final String DONE = "return 1";
    private static final String TAKE_ALL = LOOK + TAKE + DONE;
    private static final String END = """
            local mine = 0
            for _, key in ipairs(KEYS) do
              if %s then mine = mine + redis.call('del', key) end
            end
            return mine == #KEYS and 1 or 0""";

    private static final String RELEASE = String.format(END, "redis.call('get', key) == ARGV[1]");
    private static final String END_ANYBODYS = String.format(END, "true");

    private final RedisDoor redis;
    private final Failpoints failpoints;

    /** Locks that were really taken. */
    record Held(RedisClaimLock lock, List<Object> keys, String token) implements Hold {
        @Override
        public void close() {
            lock.release(keys, token);
        }
    }

    public RedisClaimLock(RedisDoor redis, Failpoints failpoints) {
        this.redis = redis;
        this.failpoints = failpoints;
    }

    @Override
    public Hold hold(long userId, List<TemplateId> templates) {
        if (templates.isEmpty() || !redis.available()) {
            return ClaimLock.NONE.hold(userId, templates);
        }
        List<Object> keys = templates.stream()
                .map(template -> (Object) ("lk:{" + userId + "}:" + template.number()))
                .toList();
        String token = UUID.randomUUID().toString();
        long end = System.nanoTime() + WAIT.toNanos();
        do {
            Optional<Boolean> taken = take(keys, token);
            if (taken.isEmpty()) {
                // Whether the locks were taken is not known then; their lease ends them.
                break;
            }
            if (taken.get()) {
                return new Held(this, keys, token);
            }
            // Random, so that two do not meet again.
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(PAUSE.toNanos() / 2, PAUSE.toNanos() * 3 / 2));
        } while (System.nanoTime() - end < 0 && !Thread.currentThread().isInterrupted());
        return ClaimLock.NONE.hold(userId, templates);
    }

    private Optional<Boolean> take(List<Object> keys, String token) {
        if (failpoints.planted(TAKES_AFTER_A_LOOK)) {
            Optional<Boolean> free = redis.decide(LOOK + DONE, keys);
            return free.equals(Optional.of(true)) ? redis.decide(TAKE + DONE, keys, token, LEASE.toMillis()) : free;
        }
        return redis.decide(TAKE_ALL, keys, token, LEASE.toMillis());
    }

    private void release(List<Object> keys, String token) {
        String release = failpoints.planted(ENDS_ANYBODYS) ? END_ANYBODYS : RELEASE;
        if (redis.decide(release, keys, token).equals(Optional.of(false))) {
            LOG.debug("The lease of a claim's locks {} had run out before the claim ended", keys);
        }
    }
}
