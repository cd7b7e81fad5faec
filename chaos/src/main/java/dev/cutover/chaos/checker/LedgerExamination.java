package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FinalDatabase.Probe;
import dev.cutover.chaos.checker.Operations.Operation;
import dev.cutover.chaos.checker.Operations.Outcome;
import dev.cutover.chaos.history.Request;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** I1, I2, I3: every acknowledged write is there once, every failed one is not, every unknown one is there at most once. Owned by one thread. */
final class LedgerExamination {
    private final RunStory story;
    private final SideState truth;
    private final Findings findings;
    /** By op: the probes whose final list has it. */
    private final Map<String, Set<Integer>> appended = new HashMap<>();

    private long appends;

    LedgerExamination(RunStory story, SideState truth, Findings findings) {
        this.story = story;
        this.truth = truth;
        this.findings = findings;
    }

    /** Returns how many op ids the final lists hold. */
    long examine(boolean logged) {
        lists();
        for (FinalDatabase.Operation twice : truth.doubleOperations()) {
            findings.add(
                    "I2",
                    "the ledger has an operation once",
                    () -> "op " + twice.op() + " is in " + truth.operations().get(twice.op()) + " and in " + twice);
        }
        for (FinalDatabase.Operation row : truth.operations().values()) {
            Operation operation = story.operations().find(row.op());
            if (operation == null || !operation.asked()) {
                findings.add(
                        "I2",
                        "somebody asked for every operation",
                        () -> row + " is in the ledger, not in the history");
            }
        }
        for (Operation operation : story.operations().all()) {
            if (operation.asked() && operation.writes()) {
                operation(operation, logged);
            }
        }
        return appends;
    }

    private void lists() {
        for (Map<Integer, Probe> probes : truth.probes().values()) {
            for (Probe probe : probes.values()) {
                List<String> list = story.list(probe.user(), probe.k());
                appends += list.size();
                for (String op : list) {
                    if (!appended.computeIfAbsent(op, any -> new HashSet<>(4)).add(probe.k())) {
                        findings.add(
                                "I2",
                                "a list has an op id once",
                                () -> "op " + op + " is twice in probe " + probe.user() + "/" + probe.k() + " of "
                                        + probe.found());
                    }
                    stranger(op, probe);
                }
                if (probe.seq() != list.size()) {
                    findings.add(
                            "I2",
                            "an append counts once",
                            () -> "probe " + probe.user() + "/" + probe.k() + " of " + probe.found() + " counts "
                                    + probe.seq() + " appends and lists " + list.size());
                }
            }
        }
    }

    private void stranger(String op, Probe probe) {
        Operation operation = story.operations().find(op);
        if (operation == null
                || !(operation.request instanceof Request.Append append)
                || operation.user != probe.user()
                || !append.keys().contains(probe.k())) {
            findings.add(
                    "I2",
                    "somebody asked for every operation",
                    () -> "probe " + probe.user() + "/" + probe.k() + " of "
                            + probe.found() + " lists op " + op + ", which is "
                            + (operation == null ? "not in the history" : operation.toString()));
        }
    }

    private void operation(Operation operation, boolean logged) {
        FinalDatabase.Operation row = truth.operations().get(operation.op);
        Set<Integer> in = appended.getOrDefault(operation.op, Set.of());
        if (operation.outcome == Outcome.FAIL) {
            if (row != null || !in.isEmpty()) {
                findings.add(
                        "I3",
                        "what failed was not written",
                        () -> operation + " is in " + (row == null ? "the lists of probes " + in : row.toString()));
            }
            return;
        }
        if (operation.ok()) {
            acknowledged(operation, row, logged);
        }
        if (row != null && (row.user() != operation.user || !row.kind().equals(kind(operation)))) {
            findings.add("I1", "the ledger says what was asked", () -> operation + " is in the ledger as " + row);
        }
        if (operation.request instanceof Request.Append append) {
            Set<Integer> expected = row == null ? Set.of() : new HashSet<>(append.keys());
            if (row == null ? !in.isEmpty() : !in.containsAll(expected)) {
                findings.add(
                        row == null || in.isEmpty() ? "I1" : "I6",
                        row == null || in.isEmpty()
                                ? "ledger and lists agree on an operation"
                                : "a transaction is there whole",
                        () -> operation + (row == null ? " is not in the ledger" : " is in the ledger")
                                + " and in the lists of probes " + in + " of user " + operation.user);
            }
        }
    }

    private void acknowledged(Operation operation, FinalDatabase.@Nullable Operation row, boolean logged) {
        if (row == null) {
            findings.add(
                    "I1",
                    "an acknowledged write is in the ledger of the truth",
                    () -> operation
                            + ", acknowledged in epoch " + operation.epoch + ", is not in the ledger of " + truth.side()
                            + (logged ? "; application transactions that wrote it: " + operation.written : ""));
        } else if (!(operation.request instanceof Request.Append) && row.result() != operation.result) {
            findings.add(
                    "I1",
                    "the ledger says what was answered",
                    () -> operation + " was answered " + operation.result + ", the ledger says " + row);
        }
        if (logged && operation.written == 0) {
            findings.add(
                    "I1",
                    "an acknowledged write is in a binlog",
                    () -> operation + " was acknowledged in epoch " + operation.epoch
                            + ", and no application transaction wrote it");
        }
    }

    private static String kind(Operation operation) {
        Request request = operation.request;
        return request == null ? "" : request.f();
    }

    /** What the ledgers of all databases hold is what their binlogs wrote. */
    static void compareWithLogs(
            List<FinalDatabase> databases, LogExamination logs, Operations operations, Findings findings) {
        for (FinalDatabase database : databases) {
            for (FenceWatch fence : logs.watches()) {
                if (!fence.place.equals(database.place())) {
                    continue;
                }
                BitSet found = new BitSet();
                database.operations().forEach(row -> found.set(operations.of(row.op(), row.user()).number));
                found.xor(fence.ledger);
                List<Integer> differing = new ArrayList<>();
                found.stream().forEach(differing::add);
                for (int number : differing) {
                    findings.add(
                            "E",
                            "a ledger holds what its binlog wrote",
                            () -> operations.all().get(number) + " is in the "
                                    + (fence.ledger.get(number)
                                            ? "binlog of " + fence.place + " and not in its table"
                                            : "table of " + fence.place + " and not in its binlog"));
                }
            }
        }
    }
}
