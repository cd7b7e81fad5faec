package dev.cutover.coupon.lock;

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
    private static final Logger LOG = LoggerFactory.getLogger(RedisClaimLock.class);
    private static final Duration WAIT = Duration.ofMillis(100);
    // Longer than a claim may take; a holder that is gone blocks its own user for no longer.
    private static final Duration LEASE = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(4);

    private static final String TAKE_ALL = """
            for _, key in ipairs(KEYS) do
              if redis.call('exists', key) == 1 then return 0 end
            end
            for _, key in ipairs(KEYS) do
              redis.call('set', key, ARGV[1], 'PX', ARGV[2])
            end
            return 1""";
    private static final String RELEASE = """
            local mine = 0
            for _, key in ipairs(KEYS) do
              if redis.call('get', key) == ARGV[1] then mine = mine + redis.call('del', key) end
            end
            return mine == #KEYS and 1 or 0""";

    private final RedisDoor redis;

    /** Locks that were really taken. */
    record Held(RedisClaimLock lock, List<Object> keys, String token) implements Hold {
        @Override
        public void close() {
            lock.release(keys, token);
        }
    }

    public RedisClaimLock(RedisDoor redis) {
        this.redis = redis;
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
            Optional<Boolean> taken = redis.decide(TAKE_ALL, keys, token, LEASE.toMillis());
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

    private void release(List<Object> keys, String token) {
        if (redis.decide(RELEASE, keys, token).equals(Optional.of(false))) {
            LOG.debug("The lease of a claim's locks {} had run out before the claim ended", keys);
        }
    }
}
