package dev.cutover.coupon.lock;

import dev.cutover.coupon.id.TemplateId;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.redisson.Redisson;
import org.redisson.api.RScript;
import org.redisson.api.RedissonClient;
import org.redisson.api.redisnode.RedisNodes;
import org.redisson.client.RedisException;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The locks {@code lk:{userId}:templateId} in Redis.
 *
 * <p>Idea: one script takes the locks of all templates of a claim or none of them, so two claims never hold a part each and wait for the
 * other's; a lock is a key with its holder's token and a lease, and only the holder's token ends it. Redis is never waited for twice. The first call that fails marks it as away, and while it is away claims do not ask it at all;
 * a probe in the background, not a claim, finds out when it is back. The braces put a user's locks into one slot of a cluster, where one
 * script may reach them all.
 *
 * <p>Safe for many threads.
 */
public final class RedisClaimLock implements ClaimLock, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisClaimLock.class);
    private static final Duration WAIT = Duration.ofMillis(100);
    // Longer than a claim may take; a holder that is gone blocks its own user for no longer.
    private static final Duration LEASE = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(4);
    private static final Duration PROBE = Duration.ofMillis(500);
    private static final int ANSWER_MILLIS = 100;
    private static final int CONNECT_MILLIS = 250;

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

    private final RedissonClient redis;
    private final AtomicBoolean here = new AtomicBoolean();

    /** Locks that were really taken. */
    record Held(RedisClaimLock lock, List<Object> keys, String token) implements Hold {
        @Override
        public void close() {
            lock.release(keys, token);
        }
    }

    private RedisClaimLock(RedissonClient redis) {
        this.redis = redis;
    }

    /** Does not need Redis to be there; {@code scheduler} is the caller's to close. */
    public static RedisClaimLock open(String uri, ScheduledExecutorService scheduler) {
        Config config = new Config();
        config.setThreads(2).setNettyThreads(2).setLazyInitialization(true);
        config.useSingleServer()
                .setAddress(uri)
                .setTimeout(ANSWER_MILLIS)
                .setConnectTimeout(CONNECT_MILLIS)
                .setRetryAttempts(0)
                .setConnectionMinimumIdleSize(1)
                .setConnectionPoolSize(32)
                .setDnsMonitoringInterval(-1);
        RedisClaimLock lock = new RedisClaimLock(Redisson.create(config));
        var unused = scheduler.scheduleWithFixedDelay(lock::probe, 0, PROBE.toMillis(), TimeUnit.MILLISECONDS);
        return lock;
    }

    /** Whether claims ask Redis at the moment. */
    public boolean available() {
        return here.get();
    }

    private void probe() {
        try {
            boolean answers =
                    redis.getRedisNodes(RedisNodes.SINGLE).getInstance().ping(ANSWER_MILLIS, TimeUnit.MILLISECONDS);
            if (answers && here.compareAndSet(false, true)) {
                LOG.info("Redis answers: claims of one user take turns");
            } else if (!answers) {
                away("its probe had no answer");
            }
        } catch (RuntimeException e) {
            away(e.toString());
        }
    }

    private void away(String why) {
        if (here.compareAndSet(true, false)) {
            LOG.warn("Redis is away, claims go on without their lock: {}", why);
        }
    }

    @Override
    public Hold hold(long userId, List<TemplateId> templates) {
        if (templates.isEmpty() || !here.get()) {
            return ClaimLock.NONE.hold(userId, templates);
        }
        List<Object> keys = templates.stream()
                .map(template -> (Object) ("lk:{" + userId + "}:" + template.number()))
                .toList();
        String token = UUID.randomUUID().toString();
        long end = System.nanoTime() + WAIT.toNanos();
        try {
            do {
                if (run(TAKE_ALL, keys, token, LEASE.toMillis())) {
                    return new Held(this, keys, token);
                }
                // Random, so that two do not meet again.
                LockSupport.parkNanos(
                        ThreadLocalRandom.current().nextLong(PAUSE.toNanos() / 2, PAUSE.toNanos() * 3 / 2));
            } while (System.nanoTime() - end < 0 && !Thread.currentThread().isInterrupted());
        } catch (RedisException e) {
            // Whether the locks were taken is not known then; their lease ends them.
            away(e.toString());
        }
        return ClaimLock.NONE.hold(userId, templates);
    }

    private void release(List<Object> keys, String token) {
        try {
            if (!run(RELEASE, keys, token)) {
                LOG.debug("The lease of a claim's locks {} had run out before the claim ended", keys);
            }
        } catch (RedisException e) {
            away(e.toString());
        }
    }

    private boolean run(String script, List<Object> keys, Object... values) {
        return redis.getScript(StringCodec.INSTANCE)
                .eval(RScript.Mode.READ_WRITE, script, RScript.ReturnType.BOOLEAN, keys, values);
    }

    @Override
    public void close() {
        redis.shutdown(0, 1, TimeUnit.SECONDS);
    }
}
