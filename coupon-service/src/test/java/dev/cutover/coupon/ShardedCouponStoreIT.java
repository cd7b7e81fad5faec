package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.CouponStatus;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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
    void aStormBehindTheLastCouponCostsTheDatabasesTwoReadsAClaim() {
        TemplateId template = new TemplateId(mall().template(10, 0));
        long happy = mall().user();
        Answer last = rooms().claims().claim(happy, template, 10, "last");
        int claims = 2_000;
        AtomicInteger soldOut = new AtomicInteger();
        mall().forgetStatements();
        Parallel.run(16, thread -> {
            for (int n = 0; n < claims / 16; n++) {
                long user = mall().user();
                assertThat(UseRig.refusal(() -> rooms().claims().claim(user, template, 1, "storm")))
                        .contains(Reason.SOLD_OUT);
                soldOut.incrementAndGet();
            }
        });
        assertThat(soldOut).hasValue(claims);
        // Those who come before the first has looked, and again once a second.
        long few = claims / 10;
        assertThat(mall().statements("%stock\\_slice%")).isLessThan(few);
        assertThat(mall().statements("%user\\_coupon%")).isLessThan(few);
        assertThat(mall().statements("INSERT%")).isLessThan(few);
        assertThat(mall().statements("%id\\_sequence%")).isLessThan(few);
        // Whether it was claimed before, read where the truth is.
        assertThat(mall().statements("SELECT%coupon\\_operation%")).isBetween((long) claims, claims + few);
        assertThat(mall().statements("SELECT%")).isBetween(2L * claims, 2L * claims + 5 * few);
        // Whoever had one of them is told so.
        assertThat(rooms().claims().claim(happy, template, 10, "last")).isEqualTo(new Answer(last.json(), true));
        assertThat(UseRig.refusal(() -> rooms().claims().claim(mall().user(), template, 1, "storm")))
                .contains(Reason.SOLD_OUT);
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

    @Test
    void aDayOfTheMallEndsAtFourInTheAfternoonOfGreenwich() {
        TemplateId template = new TemplateId(mall().template(100, 0));
        mall().execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET daily_limit = 1, valid_days = 9000 WHERE template_id = ?",
                        template.number());
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2027-03-01T15:59:58Z"));
        CouponRooms rooms = side.roomsWith(now::get, Failpoints.NONE);
        long user = mall().user();
        rooms.claims().claim(user, template, 1, "in the evening");
        now.set(Instant.parse("2027-03-01T15:59:59Z"));
        assertThat(UseRig.refusal(() -> rooms.claims().claim(user, template, 1, "before midnight")))
                .contains(Reason.DAILY_LIMIT_REACHED);
        now.set(Instant.parse("2027-03-01T16:00:00Z"));
        rooms.claims().claim(user, template, 1, "at midnight");
        // Midnight of Greenwich is the middle of a day.
        now.set(Instant.parse("2027-03-02T00:00:00Z"));
        assertThat(UseRig.refusal(() -> rooms.claims().claim(user, template, 1, "in the morning")))
                .contains(Reason.DAILY_LIMIT_REACHED);
    }
}
