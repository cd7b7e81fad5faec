package dev.cutover.coupon;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.gate.ProxiedDatabases;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.lock.ClaimLock;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.usercache.UserCache;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** A small mall with the rooms behind the proxy, without any lock in Redis: limits have to hold by the databases alone. */
public record SideUnderTest(SmallMall mall, DualWriteProxy proxy, CouponRooms rooms) implements AutoCloseable {
    private static final Duration BUDGET = Duration.ofSeconds(10);

    public static SideUnderTest open(Side truth) {
        SmallMall mall = SmallMall.open();
        if (truth == Side.NEW) {
            mall.moveTruth(Side.NEW);
        }
        DualWriteProxy proxy = DualWriteProxy.open(
                mall.topology, mall.control, ProxyOptions.of("coupon-test"), new SimpleMeterRegistry());
        return new SideUnderTest(
                mall,
                proxy,
                rooms(mall, proxy, ClaimLock.NONE, InstantSource.system(), CouponRooms.Counting.NONE, Failpoints.NONE));
    }

    private static CouponRooms rooms(
            SmallMall mall,
            DualWriteProxy proxy,
            ClaimLock lock,
            InstantSource clock,
            CouponRooms.Counting counting,
            Failpoints failpoints) {
        return rooms(mall, proxy, lock, clock, counting, Optional.empty(), users -> {}, template -> {}, failpoints);
    }

    private static CouponRooms rooms(
            SmallMall mall,
            DualWriteProxy proxy,
            ClaimLock lock,
            InstantSource clock,
            CouponRooms.Counting counting,
            Optional<UserCache> userCache,
            Consumer<Set<Long>> acted,
            Consumer<TemplateId> templateChanged,
            Failpoints failpoints) {
        return CouponRooms.wire(
                mall.topology,
                (onOld, onNew) -> new ProxiedDatabases(proxy, onOld, onNew, Optional.empty(), acted, Optional::empty),
                () -> {
                    Register register = proxy.register();
                    return new TemplateCatalog.Truth(register.truth(), register.epoch());
                },
                lock,
                clock,
                BUDGET,
                counting,
                CouponRooms.Tagging.NONE,
                userCache,
                templateChanged,
                failpoints);
    }

    /** Another instance over the same databases, with a clock of its own and what happens at its failpoints. */
    CouponRooms roomsWith(InstantSource clock, Failpoints failpoints) {
        return rooms(mall, proxy, ClaimLock.NONE, clock, CouponRooms.Counting.NONE, failpoints);
    }

    /** Another instance over the same databases, whose claims ask this lock first. */
    CouponRooms roomsWith(ClaimLock lock) {
        return rooms(mall, proxy, lock, InstantSource.system(), CouponRooms.Counting.NONE, Failpoints.NONE);
    }

    /** Another instance over the same databases that counts stock its own way. */
    CouponRooms roomsCounting(CouponRooms.Counting counting) {
        return rooms(mall, proxy, ClaimLock.NONE, InstantSource.system(), counting, Failpoints.NONE);
    }

    /** Another instance over the same databases that keeps what users have not used, and tells {@code acted} whose coupons it changed. */
    CouponRooms roomsKeeping(UserCache cache, InstantSource clock, Consumer<Set<Long>> acted) {
        return rooms(
                mall,
                proxy,
                ClaimLock.NONE,
                clock,
                CouponRooms.Counting.NONE,
                Optional.of(cache),
                acted,
                template -> {},
                Failpoints.NONE);
    }

    /** Another instance over the same databases that tells {@code templateChanged} which template it has changed. */
    CouponRooms roomsTelling(Consumer<TemplateId> templateChanged) {
        return rooms(
                mall,
                proxy,
                ClaimLock.NONE,
                InstantSource.system(),
                CouponRooms.Counting.NONE,
                Optional.empty(),
                users -> {},
                templateChanged,
                Failpoints.NONE);
    }

    @Override
    public void close() {
        proxy.close();
        mall.close();
    }
}
