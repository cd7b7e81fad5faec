package dev.cutover.coupon;

import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.lock.ClaimLock;
import dev.cutover.coupon.template.TemplateCatalog;
import java.time.Duration;
import java.time.InstantSource;

/** A small mall with its rooms, without any lock in Redis: limits have to hold by the databases alone. */
record SideUnderTest(SmallMall mall, CouponRooms rooms) implements AutoCloseable {
    static SideUnderTest open(Side truth) {
        SmallMall mall = SmallMall.open();
        if (truth == Side.NEW) {
            mall.moveTruth(Side.NEW);
        }
        CouponRooms rooms = CouponRooms.wire(
                mall.topology,
                (onOld, onNew) -> new FencedDatabases(mall, onOld, onNew),
                () -> {
                    Register register = mall.control.read();
                    return new TemplateCatalog.Truth(register.truth(), register.epoch());
                },
                ClaimLock.NONE,
                InstantSource.system(),
                Duration.ofSeconds(10));
        return new SideUnderTest(mall, rooms);
    }

    @Override
    public void close() {
        mall.close();
    }
}
