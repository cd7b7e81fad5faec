package dev.cutover.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.chaos.checker.SyntheticRun.Change;
import dev.cutover.chaos.checker.SyntheticRun.Row;
import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.Phase;
import dev.cutover.chaos.history.ReadMode;
import dev.cutover.chaos.history.Request;
import dev.cutover.chaos.history.Side;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class InvariantsTest {
    private final SyntheticRun run = new SyntheticRun();

    private void finds(String invariant, String... words) {
        CheckReport report = run.check();
        assertThat(report.totals()).as("%s", SyntheticRun.named(report)).containsKey(invariant);
        assertThat(SyntheticRun.named(report).getOrDefault(invariant, List.of()).toString())
                .contains(words);
    }

    private void findsNothing() {
        assertThat(SyntheticRun.named(run.check())).isEmpty();
    }

    private void forget(Side side, String key) {
        run.rows(side).remove(key);
    }

    // I1, I2, I3

    @Test
    void anAcknowledgedWriteThatNobodyWroteIsLost() {
        String op = run.invoke(1, new Request.Append(List.of(0)));
        run.ok(op, 0);

        finds("I1", "op " + op, "no application transaction wrote it");
    }

    @Test
    void anAnswerThatTheLedgerDoesNotKnowIsFound() {
        long coupon = run.claim(1, 1);
        run.stream();
        run.history.replaceAll(entry -> entry instanceof HistoryRecord.Ok ok
                ? HistoryRecord.Ok.written(ok.at(), ok.wall(), ok.process(), ok.op(), 1, Side.OLD, coupon + 1)
                : entry);

        finds("I1", "the ledger says what was answered");
    }

    @Test
    void aSecondTransactionOfTheSameOperationIsFound() {
        String op = run.append(1, 0);
        run.commit(Side.OLD, run.appending(Side.OLD, op, 1, 1, 1));
        run.stream();

        finds("I2", "an operation is written once", "op " + op);
    }

    @Test
    void anOperationNobodyAskedForIsFound() {
        run.commit(Side.OLD, run.appending(Side.OLD, "ghost", 1, 1, 0));
        run.stream();

        finds("I2", "somebody asked for every operation", "ghost");
    }

    @Test
    void anUnknownOperationMayBeThereOnceOrNot() {
        run.info(run.invoke(1, new Request.Append(List.of(0))));
        String written = run.invoke(1, new Request.Append(List.of(0)));
        run.info(written);
        run.commit(Side.OLD, run.appending(Side.OLD, written, 1, 1, 0));
        run.invoke(2, new Request.Claim(1));
        run.stream();

        findsNothing();
    }

    @Test
    void aFailedOperationThatAppearsIsFound() {
        String op = run.invoke(1, new Request.Append(List.of(0)));
        run.fail(op);
        run.commit(Side.OLD, run.appending(Side.OLD, op, 1, 1, 0));
        run.stream();

        finds("I3", "op " + op, "binlog.000001");
    }

    // I4, I5, I6

    @Test
    void whatWasAcknowledgedFirstComesFirst() {
        String first = run.append(1, 0);
        String second = run.append(1, 0);
        for (Side side : Side.values()) {
            run.rows(side).computeIfPresent("probe 1/0", (key, row) -> row.with(3, second + "," + first));
        }
        run.drained = false;

        finds("I4", first, second);
    }

    @Test
    void aReadOfWhatNeverWasIsFound() {
        String op = run.append(1, 0);
        run.stream();
        run.answerRead(run.invoke(1, new Request.Read(ReadMode.ROUTED)), Map.of(0, List.of(op, "phantom")));

        finds("I5", "phantom");
    }

    @Test
    void aFreshReadThatMissesAnAcknowledgedWriteIsFound() {
        String op = run.append(1, 0);
        String next = run.append(1, 0);
        run.answerRead(run.invoke(1, new Request.Read(ReadMode.FRESH)), Map.of(0, List.of(op)));
        run.stream();

        finds("I5", "a fresh read sees what was acknowledged", next);
    }

    @Test
    void freshReadsThatGoBackAreFound() {
        String op = run.invoke(1, new Request.Append(List.of(0)));
        run.info(op);
        run.commit(Side.OLD, run.appending(Side.OLD, op, 1, 1, 0));
        run.stream();
        run.read(1, ReadMode.FRESH);
        run.answerRead(run.invoke(1, new Request.Read(ReadMode.FRESH)), Map.of());

        finds("I5", "fresh reads only grow");
    }

    @Test
    void aRoutedReadMayBeStale() {
        String op = run.append(1, 0);
        run.append(1, 0);
        run.stream();
        run.answerRead(run.invoke(1, new Request.Read(ReadMode.ROUTED)), Map.of(0, List.of(op)));
        run.answerRead(run.invoke(1, new Request.Read(ReadMode.ROUTED)), Map.of());

        findsNothing();
    }

    @Test
    void aReadOfHalfATransactionIsFound() {
        String both = run.invoke(1, new Request.Append(List.of(0, 1)));
        String read = run.invoke(1, new Request.Read(ReadMode.FRESH));
        run.answerRead(read, Map.of(0, List.of(both)));
        run.commit(Side.OLD, run.appending(Side.OLD, both, 1, 1, 0, 1));
        run.ok(both, 0);
        run.stream();

        finds("I6", read, both);
        assertThat(run.check().totals()).containsOnlyKeys("I6");
    }

    @Test
    void twoReadsThatSeeTwoAppendsInOppositeOrdersAreFound() {
        String a = run.invoke(1, new Request.Append(List.of(0)));
        String b = run.invoke(1, new Request.Append(List.of(1)));
        String one = run.invoke(1, new Request.Read(ReadMode.FRESH));
        String other = run.invoke(1, new Request.Read(ReadMode.FRESH));
        run.answerRead(one, Map.of(0, List.of(a)));
        run.answerRead(other, Map.of(1, List.of(b)));
        run.commit(Side.OLD, run.appending(Side.OLD, a, 1, 1, 0));
        run.commit(Side.OLD, run.appending(Side.OLD, b, 1, 1, 1));
        run.ok(a, 0);
        run.ok(b, 0);
        run.stream();

        finds("I6", one, other);
    }

    @Test
    void aTransactionThatIsThereByHalfIsFound() {
        String op = run.append(1, 0, 1);
        run.stream();
        forget(Side.OLD, "probe 1/1");
        forget(Side.NEW, "probe 1/1");

        finds("I6", "a transaction is there whole", op);
    }

    @Test
    void aLostUpdateIsFound() {
        run.append(1, 0);
        Row stale = Objects.requireNonNull(run.rows(Side.OLD).get("probe 1/0"));
        run.append(1, 0);
        run.rows(Side.OLD).put("probe 1/0", stale);
        run.append(1, 0);
        run.stream();

        finds("I6", "no update of a row is lost");
    }

    // I7

    @Test
    void stockThatDoesNotAddUpIsFound() {
        run.claim(1, 1);
        run.stream();
        run.left.put(1, 10L);

        finds("I7", "template 1: 1 issued + 10 left");
    }

    @Test
    void aCouponThatItsOperationsDoNotExplainIsFound() {
        long coupon = run.claim(1, 1);
        run.claim(1, 1);
        run.stream();
        for (Side side : Side.values()) {
            run.rows(side).computeIfPresent("coupon " + coupon, (key, row) -> row.with(3, 2L));
        }

        finds("I7", "a coupon is what its operations made of it", "a redeemed coupon has its redemption");
    }

    @Test
    void anIllegalMoveIsFound() {
        long coupon = run.claim(1, 1);
        run.redeem(1, coupon, "r1");
        String op = run.invoke(1, new Request.Redeem(coupon, "r2"));
        Row before = Objects.requireNonNull(run.rows(Side.OLD).get("coupon " + coupon));
        run.commit(
                Side.OLD,
                List.of(
                        new Change(before, before.with(4, 3L).with(5, op)),
                        new Change(null, new Row(BankTable.REDEMPTION, 1, List.of(1L, "r2", coupon, op, 1L))),
                        SyntheticRun.ledger(op, 1, "redeem", coupon, 1)));
        run.ok(op, coupon);
        run.stream();

        finds("I7", "redeemed and released in turn", "a coupon is redeemed for one order");
    }

    @Test
    void aCouponOnTwoShardsIsFound() {
        long coupon = run.claim(1, 1);
        run.stream();
        run.switchOver();
        List<FinalDatabase> databases = new ArrayList<>(run.databases());
        int home = SyntheticRun.home(Side.NEW, 1).equals(SyntheticRun.SHARD_0) ? 2 : 3;
        FinalDatabase.Coupon one = databases.get(home).coupons().get(0);
        FinalDatabase away = databases.get(5 - home);
        databases.set(
                5 - home,
                new FinalDatabase(
                        away.place(),
                        List.of(new FinalDatabase.Coupon(
                                new FinalDatabase.Found(away.place(), 0),
                                one.stored(),
                                coupon,
                                1,
                                1,
                                1,
                                1,
                                one.lastOp(),
                                one.epoch())),
                        away.probes(),
                        away.redemptions(),
                        away.operations(),
                        away.templates(),
                        away.slices()));

        assertThat(run.check(databases).totals()).containsKeys("I7", "I12");
    }

    // I8 to I12

    @Test
    void aStrayWriteWithoutTheLedgerIsFoundEvenUnderAnOpenFence() {
        run.commit(Side.OLD, run.appending(Side.OLD, "stray", 1, 1, 0).subList(0, 1));
        run.stream();

        finds("I8", "carries its operation", "a binlog.000001:", "stray");
    }

    @Test
    void aWriteBeforeAnyFenceIsFound() {
        run.append(1, 0);
        run.logOf("a").remove(1);

        finds("I8", "no fence");
    }

    @Test
    void rowsThatAreThereBeforeTheFenceAreNoWritesOfTheApplication() {
        SyntheticRun seeded = new SyntheticRun();
        Row row = new Row(BankTable.PROBE, 9, List.of(9L, 0L, 0L, "", "", 0L));
        LoggedTransaction transaction = seeded.commit(Side.OLD, List.of(new Change(null, row)));
        seeded.logOf("a").remove(transaction);
        seeded.logOf("a").add(0, transaction);
        seeded.stream();
        seeded.append(9, 0, 1);
        seeded.stream();

        // An empty list has no op id before its comma.
        seeded.rows(Side.OLD).replaceAll((key, each) -> tidy(each));
        seeded.rows(Side.NEW).replaceAll((key, each) -> tidy(each));
        assertThat(SyntheticRun.named(seeded.check())).isEmpty();
    }

    private static Row tidy(Row row) {
        return row.table() == BankTable.PROBE && row.cells().get(3).toString().startsWith(",")
                ? row.with(3, row.cells().get(3).toString().substring(1))
                : row;
    }

    @Test
    void anOpeningThatNobodyDecidedIsFound() {
        run.claimSwitch();
        run.close();
        run.stream();
        run.open();
        run.decide("COMMIT");
        run.settle();

        finds("I9", "a side is opened only after that was decided");
    }

    @Test
    void aDecisionOverAnOpenSourceIsFound() {
        run.claimSwitch();
        run.decide("COMMIT");
        run.close();
        run.stream();
        run.open();
        run.settle();

        finds("I9", "decided when every database of the side being left is closed");
    }

    @Test
    void aPositionThatShrinksIsFound() {
        run.stream();
        run.log("b", List.of(run.position(SyntheticRun.SHARD_0, "s", "3e11fa47-71ca-11e1-9e33-c80aa9429562:2-9")));

        finds("I10", "a position holds all it held before");
    }

    @Test
    void aMirrorIntoAnOpenSideIsFound() {
        run.append(1, 0);
        run.stream();
        Row row = run.rows(Side.OLD).get("probe 1/0");
        run.mirror(Side.OLD, new Change(row, row));

        finds("I10", "a mirror wrote");
    }

    @Test
    void aSwitchBackThatLosesWhatNewWroteIsFound() {
        run.switchOver();
        String op = run.append(1, 0);
        run.dirty.clear();
        run.switchOver();

        finds("I11", "bank was opened in epoch 3", op);
    }

    @Test
    void aSideThatDiffersAfterTheDrainIsFound() {
        run.append(1, 0);
        run.stream();
        run.rows(Side.NEW).computeIfPresent("probe 1/0", (key, row) -> row.with(2, 5L));

        finds("I11", "the other side holds the same", "probe 1/0");
        run.drained = false;
        findsNothing();
    }

    @Test
    void aRowThatItsBinlogDoesNotTellOfSpoilsTheEvidence() {
        run.append(1, 0);
        Change ghost = SyntheticRun.ledger("g", 2, "append", 0, 1);
        run.rows(Side.OLD).put("operation 2/g", Objects.requireNonNull(ghost.after()));
        run.drained = false;

        finds("E", "not in its binlog");
    }

    // I13, I14

    private void verify(String verdict) {
        run.history.add(new HistoryRecord.Command(
                run.at(), run.micros / 1000, Phase.BEGIN, "verify once", OptionalInt.empty()));
        run.micros += 5000;
        run.history.add(new HistoryRecord.Gate(run.at(), run.micros / 1000, verdict, run.epoch));
        run.micros += 5000;
    }

    @Test
    void aVerdictOverAnOldDifferenceIsDishonest() {
        run.append(1, 0);
        run.stream();
        run.append(1, 0);
        run.dirty.clear();
        run.micros += 10_000;
        verify("EQUAL");

        finds("I13", "passes over no difference");
    }

    @Test
    void aDifferenceThatNobodyPlantedIsDishonest() {
        verify("DIFFERENT");

        finds("I13", "where none was planted");
    }

    @Test
    void aPlantedRowMustBeFoundAndOnlyThen() {
        run.history.add(new HistoryRecord.Fault(run.at(), run.micros / 1000, "corrupt-row", Phase.BEGIN, "x"));
        run.micros += 5000;
        verify("DIFFERENT");
        run.history.add(new HistoryRecord.Fault(run.at(), run.micros / 1000, "corrupt-row", Phase.END, "x"));
        run.micros += 5000;
        verify("EQUAL");
        findsNothing();

        run.history.replaceAll(entry -> entry instanceof HistoryRecord.Gate gate
                ? new HistoryRecord.Gate(gate.at(), gate.wall(), "EQUAL", 1)
                : entry);
        finds("I13", "the verifier finds what was planted");
    }

    @Test
    void aSideLeftClosedIsFound() {
        run.claimSwitch();
        run.close();

        finds("I14", "a/bank is left with the fence (CLOSING, 2)");
    }

    @Test
    void aLongClosedWindowIsReportedAndBounded() {
        run.claimSwitch();
        run.close();
        run.micros += 3_000_000;
        run.stream();
        run.decide("COMMIT");
        run.open();
        run.settle();

        assertThat(run.check().closedWindows())
                .singleElement()
                .satisfies(window -> assertThat(window.millis()).isBetween(3000L, 3100L));
        findsNothing();
        run.bound = Optional.of(Duration.ofSeconds(2));
        finds("I14", "the bound is 2000 ms");
    }

    @Test
    void noMoreThanTwentyOfAnInvariantAreToldAndAllAreCounted() {
        for (int i = 0; i < 50; i++) {
            run.ok(run.invoke(1, new Request.Append(List.of(0))), 0);
        }

        CheckReport report = run.check();

        assertThat(report.totals().get("I1")).isEqualTo(100);
        assertThat(report.violations()).hasSize(20);
    }
}
