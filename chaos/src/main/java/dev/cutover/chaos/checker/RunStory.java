package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FinalDatabase.Probe;
import dev.cutover.chaos.checker.Operations.Operation;
import dev.cutover.chaos.checker.Operations.Outcome;
import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes the history in: operations with their outcomes, and what was done to the servers meanwhile. Each read is held against the final lists
 * at once and kept as lengths, so that a history takes memory by its operations and not by what they read. Owned by one thread.
 */
final class RunStory {
    private final Operations operations;
    private final SideState truth;
    private final Findings findings;
    private final Map<Long, Map<Integer, List<String>>> finalLists = new HashMap<>();
    private final List<HistoryRecord.Gate> gates = new ArrayList<>();
    private final List<HistoryRecord.Fault> faults = new ArrayList<>();
    private final List<HistoryRecord.Command> commands = new ArrayList<>();

    RunStory(SideState truth, Findings findings) {
        this.truth = truth;
        this.findings = findings;
        this.operations = new Operations(findings);
    }

    Operations operations() {
        return operations;
    }

    List<HistoryRecord.Gate> gates() {
        return gates;
    }

    List<HistoryRecord.Fault> faults() {
        return faults;
    }

    List<HistoryRecord.Command> commands() {
        return commands;
    }

    /** The final list of a probe on the side that holds the truth. */
    List<String> list(long user, int key) {
        return finalLists
                .computeIfAbsent(user, any -> new HashMap<>())
                .computeIfAbsent(
                        key, any -> truth.probe(user, key).map(Probe::list).orElse(List.of()));
    }

    void take(HistoryRecord entry) {
        if (entry instanceof HistoryRecord.Invoke invoke) {
            operations.invoked(invoke);
        } else if (entry instanceof HistoryRecord.Ok ok) {
            Operation operation = operations.ended(ok, Outcome.OK);
            if (operation != null) {
                operation.epoch = ok.epoch();
                operation.result = ok.result();
                read(operation, ok);
            }
        } else if (entry instanceof HistoryRecord.Fail fail) {
            operations.ended(fail, Outcome.FAIL);
        } else if (entry instanceof HistoryRecord.Info info) {
            operations.ended(info, Outcome.INFO);
        } else if (entry instanceof HistoryRecord.Gate gate) {
            gates.add(gate);
        } else if (entry instanceof HistoryRecord.Fault fault) {
            faults.add(fault);
        } else if (entry instanceof HistoryRecord.Command command) {
            commands.add(command);
        }
    }

    private void read(Operation operation, HistoryRecord.Ok ok) {
        if (!(operation.request instanceof Request.Read read)) {
            return;
        }
        int[] keys = new int[ok.lists().size()];
        int[] lengths = new int[keys.length];
        int used = 0;
        for (Map.Entry<Integer, List<String>> list : ok.lists().entrySet()) {
            keys[used] = list.getKey();
            lengths[used++] = list.getValue().size();
            List<String> whole = list(operation.user, list.getKey());
            int same = same(list.getValue(), whole);
            if (same < list.getValue().size()) {
                findings.add(
                        "I5",
                        "a read is a prefix of the final list",
                        () -> operation + " read probe " + operation.user + "/" + list.getKey() + " (" + read.mode()
                                + ", epoch " + ok.epoch() + " on " + ok.side() + "): element " + same + " is "
                                + list.getValue().get(same) + ", in the end it is "
                                + (same < whole.size() ? whole.get(same) : "not there"));
            }
        }
        operation.readKeys = keys;
        operation.readLengths = lengths;
    }

    private static int same(List<String> some, List<String> whole) {
        int length = Math.min(some.size(), whole.size());
        for (int i = 0; i < length; i++) {
            if (!some.get(i).equals(whole.get(i))) {
                return i;
            }
        }
        return length;
    }
}
