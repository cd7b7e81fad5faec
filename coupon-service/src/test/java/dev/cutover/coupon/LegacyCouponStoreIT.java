package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class LegacyCouponStoreIT extends StoreConformance {
    private static final int CLAIMS = 4;

    private static SideUnderTest side;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.OLD);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    @Test
    void thoseWhoAllCountedBeforeOneOfThemWroteGetOneAllTheSame() throws Exception {
        try (SideUnderTest here = SideUnderTest.open(Side.OLD)) {
            assertThat(claimsOfOneUserWhoAllCounted(here, here.rooms())).isEqualTo(1);
            assertThat(MallInvariants.violated(here.mall())).isEmpty();
        }
    }

    @Test
    void aTwinThatDoesNotCountBehindTheRowOfTheTemplateGoesBeyondTheLimit() throws Exception {
        try (SideUnderTest here = SideUnderTest.open(Side.OLD)) {
            CouponRooms twin = here.roomsWith(InstantSource.system(), Planted.alone("claim.countsUnlocked"));
            assertThat(claimsOfOneUserWhoAllCounted(here, twin)).isEqualTo(CLAIMS);
            assertThat(MallInvariants.violated(here.mall()))
                    .anySatisfy(line -> assertThat(line).startsWith("4 nobody has more of a template than its limit"));
        }
    }

    /** Somebody has the row of the template until all claims stand before it; how many of them then get a coupon, of which a user may have one. */
    private static int claimsOfOneUserWhoAllCounted(SideUnderTest here, CouponRooms rooms) throws Exception {
        long template = here.mall().template(1000, 1);
        long user = here.mall().user();
        AtomicInteger claimed = new AtomicInteger();
        try (Connection holder = here.mall().topology.database(DatabaseId.OLD).getConnection()) {
            holder.setAutoCommit(false);
            Sql.list(holder, row -> row.getLong(1), "SELECT id FROM mall_coupon WHERE id = ? FOR UPDATE", template);
            Parallel.run(CLAIMS + 1, i -> {
                if (i == CLAIMS) {
                    Awaitility.await().until(() -> waiting(here) == CLAIMS);
                    letGo(holder);
                } else if (UseRig.refusal(() -> new UseRig(here, rooms).coupon(user, template))
                        .isEmpty()) {
                    claimed.incrementAndGet();
                }
            });
        }
        return claimed.get();
    }

    private static void letGo(Connection holder) {
        try {
            holder.rollback();
            holder.setAutoCommit(true);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static long waiting(SideUnderTest here) {
        return here.mall()
                .number(
                        DatabaseId.OLD,
                        "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
                                + " AND trx_query LIKE 'UPDATE mall_coupon SET num%'");
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
        return Side.OLD;
    }
}
