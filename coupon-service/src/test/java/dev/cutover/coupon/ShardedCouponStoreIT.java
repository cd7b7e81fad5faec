package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.store.CouponStatus;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

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

    @Test
    void aPageOfAUsersCouponsIsReadFromOneTable() {
        long user = mall().user();
        rooms().claims()
                .claim(
                        user,
                        new TemplateId(mall().template(100, 0)),
                        5,
                        UUID.randomUUID().toString());
        mall().forgetStatements();
        assertThat(rooms().wallet()
                        .page(user, 3, Optional.empty(), Optional.of(CouponStatus.AVAILABLE))
                        .path("data"))
                .hasSize(3);
        assertThat(mall().statements("SELECT%user_coupon_%")).isEqualTo(1);
        assertThat(mall().statements("SELECT%user_coupon_%user_coupon_%")).isZero();
        assertThat(mall().statements("SELECT%user_coupon_%JOIN%")).isZero();
        assertThat(mall().statements("SELECT%coupon_template%")).isZero();
    }

    @Test
    void theDailyLimitHoldsUnderParallelClaimsAndEndsAtMidnight() {
        long user = mall().user();
        long template = mall().template(100, 0);
        mall().execute(DatabaseId.META, "UPDATE coupon_template SET daily_limit = 2 WHERE template_id = ?", template);
        AtomicInteger granted = new AtomicInteger();
        Parallel.run(16, i -> {
            try {
                rooms().claims().claim(user, new TemplateId(template), 1, "daily-" + i);
                granted.incrementAndGet();
            } catch (Refusal e) {
                assertThat(e.reason()).isEqualTo(Refusal.Reason.DAILY_LIMIT_REACHED);
            }
        });
        assertThat(granted).hasValue(2);
        int slot = mall().plan.layout().slot(user);
        mall().execute(
                        DatabaseId.shard(mall().plan.layout().databaseOf(slot)),
                        "UPDATE " + mall().plan.layout().physicalTable("user_coupon", slot)
                                + " SET created_at = created_at - 86400000 WHERE user_id = ?",
                        user);
        rooms().claims().claim(user, new TemplateId(template), 1, "the next day");
    }
}
