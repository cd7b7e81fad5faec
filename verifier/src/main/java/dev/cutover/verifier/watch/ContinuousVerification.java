package dev.cutover.verifier.watch;

import dev.cutover.core.CutoverException;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Proof;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.SeenDifference;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.VerifyListener;
import dev.cutover.verifier.report.ReportJson;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the worker verifies by itself: passes on a schedule, and every changed key again some seconds after its apply.
 *
 * <p>{@link #passes()} and {@link #changedKeys()} are called again and again, each by one thread; {@link #end()} by any.
 */
public final class ContinuousVerification {
    private static final Logger LOG = LoggerFactory.getLogger(ContinuousVerification.class);
    private static final Duration AFTER_DOUBT = Duration.ofSeconds(30);
    private static final int KEYS_A_TURN = 2_000;

    private final ControlDatabase control;
    private final ProofLedger ledger;
    private final Duration every;
    private final BooleanSupplier active;
    private final Supplier<Optional<String>> hold;
    private final ChangedKeys keys;
    private final BackgroundPass pass;
    private final ChangedKeyCheck check;
    private volatile boolean ended;

    // Owned by the thread of passes().
    private boolean scheduled;
    private long nextAt;

    /**
     * Verification of one worker.
     *
     * @param every from the end of a pass to the next
     * @param active whether this worker is the one that works
     * @param hold why work in the background must wait now; empty when it may go on
     * @param keys what its appliers write
     * @param check what compares them
     */
    public ContinuousVerification(
            Topology topology,
            ControlDatabase control,
            Duration every,
            BooleanSupplier active,
            Supplier<Optional<String>> hold,
            ChangedKeys keys,
            ChangedKeyCheck check) {
        this.control = control;
        this.ledger = new ProofLedger(topology.control());
        this.every = every;
        this.active = active;
        this.hold = hold;
        this.keys = keys;
        this.pass = new BackgroundPass(topology, control, "worker", this::held);
        this.check = check;
    }

    private Optional<String> held() {
        if (!active.getAsBoolean()) {
            return ended ? Optional.empty() : Optional.of("another worker works");
        }
        return hold.get();
    }

    /** Runs a pass when it is time for one. */
    public void passes() {
        try {
            if (ended || !active.getAsBoolean() || hold.get().isPresent()) {
                return;
            }
            if (!scheduled) {
                nextAt = System.nanoTime() + untilDue().toNanos();
                scheduled = true;
            }
            if (System.nanoTime() - nextAt < 0) {
                return;
            }
            BackgroundPass.Outcome outcome = pass.run(Set.of(), VerifyListener.SILENT);
            nextAt = System.nanoTime() + told(outcome).toNanos();
        } catch (CutoverException e) {
            LOG.warn("The next verification waits: {}", e.getMessage());
            nextAt = System.nanoTime() + AFTER_DOUBT.toNanos();
        } catch (RuntimeException e) {
            // A schedule that is left by an exception is never kept again.
            LOG.error("The next verification waits", e);
            nextAt = System.nanoTime() + AFTER_DOUBT.toNanos();
        }
    }

    // A worker that takes over goes on with the schedule of the one before it.
    private Duration untilDue() {
        Side truth = control.read().truth();
        Optional<Instant> last =
                ledger.proofs(truth).stream().map(Proof::provenAt).min(Instant::compareTo);
        if (last.isEmpty()) {
            return Duration.ZERO;
        }
        Duration left = Duration.between(control.now(), last.get().plus(every));
        return left.isNegative() ? Duration.ZERO : left.compareTo(every) > 0 ? every : left;
    }

    private Duration told(BackgroundPass.Outcome outcome) {
        Duration soon = every.compareTo(AFTER_DOUBT) < 0 ? every : AFTER_DOUBT;
        VerificationReport report = outcome.report();
        switch (outcome.kind()) {
            case UNFIT -> {
                return Duration.ofSeconds(1);
            }
            case STOPPED -> {
                LOG.info("{}", outcome.sentence());
                return Duration.ofSeconds(1);
            }
            case FAILED -> {
                LOG.warn("A verification failed and is tried again: {}", outcome.sentence());
                return soon;
            }
            case DONE -> Objects.requireNonNull(report);
        }
        if (report == null || report.verdict() == Verdict.INCONCLUSIVE) {
            LOG.info("A verification was not conclusive: {}", report == null ? "" : report.unsettled());
            return soon;
        }
        if (report.verdict() == Verdict.DIFFERENT) {
            LOG.error(
                    "Verification {} found {} rows that differ; 'cutover verify show' names them",
                    report.runId(),
                    report.differenceCount());
        } else {
            LOG.info(
                    "Verification {}: {} rows equal, in {} ms",
                    report.runId(),
                    report.rowsCompared(),
                    outcome.took().toMillis());
        }
        return every;
    }

    /** Compares the changed keys whose time has come. */
    public void changedKeys() {
        try {
            if (ended) {
                return;
            }
            Register register = active.getAsBoolean() ? control.read() : null;
            if (register == null || BackgroundPass.unfit(register).isPresent()) {
                keys.clear();
                return;
            }
            ChangedKeys.Due due;
            do {
                due = hold.get().isEmpty() && !ended ? keys.due(KEYS_A_TURN) : new ChangedKeys.Due(Map.of());
                compare(due, register);
            } while (due.count() == KEYS_A_TURN);
            Map<DatabaseId, Long> over = keys.takePassedOver();
            over.forEach((database, count) -> ledger.rechecked(database, register.truth(), 0, count));
        } catch (CutoverException e) {
            LOG.warn("Changed keys were not compared again: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("Changed keys were not compared again", e);
        }
    }

    // What is not decided comes back: the next change of such a row may never come.
    private void compare(ChangedKeys.Due due, Register register) {
        if (due.none()) {
            return;
        }
        try {
            decide(due, register).forEach(keys::undecided);
        } catch (CutoverException e) {
            due.byTable().forEach(keys::undecided);
            throw e;
        }
    }

    /** Compares, records, and gives what could not be decided. */
    private Map<String, Map<RowKey, ChangedKeys.Changed>> decide(ChangedKeys.Due due, Register register) {
        List<Difference> found = new ArrayList<>();
        Map<DatabaseId, Long> decided = new TreeMap<>();
        Map<String, Map<RowKey, ChangedKeys.Changed>> undecided = new TreeMap<>();
        due.byTable().forEach((table, rows) -> {
            Map<RowKey, Set<Integer>> slots = new HashMap<>();
            rows.forEach((key, changed) -> slots.put(key, changed.slots()));
            Map<RowKey, ChangedKeys.Changed> open = new HashMap<>(rows);
            try {
                ChangedKeyCheck.Outcome outcome = check.check(table, slots, register);
                found.addAll(outcome.differences());
                open.keySet().retainAll(outcome.unsettled());
            } catch (CutoverException e) {
                LOG.warn("Changed keys of {} are compared later: {}", table, e.getMessage());
            }
            undecided.put(table, open);
            rows.forEach((key, changed) -> {
                if (!open.containsKey(key)) {
                    decided.merge(changed.database(), 1L, Long::sum);
                }
            });
        });
        Register now = control.read();
        if (now.epoch().equals(register.epoch()) && BackgroundPass.unfit(now).isEmpty()) {
            differ(found, register.truth());
            decided.forEach((database, count) -> ledger.rechecked(database, register.truth(), count, 0));
        }
        return undecided;
    }

    private void differ(List<Difference> found, Side truth) {
        if (found.isEmpty()) {
            return;
        }
        Map<DatabaseId, Integer> counts = new TreeMap<>();
        List<SeenDifference> seen = new ArrayList<>();
        for (Difference difference : found) {
            RowKey key = difference.sourceKey() == null ? difference.targetKey() : difference.sourceKey();
            SeenDifference one = new SeenDifference(
                    difference.table(),
                    difference.database() + "." + difference.physicalTable(),
                    key == null ? "?" : key.text(),
                    difference.kind().name(),
                    Instant.EPOCH,
                    ReportJson.of(difference));
            LOG.error("After its change {}", one.describe());
            seen.add(one);
            counts.merge(new DatabaseId(difference.database()), 1, Integer::sum);
        }
        ledger.record(seen);
        new TreeSet<>(counts.keySet())
                .forEach(database -> ledger.voided(
                        List.of(database),
                        truth,
                        counts.get(database) + " changed rows were found to differ: "
                                + seen.get(0).describe()));
    }

    /** Lets a running pass end soon, and begins nothing any more. */
    public void end() {
        ended = true;
        pass.end();
    }
}
