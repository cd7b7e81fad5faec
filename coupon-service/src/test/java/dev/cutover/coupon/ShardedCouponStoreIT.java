package dev.cutover.coupon;

import dev.cutover.core.topology.Side;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

final class ShardedCouponStoreIT extends StoreConformance {
    private static SideUnderTest side;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    @Override
    SmallMall mall() {
        return side.mall();
    }

    @Override
    CouponRooms rooms() {
        return side.rooms();
    }

    @Override
    Side side() {
        return Side.NEW;
    }
}
