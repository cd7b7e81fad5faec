package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Stock that was on its way when a process died is finished by another, once. */
final class StockTransferIT {
    private static SideUnderTest side;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    private static long userOf(int database) {
        long user;
        do {
            user = side.mall().user();
        } while (side.mall().plan.layout().databaseOf(side.mall().plan.layout().slot(user)) != database);
        return user;
    }

    private static void prepared(long id, long epoch, long template, int quantity) {
        side.mall()
                .execute(
                        DatabaseId.META,
                        "INSERT INTO stock_transfer VALUES (?, ?, ?, 0, 1, ?, 0, 1)",
                        id,
                        epoch,
                        template,
                        quantity);
    }

    private static void debited(long id, long template, int quantity) {
        side.mall()
                .execute(
                        DatabaseId.shard(0),
                        "INSERT INTO stock_transfer_leg VALUES (?, 1, ?, ?)",
                        id,
                        template,
                        quantity);
        side.mall()
                .execute(
                        DatabaseId.shard(0),
                        "UPDATE stock_slice SET remaining = 0, allotted = 0 WHERE template_id = ?",
                        template);
    }

    private static long state(long id) {
        return side.mall().number(DatabaseId.META, "SELECT state FROM stock_transfer WHERE transfer_id = ?", id);
    }

    private static long epoch() {
        return side.mall().control.read().epoch().number();
    }

    @Test
    void aDebitWithoutItsCreditIsCreditedOnce() {
        long template = side.mall().template(40, 0);
        prepared(901, epoch(), template, 20);
        debited(901, template, 20);
        assertThat(side.mall().remaining(template)).isEqualTo(20);
        Parallel.run(8, i -> side.rooms().tidy());
        assertThat(side.mall().remaining(template)).isEqualTo(40);
        assertThat(state(901)).isEqualTo(2);
    }

    @Test
    void anIntentWithoutADebitIsCancelledForGood() {
        long template = side.mall().template(40, 0);
        prepared(902, epoch(), template, 20);
        side.rooms().tidy();
        assertThat(state(902)).isEqualTo(3);
        assertThat(side.mall().remaining(template)).isEqualTo(40);
        // The empty leg keeps its slow owner from debiting later.
        assertThat(side.mall()
                        .number(
                                DatabaseId.shard(0),
                                "SELECT quantity FROM stock_transfer_leg WHERE transfer_id = 902 AND leg = 1"))
                .isZero();
    }

    @Test
    void aTransferThatAnAbortedSwitchStoppedIsFinishedInTheNextEpoch() {
        long template = side.mall().template(40, 0);
        prepared(903, epoch() - 1, template, 20);
        debited(903, template, 20);
        side.rooms().tidy();
        assertThat(state(903)).isEqualTo(2);
        assertThat(side.mall().remaining(template)).isEqualTo(40);
    }

    @Test
    void aTransferWhoseLegsAHandOverRemovedIsNotCreditedToNewSlices() {
        long template = side.mall().template(40, 0);
        prepared(905, epoch() - 1, template, 20);
        side.rooms().tidy();
        assertThat(state(905)).isEqualTo(3);
        assertThat(side.mall().remaining(template)).isEqualTo(40);
    }

    @Test
    void stockInFlightIsNotSoldOut() {
        long template = side.mall().template(40, 0);
        prepared(904, epoch(), template, 20);
        debited(904, template, 20);
        AtomicInteger granted = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        long user = userOf(1);
        // Twenty in the user's database and twenty on their way to it: all forty must come out.
        Parallel.run(16, i -> {
            for (int n = 0; n < 3; n++) {
                try {
                    side.rooms()
                            .claims()
                            .claim(
                                    user + n * 10_000_000L + i * 100_000L,
                                    new TemplateId(template),
                                    1,
                                    "k" + i + "-" + n);
                    granted.incrementAndGet();
                } catch (Refusal e) {
                    refused.incrementAndGet();
                }
            }
        });
        assertThat(granted).hasValue(40);
        assertThat(refused).hasValue(8);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(40);
        assertThat(side.mall().remaining(template)).isZero();
    }
}
