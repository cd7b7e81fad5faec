package dev.cutover.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.cutover.chaos.checker.SyntheticRun.Change;
import dev.cutover.chaos.checker.SyntheticRun.Row;
import dev.cutover.chaos.history.ReadMode;
import dev.cutover.chaos.history.Request;
import dev.cutover.chaos.history.Side;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PlantedBugsTest {

    @Test
    void aHealthyRunPasses() {
        CheckReport report = healthy(new SyntheticRun()).check();

        assertThat(SyntheticRun.named(report)).isEmpty();
        assertThat(report.passed()).isTrue();
        assertThat(report.closedWindows())
                .extracting(CheckReport.ClosedWindow::outcome)
                .containsExactly("COMMIT", "ABORT", "COMMIT", "COMMIT");
        assertThat(report.counts().acknowledged()).isEqualTo(report.counts().invoked() - 2);
        assertThat(report.toJson()).contains("\"passed\" : true");
    }

    static SyntheticRun healthy(SyntheticRun run) {
        work(run, 0);
        run.copy(Side.NEW, Objects.requireNonNull(run.copied(Side.NEW, "probe 1/0")));
        run.mirror(Side.NEW, Objects.requireNonNull(run.copied(Side.NEW, "probe 2/1")));
        run.switchOver();
        work(run, 10);
        run.abortedSwitch();
        work(run, 20);
        run.switchOver();
        String failed = run.invoke(3, new Request.Append(List.of(0)));
        run.fail(failed);
        String unknown = run.invoke(3, new Request.Append(List.of(0)));
        run.info(unknown);
        run.commit(run.truth, run.appending(run.truth, unknown, 3, run.epoch, 0));
        work(run, 30);
        run.switchOver();
        run.stream();
        return run;
    }

    private static void work(SyntheticRun run, int orders) {
        for (long user = 1; user <= 4; user++) {
            run.append(user, 0, 1, 2);
            run.read(user, ReadMode.FRESH);
            run.append(user, 1);
            run.read(user, ReadMode.ROUTED);
        }
        long coupon = run.claim(1, 1);
        run.redeem(1, coupon, "r" + orders);
        run.release(1, coupon, "r" + orders);
        run.redeem(1, coupon, "r" + (orders + 1));
        run.claim(2, 2);
    }

    static Stream<Arguments> bugs() {
        return Stream.of(
                bug("open before close", "I9", run -> {
                    run.claimSwitch();
                    run.stream();
                    run.decide("COMMIT");
                    run.open();
                    run.close();
                    run.settle();
                }),
                bug("drain to gtid_executed", "I11", run -> {
                    String late = run.append(1, 0);
                    run.claimSwitch();
                    run.close();
                    run.dirty.remove("operation 1/" + late);
                    run.stream();
                    run.decide("COMMIT");
                    run.open();
                    run.settle();
                }),
                bug("position before close", "I11", run -> {
                    run.claimSwitch();
                    run.stream();
                    run.append(3, 0);
                    run.close();
                    run.dirty.clear();
                    run.decide("COMMIT");
                    run.open();
                    run.settle();
                }),
                bug("check without lock", "I8", run -> {
                    String op = run.invoke(1, new Request.Append(List.of(0)));
                    run.claimSwitch();
                    run.close();
                    run.commit(Side.OLD, run.appending(Side.OLD, op, 1, run.epoch - 1, 0));
                    run.info(op);
                    run.stream();
                    run.decide("COMMIT");
                    run.open();
                    run.settle();
                }),
                bug("no epoch", "I8", run -> {
                    String op = run.invoke(1, new Request.Append(List.of(0)));
                    run.switchOver();
                    run.switchOver();
                    run.commit(Side.OLD, run.appending(Side.OLD, op, 1, 1, 0));
                    run.ok(op, 0);
                }),
                bug("zombie applier", "I10", run -> {
                    Set<String> held = Set.of("probe 1/0");
                    run.switchOver();
                    run.truth = Side.OLD;
                    run.stream(held);
                    run.truth = Side.NEW;
                }),
                bug("position before rows", "I11", run -> {
                    run.append(4, 2);
                    run.dirty.clear();
                    run.stream();
                    run.switchOver();
                }),
                bug("dual-write failure ignored", "I11", run -> {
                    run.append(4, 2);
                    run.dirty.clear();
                }),
                bug("keep-alive skip", "I6", run -> {
                    String op = run.append(4, 0, 1);
                    run.dirty = new LinkedHashSet<>(Set.of("operation 4/" + op, "probe 4/0"));
                    run.switchOver();
                }),
                bug("late chunk overwrites", "I1", run -> {
                    Row stale = Objects.requireNonNull(run.rows(Side.OLD).get("probe 1/0"));
                    run.append(1, 0);
                    run.stream();
                    run.copy(Side.NEW, new Change(run.rows(Side.NEW).get("probe 1/0"), stale));
                    run.switchOver();
                }),
                bug("deleted row resurrected", "I7", run -> {
                    long coupon = run.claim(1, 1);
                    run.redeem(1, coupon, "gone");
                    Row stale = Objects.requireNonNull(run.rows(Side.OLD).get("redemption 1/gone"));
                    run.release(1, coupon, "gone");
                    run.stream();
                    run.copy(Side.NEW, new Change(null, stale));
                    run.switchOver();
                }),
                bug("reverse loop", "I10", run -> {
                    run.switchOver();
                    run.append(2, 0);
                    run.stream();
                    List<RowChange> back = new ArrayList<>();
                    back.add(run.position(SyntheticRun.home(Side.NEW, 2), "old", run.nextPosition()));
                    Row row = run.rows(Side.NEW).get("probe 2/0");
                    run.apply(Side.NEW, new Change(row, row), back);
                    run.log(SyntheticRun.home(Side.NEW, 2).server(), back);
                }),
                bug("wrong shard", "I12", run -> {
                    int wrong = (new Routing(2, SyntheticRun.TABLES).slot(1) + 1) % 4;
                    Row row = Objects.requireNonNull(run.rows(Side.OLD).get("probe 1/0"));
                    RowChange lost = SyntheticRun.logged(Side.NEW, wrong, new Change(null, row));
                    run.log(
                            lost.schema().equals(SyntheticRun.SHARD_0.schema()) ? "b" : "c",
                            List.of(
                                    run.position(
                                            lost.schema().equals(SyntheticRun.SHARD_0.schema())
                                                    ? SyntheticRun.SHARD_0
                                                    : SyntheticRun.SHARD_1,
                                            "s",
                                            run.nextPosition()),
                                    lost));
                }),
                bug("op_id missing", "I2", run -> {
                    String op = run.invoke(1, new Request.Append(List.of(0)));
                    for (int attempt = 0; attempt < 2; attempt++) {
                        List<Change> changes = run.appending(Side.OLD, op, 1, run.epoch, 0);
                        run.commit(Side.OLD, changes.subList(0, 1));
                    }
                    run.ok(op, 0);
                }));
    }

    private static Arguments bug(String name, String invariant, Consumer<SyntheticRun> does) {
        return arguments(name, invariant, does);
    }

    @ParameterizedTest(name = "{0} is caught by {1}")
    @MethodSource("bugs")
    void isCaughtByItsInvariant(String name, String invariant, Consumer<SyntheticRun> bug) {
        SyntheticRun run = new SyntheticRun();
        work(run, 0);
        run.stream();

        bug.accept(run);
        run.stream();
        CheckReport report = run.check();

        assertThat(report.totals().keySet())
                .as("%s leaves %s", name, SyntheticRun.named(report))
                .contains(invariant);
        assertThat(report.passed()).isFalse();
    }
}
