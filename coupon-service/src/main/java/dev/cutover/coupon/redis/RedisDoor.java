package dev.cutover.coupon.redis;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.redisson.Redisson;
import org.redisson.api.BatchOptions;
import org.redisson.api.RBatch;
import org.redisson.api.RScript;
import org.redisson.api.RScriptAsync;
import org.redisson.api.RedissonClient;
import org.redisson.api.options.KeysScanOptions;
import org.redisson.client.RedisException;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.client.codec.StringCodec;
import org.redisson.codec.CompositeCodec;
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
    // Nobody writes it; to ask for it is to ask whether Redis answers.
    private static final int SCANNED_AT_ONCE = 500;
    private static final String PROBED = "coupon:probe";

    private final RedissonClient redis;
    private final RedisPatience patience;
    private final boolean clustered;
    private final AtomicBoolean here = new AtomicBoolean();
    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

    private RedisDoor(RedissonClient redis, RedisPatience patience, boolean clustered) {
        this.redis = redis;
        this.patience = patience;
        this.clustered = clustered;
    }

    /**
     * One script on keys that live together, with its values; on a cluster all keys of one call share a slot.
     *
     * @param values bytes, as the script gets them
     */
    public record Call(List<String> keys, List<byte[]> values) {
        public Call {
            keys = List.copyOf(keys);
            values = List.copyOf(values);
        }
    }

    /** Who listens to a channel, and whether Redis has been told so; once it has, the client tells it again wherever it connects anew. */
    private static final class Subscription {
        private final String channel;
        private final Consumer<String> listener;
        // Of the probe's thread.
        private boolean made;

        Subscription(String channel, Consumer<String> listener) {
            this.channel = channel;
            this.listener = listener;
        }

        void make(RedissonClient redis) {
            if (!made) {
                var unused = redis.getTopic(channel, StringCodec.INSTANCE)
                        .addListener(String.class, (name, message) -> listener.accept(message));
                made = true;
            }
        }
    }

    /** Does not need Redis to be there; {@code scheduler} is the caller's to close. */
    public static RedisDoor open(String uri, ScheduledExecutorService scheduler) {
        return open(RedisAddress.parse(uri), RedisPatience.OF_A_LOCK, scheduler);
    }

    /** The same with another patience. */
    public static RedisDoor open(RedisAddress address, RedisPatience patience, ScheduledExecutorService scheduler) {
        RedisDoor door = new RedisDoor(
                Redisson.create(address.config(patience)), patience, address.kind() == RedisAddress.Kind.CLUSTER);
        var unused = scheduler.scheduleWithFixedDelay(door::probe, 0, PROBE.toMillis(), TimeUnit.MILLISECONDS);
        return door;
    }

    /** Whether Redis is asked at the moment. */
    public boolean available() {
        return here.get();
    }

    /** Whether keys live on several nodes, so that those of one script must share a slot. */
    public boolean clustered() {
        return clustered;
    }

    private void probe() {
        try {
            var unused = redis.getBucket(PROBED).isExists();
            subscriptions.forEach(subscription -> subscription.make(redis));
            if (here.compareAndSet(false, true)) {
                LOG.info("Redis answers");
            }
        } catch (RuntimeException e) {
            away(e.toString());
        }
    }

    private void away(String why) {
        if (here.compareAndSet(true, false)) {
            LOG.warn("Redis is away, its callers go on without it: {}", why);
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
        return asked(() ->
                redis.getScript(StringCodec.INSTANCE).<T>eval(RScript.Mode.READ_WRITE, script, type, keys, values));
    }

    /**
     * The bytes under these keys, without those that have none; empty when Redis is away. On a cluster the client asks each slot for its own.
     */
    public Optional<Map<String, byte[]>> values(Collection<String> keys) {
        return keys.isEmpty()
                ? Optional.of(Map.of())
                : asked(() -> redis.getBuckets(ByteArrayCodec.INSTANCE).<byte[]>get(keys.toArray(String[]::new)));
    }

    /** The fields of a hash and the bytes in them, none where there is no such key; empty when Redis is away. */
    public Optional<Map<String, byte[]>> fields(String key) {
        return asked(() -> redis.<String, byte[]>getMap(
                        key, new CompositeCodec(StringCodec.INSTANCE, ByteArrayCodec.INSTANCE))
                .readAllMap());
    }

    /** Says something to whoever listens now; lost where Redis is away. */
    public void publish(String channel, String message) {
        var unused = asked(() -> redis.getTopic(channel, StringCodec.INSTANCE).publish(message));
    }

    /** Has {@code listener} hear what is said on a channel from the next probe on, on a thread that must not be held; what is said while Redis is away is never heard. */
    public void listen(String channel, Consumer<String> listener) {
        subscriptions.add(new Subscription(channel, listener));
    }

    /** The keys that match a pattern, some perhaps more than once, read bit by bit; none when Redis is away, fewer when it goes away. */
    public Iterator<String> keys(String pattern) {
        return asked(() -> redis.getKeys()
                        .getKeys(KeysScanOptions.defaults().pattern(pattern).chunkSize(SCANNED_AT_ONCE))
                        .iterator())
                .orElse(Collections.emptyIterator());
    }

    /** What the calls of a script that ends in a number answer, in one go and in their order; empty when Redis is away, and then each may have run or not. */
    public Optional<List<Long>> numbers(String script, List<Call> calls) {
        if (calls.isEmpty()) {
            return Optional.of(List.of());
        }
        return asked(() -> {
            RBatch batch = redis.createBatch(
                    BatchOptions.defaults().responseTimeout(patience.batch().toMillis(), TimeUnit.MILLISECONDS));
            RScriptAsync scripts = batch.getScript(ByteArrayCodec.INSTANCE);
            for (Call call : calls) {
                var unused = scripts.evalAsync(
                        RScript.Mode.READ_WRITE,
                        script,
                        RScript.ReturnType.LONG,
                        List.copyOf(call.keys()),
                        call.values().toArray());
            }
            return batch.execute().getResponses().stream()
                    .map(one -> ((Number) one).longValue())
                    .toList();
        });
    }

    private <T> Optional<T> asked(Supplier<T> question) {
        if (!here.get()) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(question.get());
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
