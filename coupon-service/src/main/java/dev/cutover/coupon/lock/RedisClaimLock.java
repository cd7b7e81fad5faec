package dev.cutover.coupon.lock;

import dev.cutover.coupon.id.TemplateId;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.redisson.Redisson;
import org.redisson.api.RLock;
import org.redisson.api.RedissonClient;
import org.redisson.api.redisnode.RedisNodes;
import org.redisson.client.RedisException;
import org.redisson.config.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lock {@code lk:{userId}:templateId} in Redis.
 *
 * <p>Idea: Redis is never waited for twice. The first call that fails marks it as away, and while it is away claims do not ask it at all;
 * a probe in the background, not a claim, finds out when it is back. The braces put a user's locks into one slot of a cluster. The
 * spinning lock is used because the other one waits for messages of Redis, with time limits of its own, when Redis is gone.
 *
 * <p>Safe for many threads.
 */
public final class RedisClaimLock implements ClaimLock, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisClaimLock.class);
    private static final Duration WAIT = Duration.ofMillis(100);
    // Longer than a claim may take; a holder that is gone blocks its own user for no longer.
    private static final Duration LEASE = Duration.ofSeconds(3);
    private static final Duration PROBE = Duration.ofMillis(500);
    private static final int ANSWER_MILLIS = 100;
    private static final int CONNECT_MILLIS = 250;

    private final RedissonClient redis;
    private final AtomicBoolean here = new AtomicBoolean();

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
    public Hold hold(long userId, TemplateId template) {
        if (!here.get()) {
            return ClaimLock.NONE.hold(userId, template);
        }
        try {
            RLock lock = redis.getSpinLock("lk:{" + userId + "}:" + template.number());
            boolean mine = lock.tryLock(WAIT.toMillis(), LEASE.toMillis(), TimeUnit.MILLISECONDS);
            return mine ? () -> release(lock) : ClaimLock.NONE.hold(userId, template);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RedisException e) {
            away(e.toString());
        }
        return ClaimLock.NONE.hold(userId, template);
    }

    private void release(RLock lock) {
        try {
            lock.unlock();
        } catch (IllegalMonitorStateException e) {
            LOG.debug("The lease of a claim's lock had run out before the claim ended", e);
        } catch (RedisException e) {
            away(e.toString());
        }
    }

    @Override
    public void close() {
        redis.shutdown(0, 1, TimeUnit.SECONDS);
    }
}
