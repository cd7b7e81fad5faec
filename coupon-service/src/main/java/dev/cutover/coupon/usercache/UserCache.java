package dev.cutover.coupon.usercache;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.store.VersionedCoupon;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * One hash a user in Redis: a field for each coupon, and one that says that all of them are there, without which the hash says nothing.
 *
 * <p>Redis may be away, may lose what it was told last, and may be filled by somebody who read long ago. So who fills leaves a token first
 * and then reads MySQL; whoever changes a coupon takes the token and the mark away behind his commit, and what is brought without the
 * token is not taken (the leases of Nishtala et al., "Scaling Memcache at Facebook", section 3.2.1). Single coupons are put by version: none
 * takes the place of a newer one, and one that was used leaves its version behind. Safe for many threads.
 */
public final class UserCache {
    /** More coupons than that are not kept: a hash that large would hold up everybody else of its Redis. */
    static final int MOST = 500;

    /** A test takes what is brought without the token, to see itself fail. */
    static final String TAKES_ALL = "local asked = true ";

    private static final String ASKED = "local asked = redis.call('hget', KEYS[1], 't') == ARGV[1] ";

    private static final String ALL = "m";
    private static final byte[] TOO_MANY = {'x'};
    private static final byte[] THERE = {'1'};
    private static final Duration KEPT = Duration.ofHours(1);
    private static final Duration FILLED_WITHIN = Duration.ofSeconds(10);
    private static final String PUT = "local function put(field, value) local old = redis.call('hget', KEYS[1], field)"
            + " if not old or string.sub(old, 1, 4) <= string.sub(value, 1, 4) then"
            + " redis.call('hset', KEYS[1], field, value) end end ";
    private static final String PLANT =
            "redis.call('hset', KEYS[1], 't', ARGV[1]) redis.call('pexpire', KEYS[1], ARGV[2]) return 1";
    // Coupons that are used stay with their versions: somebody who read before may be on his way with them.
    private static final String FILL = PUT
            + "@ASKED@ if not asked then return 0 end"
            + " local brought = {} for i = 4, #ARGV, 2 do brought[ARGV[i]] = true end"
            + " local there = redis.call('hgetall', KEYS[1])"
            + " for i = 1, #there, 2 do if not brought[there[i]] and (#there[i + 1] ~= 5 or string.byte(there[i + 1], 5) ~= 0)"
            + " then redis.call('hdel', KEYS[1], there[i]) end end"
            + " for i = 4, #ARGV, 2 do put(ARGV[i], ARGV[i + 1]) end"
            + " redis.call('hset', KEYS[1], 'm', ARGV[3]) redis.call('pexpire', KEYS[1], ARGV[2]) return 1";
    private static final String DROP = "return redis.call('hdel', KEYS[1], 'm', 't')";
    private static final String WATCHED = "redis.call('hdel', KEYS[1], 't') return redis.call('hexists', KEYS[1], 'm')";
    private static final String UPDATE = PUT
            + "if redis.call('hget', KEYS[1], 'm') ~= '1' then return 0 end"
            + " for i = 1, #ARGV, 2 do put(ARGV[i], ARGV[i + 1]) end"
            + " if redis.call('hlen', KEYS[1]) > "
            + 2 * MOST
            + " then redis.call('hdel', KEYS[1], 'm', 't') end return 1";

    private final RedisDoor redis;
    private final String fill;
    private final MeterRegistry meters;

    public UserCache(RedisDoor redis, MeterRegistry meters) {
        this(redis, meters, ASKED);
    }

    UserCache(RedisDoor redis, MeterRegistry meters, String asked) {
        this.redis = redis;
        this.meters = meters;
        this.fill = FILL.replace("@ASKED@", asked);
    }

    /** Counts what became of a read or of a check. */
    void count(String outcome) {
        meters.counter("coupon.user.cache", "outcome", outcome).increment();
    }

    /**
     * What is known of a user.
     *
     * @param fields by coupon, values as {@link UserCouponFormat} writes them
     */
    record Known(boolean all, boolean tooMany, Map<CouponId, byte[]> fields) {}

    /** Whether Redis is asked at the moment. */
    public boolean available() {
        return redis.available();
    }

    /** What is there; empty where Redis is away. */
    Optional<Known> find(long epoch, long userId) {
        return redis.fields(key(epoch, userId)).map(fields -> {
            Map<CouponId, byte[]> coupons = new LinkedHashMap<>();
            fields.forEach((field, value) -> coupon(field).ifPresent(id -> coupons.put(id, value)));
            byte[] mark = fields.get(ALL);
            boolean tooMany = mark != null && mark.length == 1 && mark[0] == TOO_MANY[0];
            return new Known(mark != null && !tooMany, tooMany, coupons);
        });
    }

    /** Leaves a token for whoever is about to read MySQL; empty where Redis is away. */
    Optional<byte[]> plant(long epoch, long userId) {
        byte[] token = Long.toString(ThreadLocalRandom.current().nextLong(), 36).getBytes(StandardCharsets.US_ASCII);
        return one(PLANT, epoch, userId, List.of(token, number(FILLED_WITHIN.toMillis())))
                .map(done -> token);
    }

    /** Brings everything a user has not used; false where something changed since the token was left, or Redis is away. */
    boolean fill(long epoch, long userId, byte[] token, List<VersionedCoupon> unused) {
        List<byte[]> values = new ArrayList<>();
        values.add(token);
        long kept = KEPT.toMillis();
        values.add(number(ThreadLocalRandom.current().nextLong(kept * 3 / 4, kept)));
        boolean tooMany = unused.size() > MOST;
        values.add(tooMany ? TOO_MANY : THERE);
        if (!tooMany) {
            unused.forEach(coupon -> add(values, coupon));
        }
        return one(fill, epoch, userId, values).filter(done -> done == 1).isPresent();
    }

    /** Has the next reader look into MySQL; false where Redis is away, and then it may have been told or not. */
    public boolean drop(long epoch, Collection<Long> userIds) {
        return redis.numbers(
                        DROP,
                        userIds.stream()
                                .map(user -> new RedisDoor.Call(List.of(key(epoch, user)), List.of()))
                                .toList())
                .isPresent();
    }

    /** Those of these users whose coupons are kept, after taking every token away; empty where Redis is away. */
    Optional<List<Long>> watched(long epoch, List<Long> userIds) {
        return redis.numbers(
                        WATCHED,
                        userIds.stream()
                                .map(user -> new RedisDoor.Call(List.of(key(epoch, user)), List.of()))
                                .toList())
                .map(answers -> {
                    List<Long> watched = new ArrayList<>();
                    Iterator<Long> answer = answers.iterator();
                    userIds.forEach(user -> {
                        if (answer.next() == 1) {
                            watched.add(user);
                        }
                    });
                    return watched;
                });
    }

    /** Puts single coupons in the place of those that are not newer, where all of their user's are kept; false where Redis is away. */
    boolean update(long epoch, Map<Long, List<VersionedCoupon>> byUser) {
        List<RedisDoor.Call> calls = new ArrayList<>();
        byUser.forEach((user, coupons) -> {
            List<byte[]> values = new ArrayList<>();
            coupons.forEach(coupon -> add(values, coupon));
            calls.add(new RedisDoor.Call(List.of(key(epoch, user)), values));
        });
        return redis.numbers(UPDATE, calls).isPresent();
    }

    /** Users of whom something is kept, each perhaps more than once; nobody where Redis is away. */
    Iterator<Long> users(long epoch) {
        String prefix = prefix(epoch);
        Iterator<String> keys = redis.keys(prefix + "*");
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return keys.hasNext();
            }

            @Override
            public Long next() {
                return Long.parseLong(keys.next().substring(prefix.length()), Character.MAX_RADIX);
            }
        };
    }

    private Optional<Long> one(String script, long epoch, long userId, List<byte[]> values) {
        return redis.numbers(script, List.of(new RedisDoor.Call(List.of(key(epoch, userId)), values)))
                .map(answers -> answers.get(0));
    }

    private static void add(List<byte[]> values, VersionedCoupon coupon) {
        values.add(
                Long.toString(coupon.row().id().number(), Character.MAX_RADIX).getBytes(StandardCharsets.US_ASCII));
        values.add(UserCouponFormat.write(coupon));
    }

    private static byte[] number(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }

    // A coupon's number is longer than the names of the mark and the token.
    private static Optional<CouponId> coupon(String field) {
        return field.length() < 2
                ? Optional.empty()
                : Optional.of(new CouponId(Long.parseLong(field, Character.MAX_RADIX)));
    }

    private static String prefix(long epoch) {
        return "u" + Long.toString(epoch, Character.MAX_RADIX) + ":";
    }

    private static String key(long epoch, long userId) {
        return prefix(epoch) + Long.toString(userId, Character.MAX_RADIX);
    }
}
