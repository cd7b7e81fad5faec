package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.Ledger;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Random acts on one coupon beside a model in memory: each succeeds exactly when the model says so, and the ledger tells the same story. */
final class UseModelIT {
    private static final int SEEDS = 6;
    private static final int ACTS = 40;
    private static final long WORTH = 500;

    /** What must be so. */
    private static final class Model {
        String status = "AVAILABLE";
        long heldUntil;
        int holder = -1;
        int use = -1;
        long left;
        int restores;

        void settle(long now) {
            if (status.equals("HELD") && heldUntil <= now) {
                status = "AVAILABLE";
                holder = -1;
            }
        }

        boolean take(String next) {
            if (!status.equals("AVAILABLE")) {
                return false;
            }
            status = next;
            return true;
        }

        boolean used(int number) {
            status = "USED";
            holder = -1;
            use = number;
            left = WORTH;
            return true;
        }

        boolean takenBack(long amount) {
            if (amount > left) {
                return false;
            }
            left -= amount;
            if (left == 0) {
                status = "AVAILABLE";
                use = -1;
                restores++;
            }
            return true;
        }
    }

    @Test
    void everyActSucceedsExactlyWhenTheModelSaysSoAndTheLedgerTellsTheSameStory() throws SQLException {
        try (SideUnderTest side = SideUnderTest.open(Side.NEW)) {
            MovableClock clock = new MovableClock();
            UseRig rig = new UseRig(side, side.roomsWith(clock, Failpoints.NONE));
            long template = side.mall().template(1000, 0);
            for (int seed = 0; seed < SEEDS; seed++) {
                run(rig, clock, template, seed);
            }
        }
    }

    private static void run(UseRig rig, MovableClock clock, long template, int seed) throws SQLException {
        Random random = new Random(seed);
        long user = rig.user();
        CouponId coupon = rig.coupon(user, template);
        List<HoldId> holds = new ArrayList<>();
        List<RedemptionId> uses = new ArrayList<>();
        Model model = new Model();
        for (int act = 0; act < ACTS; act++) {
            model.settle(clock.millis());
            String number = "s" + seed + "-" + act;
            int choice = random.nextInt(100);
            String what;
            boolean expected;
            Runnable call;
            if (choice < 25) {
                what = "hold";
                expected = model.take("HELD");
                if (expected) {
                    model.heldUntil = clock.millis() + UseRig.TTL.toMillis();
                    model.holder = holds.size();
                }
                call = () -> holds.add(rig.hold(user, number, coupon));
            } else if (choice < 45 && !holds.isEmpty()) {
                int hold = random.nextInt(3) == 0 ? random.nextInt(holds.size()) : holds.size() - 1;
                boolean confirm = random.nextBoolean();
                what = (confirm ? "confirm " : "release ") + hold;
                expected = model.holder == hold;
                if (expected && confirm) {
                    model.used(uses.size());
                } else if (expected) {
                    model.status = "AVAILABLE";
                    model.holder = -1;
                }
                call = confirm
                        ? () -> uses.add(used(rig.confirm(holds.get(hold)).json()))
                        : () -> rig.release(holds.get(hold));
            } else if (choice < 60) {
                what = "redeem";
                expected = model.status.equals("AVAILABLE") && model.used(uses.size());
                call = () -> uses.add(rig.redeem(user, number, coupon));
            } else if (choice < 88 && !uses.isEmpty()) {
                int use = random.nextInt(4) == 0 ? random.nextInt(uses.size()) : uses.size() - 1;
                boolean rest = random.nextInt(3) == 0;
                long amount = 1 + random.nextInt(300);
                what = "refund of use " + use;
                expected = model.use == use && model.takenBack(rest ? model.left : amount);
                call = rest
                        ? () -> rig.refundRest(uses.get(use), number)
                        : () -> rig.refund(uses.get(use), number, amount);
            } else if (choice < 99) {
                what = "time";
                expected = true;
                call = () -> {
                    clock.forward(Duration.ofMinutes(4));
                    if (random.nextBoolean()) {
                        rig.rooms().holdSweeper().tick();
                    }
                };
            } else {
                what = "void";
                expected = model.take("VOIDED");
                call = () -> rig.rooms().redemptions().voidCoupon(coupon, "eve", "why", number);
            }
            assertThat(UseRig.refusal(call).isEmpty())
                    .as("seed %d, act %d, %s", seed, act, what)
                    .isEqualTo(expected);
            model.settle(clock.millis());
            assertThat(rig.status(coupon))
                    .as("seed %d, act %d, %s", seed, act, what)
                    .isEqualTo(model.status);
        }
        requireTheSameStory(rig, coupon, model, seed);
    }

    private static RedemptionId used(String answer) {
        return RedemptionId.parse(StoreConformance.json(answer)
                        .path("redemptions")
                        .get(0)
                        .path("id")
                        .asText())
                .orElseThrow();
    }

    private static void requireTheSameStory(UseRig rig, CouponId coupon, Model model, int seed) throws SQLException {
        List<Ledger.Numbered> entries;
        DatabaseId shard = DatabaseId.shard(rig.side().mall().plan.layout().databaseOf(coupon.slot()));
        try (Connection connection = rig.side().mall().topology.database(shard).getConnection()) {
            entries = Ledger.of(connection, coupon);
        }
        @Nullable String status = null;
        int round = 0;
        int redeemed = 0;
        long refunded = 0;
        for (Ledger.Numbered one : entries) {
            assertThat(one.entry().useRound()).as("seed %d", seed).isEqualTo(round);
            switch (one.entry().act()) {
                case ISSUE, RELEASE -> status = "AVAILABLE";
                case HOLD -> status = "HELD";
                case REDEEM -> {
                    status = "USED";
                    redeemed++;
                    refunded = 0;
                }
                case REFUND_PART, REFUND -> refunded += one.entry().amountMinor();
                case RESTORE -> {
                    status = "AVAILABLE";
                    round++;
                }
                case VOID -> status = "VOIDED";
                case EXPIRE, NOTHING -> throw new AssertionError(one);
            }
            assertThat(refunded).as("seed %d", seed).isLessThanOrEqualTo(WORTH);
            if (one.entry().act() == Act.RESTORE) {
                assertThat(refunded).as("seed %d", seed).isEqualTo(WORTH);
            }
        }
        if (!"HELD".equals(status)) {
            // The end of a hold's time is nobody's act.
            assertThat(status).as("seed %d", seed).isEqualTo(model.status);
        }
        assertThat(redeemed - round).as("seed %d", seed).isEqualTo(model.status.equals("USED") ? 1 : 0);
        assertThat(round).as("seed %d", seed).isEqualTo(model.restores);
        assertThat(rig.number(
                        coupon.slot(), "SELECT use_round FROM {user_coupon} WHERE coupon_id = ?", coupon.number()))
                .as("seed %d", seed)
                .isEqualTo(round);
    }
}
