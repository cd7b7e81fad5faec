package dev.cutover.coupon.detail;

import dev.cutover.coupon.redis.RedisDoor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Details in Redis, which may be away, may lose everything and may be filled by somebody who read long ago.
 *
 * <p>So a value is only ever put in the place of one that is not newer, and what was put there goes by itself after a while, each call's at a
 * moment of its own, so that not everything has to be filled in at once. Safe for many threads.
 */
public final class RedisDetails {
    /** A test puts whatever comes, to see itself fail. */
    static final String PUTS_OLDER_ONES = "local old = '' ";

    // The header of what is there: ARGV[2..] are values in the order of KEYS, each with its version in bytes 1 to 8,
    // highest first.
    private static final String THERE = "local old = redis.call('getrange', key, 1, 8) ";
    private static final int MOST_A_READ = 256;
    private static final int MOST_A_CALL = 128;
    private static final Duration KEPT = Duration.ofHours(6);

    private final RedisDoor redis;
    private final String prefix;
    private final String put;

    /** @param prefix before every key: who else uses this Redis has another */
    public RedisDetails(RedisDoor redis, String prefix) {
        this(redis, prefix, THERE);
    }

    RedisDetails(RedisDoor redis, String prefix, String there) {
        this.redis = redis;
        this.prefix = prefix;
        this.put = "local put = 0 for i, key in ipairs(KEYS) do local value = ARGV[i + 1] "
                + there
                + "if old <= string.sub(value, 2, 9) then"
                + " redis.call('set', key, value, 'PX', ARGV[1]) put = put + 1 end end return put";
    }

    /** Whether Redis is asked at the moment. */
    public boolean available() {
        return redis.available();
    }

    /** Those that are there; none where Redis is away. */
    Map<DetailKey, Detail> find(long epoch, List<DetailKey> keys) {
        Map<DetailKey, Detail> found = new HashMap<>();
        for (int from = 0; from < keys.size(); from += MOST_A_READ) {
            Map<String, DetailKey> texts = new LinkedHashMap<>();
            keys.subList(from, Math.min(keys.size(), from + MOST_A_READ))
                    .forEach(key -> texts.put(text(epoch, key), key));
            redis.values(texts.keySet()).orElse(Map.of()).forEach((text, value) -> {
                DetailKey key = texts.get(text);
                if (key != null) {
                    DetailFormat.read(value).ifPresent(detail -> found.put(key, detail));
                }
            });
        }
        return found;
    }

    /** Puts those that are not older than what is there; the number it put, empty where Redis is away and any of them may have been put. */
    public Optional<Integer> put(long epoch, Map<DetailKey, Detail> details) {
        List<RedisDoor.Call> calls = new ArrayList<>();
        Map<String, List<Map.Entry<DetailKey, Detail>>> bySlot = new LinkedHashMap<>();
        details.entrySet()
                .forEach(one -> bySlot.computeIfAbsent(
                                redis.clustered() ? one.getKey().product() : "", slot -> new ArrayList<>())
                        .add(one));
        for (List<Map.Entry<DetailKey, Detail>> together : bySlot.values()) {
            for (int from = 0; from < together.size(); from += MOST_A_CALL) {
                calls.add(call(epoch, together.subList(from, Math.min(together.size(), from + MOST_A_CALL))));
            }
        }
        return redis.numbers(put, calls)
                .map(numbers -> numbers.stream().mapToInt(Long::intValue).sum());
    }

    private RedisDoor.Call call(long epoch, List<Map.Entry<DetailKey, Detail>> together) {
        long kept = KEPT.toMillis();
        List<byte[]> values = new ArrayList<>();
        values.add(Long.toString(ThreadLocalRandom.current().nextLong(kept * 3 / 4, kept))
                .getBytes(StandardCharsets.US_ASCII));
        together.forEach(one -> values.add(DetailFormat.smallest(one.getValue())));
        return new RedisDoor.Call(
                together.stream().map(one -> text(epoch, one.getKey())).toList(), values);
    }

    private String text(long epoch, DetailKey key) {
        return prefix + key.text(epoch);
    }
}
