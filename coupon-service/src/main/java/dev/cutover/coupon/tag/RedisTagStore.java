package dev.cutover.coupon.tag;

import dev.cutover.coupon.redis.RedisDoor;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The hashes {@code tags:{user}} in Redis, which somebody else fills: a field a tag, and {@code as_of}, the epoch milliseconds as of which
 * all of them are true. A tag without a field is one the user does not have; a user without {@code as_of} is not known.
 *
 * <p>Safe for many threads.
 */
public final class RedisTagStore implements TagSource {
    // The moment and the values belong together, so they are read in one step.
    private static final String READ = "return redis.call('hmget', KEYS[1], unpack(ARGV))";
    private static final String AS_OF = "as_of";
    private static final Pattern MILLIS = Pattern.compile("[0-9]{1,15}");

    private final RedisDoor redis;
    private final InstantSource clock;

    public RedisTagStore(RedisDoor redis, InstantSource clock) {
        this.redis = redis;
        this.clock = clock;
    }

    @Override
    public Map<String, Reading> read(long userId, Collection<Tag> tags) {
        List<Object> fields = new ArrayList<>(List.of(AS_OF));
        tags.forEach(tag -> fields.add(tag.name()));
        Optional<List<Object>> answer = redis.ask(READ, List.of("tags:{" + userId + "}"), fields.toArray());
        if (answer.isEmpty()) {
            return TagSource.allUnknown(tags, "the store of tags did not answer");
        }
        String asOf = String.valueOf(answer.get().get(0));
        if (!MILLIS.matcher(asOf).matches()) {
            return TagSource.allUnknown(tags, "the store does not know the user");
        }
        Duration age = Duration.between(Instant.ofEpochMilli(Long.parseLong(asOf)), clock.instant());
        Map<String, Reading> readings = new HashMap<>();
        int place = 1;
        for (Tag tag : tags) {
            Object value = answer.get().get(place++);
            boolean stale = tag.maxAge().map(most -> age.compareTo(most) > 0).orElse(false);
            readings.put(
                    tag.name(),
                    stale
                            ? tag.unknown("what the store knows is too old")
                            : Reading.of(value == null ? "" : value.toString()));
        }
        return readings;
    }
}
