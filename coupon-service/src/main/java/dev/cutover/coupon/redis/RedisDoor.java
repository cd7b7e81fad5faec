package dev.cutover.coupon.redis;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
 * Runs scripts in a Redis that may be away.
 *
 * <p>Redis is never waited for twice. The first call that fails marks it as away, and while it is away nobody asks it at all; a probe in
 * the background, not a request, finds out when it is back. A script whose answer did not come may have run.
 *
 * <p>Safe for many threads.
 */
public final class RedisDoor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisDoor.class);
    private static final Duration PROBE = Duration.ofMillis(500);
    private static final int ANSWER_MILLIS = 100;
    private static final int CONNECT_MILLIS = 250;

    private final RedissonClient redis;
    private final AtomicBoolean here = new AtomicBoolean();

    private RedisDoor(RedissonClient redis) {
        this.redis = redis;
    }

    /** Does not need Redis to be there; {@code scheduler} is the caller's to close. */
    public static RedisDoor open(String uri, ScheduledExecutorService scheduler) {
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
        RedisDoor door = new RedisDoor(Redisson.create(config));
        var unused = scheduler.scheduleWithFixedDelay(door::probe, 0, PROBE.toMillis(), TimeUnit.MILLISECONDS);
        return door;
    }

    /** Whether Redis is asked at the moment. */
    public boolean available() {
        return here.get();
    }

    private void probe() {
        try {
            boolean answers =
                    redis.getRedisNodes(RedisNodes.SINGLE).getInstance().ping(ANSWER_MILLIS, TimeUnit.MILLISECONDS);
            if (answers && here.compareAndSet(false, true)) {
                LOG.info("Redis answers");
            } else if (!answers) {
                away("its probe had no answer");
            }
        } catch (RuntimeException e) {
            away(e.toString());
        }
    }

    private void away(String why) {
        if (here.compareAndSet(true, false)) {
            LOG.warn("Redis is away, claims go on without it: {}", why);
        }
    }

    /** What a script answers that ends in 1 or 0; empty when Redis is away, and then it may have run or not. */
    public Optional<Boolean> decide(String script, List<Object> keys, Object... values) {
        return this.<Boolean>eval(script, RScript.ReturnType.BOOLEAN, keys, values);
    }

    /** The texts that a script answers; empty when Redis is away, and then it may have run or not. */
    public Optional<List<Object>> ask(String script, List<Object> keys, Object... values) {
        return this.<List<Object>>eval(script, RScript.ReturnType.LIST, keys, values);
    }

    private <T> Optional<T> eval(String script, RScript.ReturnType type, List<Object> keys, Object... values) {
        if (!here.get()) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(
                    redis.getScript(StringCodec.INSTANCE).<T>eval(RScript.Mode.READ_WRITE, script, type, keys, values));
        } catch (RedisException e) {
            away(e.toString());
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        redis.shutdown(0, 1, TimeUnit.SECONDS);
    }
}
