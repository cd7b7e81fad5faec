package dev.cutover.coupon.usercache;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.VersionedCoupon;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what is kept of users with MySQL, one after the other and round and round, and has the next reader of what differs look into
 * MySQL. A difference counts when it is still there after whoever made it has had the time to bring it. {@link #tick} is for one thread;
 * one process at a time does it.
 */
public final class UserCacheCheck {
    private static final Logger LOG = LoggerFactory.getLogger(UserCacheCheck.class);
    private static final String TURN = "coupon-user-cache-check";
    private static final int A_TURN = 200;

    /** Between two ticks. */
    public static final Duration PACE = Duration.ofSeconds(1);

    /** What the feed takes at most, with a gap of the ledger that it waits for. */
    static final Duration BOUND = Duration.ofSeconds(5);

    private final UserCache cache;
    private final UserCoupons coupons;
    private final Topology topology;
    private final CouponDatabases databases;
    private final InstantSource clock;
    private final Map<Long, Long> suspects = new LinkedHashMap<>();
    private Iterator<Long> walk = Collections.emptyIterator();

    public UserCacheCheck(
            UserCache cache, UserCoupons coupons, Topology topology, CouponDatabases databases, InstantSource clock) {
        this.cache = cache;
        this.coupons = coupons;
        this.topology = topology;
        this.databases = databases;
        this.clock = clock;
    }

    /** Looks at some more users; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        if (databases.truth() != Side.NEW || !cache.available()) {
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            Turn.inTurn(turn, TURN, this::look);
        } catch (SQLException | RuntimeException e) {
            walk = Collections.emptyIterator();
            LOG.warn("What is kept of users could not be compared, trying again: {}", e.toString());
        }
    }

    private void look() {
        long epoch = databases.epoch().number();
        long now = clock.millis();
        for (Iterator<Map.Entry<Long, Long>> suspect = suspects.entrySet().iterator(); suspect.hasNext(); ) {
            Map.Entry<Long, Long> one = suspect.next();
            if (now - one.getValue() >= BOUND.toMillis()) {
                suspect.remove();
                if (differs(epoch, one.getKey()) && cache.drop(epoch, List.of(one.getKey()))) {
                    cache.count("repaired");
                    LOG.warn("What was kept of user {} was not what MySQL has; it is read anew", one.getKey());
                }
            }
        }
        if (!walk.hasNext()) {
            walk = cache.users(epoch);
        }
        for (int i = 0; i < A_TURN && walk.hasNext(); i++) {
            long user = walk.next();
            if (!suspects.containsKey(user) && differs(epoch, user)) {
                suspects.put(user, now);
            }
        }
    }

    private boolean differs(long epoch, long userId) {
        Optional<UserCache.Known> known = cache.find(epoch, userId).filter(UserCache.Known::all);
        if (known.isEmpty()) {
            return false;
        }
        Optional<List<VersionedCoupon>> truth = coupons.unusedOf(userId);
        if (truth.isEmpty()) {
            return false;
        }
        cache.count("compared");
        Map<CouponId, byte[]> kept = new HashMap<>(known.get().fields());
        long now = clock.millis();
        for (VersionedCoupon coupon : truth.get()) {
            byte[] value = kept.remove(coupon.row().id());
            if (value == null || !same(userId, coupon, value)) {
                return true;
            }
        }
        return kept.entrySet().stream()
                .filter(field -> !UserCouponFormat.gone(field.getValue()))
                .anyMatch(field -> UserCouponFormat.read(userId, field.getKey(), field.getValue())
                        .filter(row -> ended(row, now))
                        .isEmpty());
    }

    private static boolean same(long userId, VersionedCoupon coupon, byte[] value) {
        return UserCouponFormat.read(userId, coupon.row().id(), value)
                .filter(coupon.row()::equals)
                .filter(row -> ByteBuffer.wrap(value).getInt() == coupon.version())
                .isPresent();
    }

    /** Whether MySQL does not tell it any more although nobody changed it. */
    private static boolean ended(CouponRow row, long now) {
        return row.validTo() != null && row.validTo() <= now && !row.heldAt(now);
    }
}
