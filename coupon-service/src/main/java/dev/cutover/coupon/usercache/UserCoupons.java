package dev.cutover.coupon.usercache;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.ShardedCouponStore;
import dev.cutover.coupon.store.VersionedCoupon;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What users have not used yet, out of the cache or brought there from MySQL. Safe for many threads. */
public final class UserCoupons {
    private final UserCache cache;
    private final CouponDatabases databases;
    private final InstantSource clock;

    public UserCoupons(UserCache cache, CouponDatabases databases, InstantSource clock) {
        this.cache = cache;
        this.databases = databases;
        this.clock = clock;
    }

    /**
     * All coupons of a user that are not used, held ones and those that have ended a while ago among them, in no particular order; empty
     * where MySQL has to be asked: OLD holds the truth, Redis is away, or they are too many to be kept.
     */
    public Optional<List<CouponRow>> unused(long userId) {
        if (databases.truth() != Side.NEW || !cache.available()) {
            return Optional.empty();
        }
        long epoch = databases.epoch().number();
        Optional<UserCache.Known> known = cache.find(epoch, userId);
        if (known.isEmpty() || known.get().tooMany()) {
            cache.count(known.isEmpty() ? "away" : "too_many");
            return Optional.empty();
        }
        if (known.get().all()) {
            Optional<List<CouponRow>> rows = rows(userId, known.get());
            if (rows.isPresent()) {
                cache.count("hit");
                return rows;
            }
        }
        cache.count("miss");
        return load(epoch, userId);
    }

    /** Empty where one of them cannot be read. */
    private static Optional<List<CouponRow>> rows(long userId, UserCache.Known known) {
        List<CouponRow> rows = new ArrayList<>();
        for (Map.Entry<CouponId, byte[]> field : known.fields().entrySet()) {
            if (!UserCouponFormat.gone(field.getValue())) {
                Optional<CouponRow> row = UserCouponFormat.read(userId, field.getKey(), field.getValue());
                if (row.isEmpty()) {
                    return Optional.empty();
                }
                rows.add(row.get());
            }
        }
        return Optional.of(rows);
    }

    private Optional<List<CouponRow>> load(long epoch, long userId) {
        Optional<byte[]> token = cache.plant(epoch, userId);
        if (token.isEmpty()) {
            return Optional.empty();
        }
        Optional<List<VersionedCoupon>> unused = unusedOf(userId);
        unused.ifPresent(coupons -> {
            if (!cache.fill(epoch, userId, token.get(), coupons)) {
                cache.count("changed_meanwhile");
            }
        });
        return unused.filter(coupons -> coupons.size() <= UserCache.MOST)
                .map(coupons -> coupons.stream().map(VersionedCoupon::row).toList());
    }

    /** Out of MySQL, one more than is kept tells that they are too many; empty where NEW does not hold the truth any more. */
    Optional<List<VersionedCoupon>> unusedOf(long userId) {
        return databases.read(
                userId,
                (store, view) -> view.side() == Side.NEW
                        ? Optional.of(
                                ShardedCouponStore.unusedVersions(view, userId, UserCache.MOST + 1, clock.millis()))
                        : Optional.empty());
    }
}
