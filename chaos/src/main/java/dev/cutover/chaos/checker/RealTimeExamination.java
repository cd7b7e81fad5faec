package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.Operations.Operation;
import dev.cutover.chaos.history.ReadMode;
import dev.cutover.chaos.history.Request;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * I4 and I5 beyond the prefix rule: what was acknowledged before something else was asked for comes before it in every list, and a read of the
 * truth sees it. Linear in the lists and, up to sorting, in the history. Owned by one thread.
 */
final class RealTimeExamination {
    private final RunStory story;
    private final Findings findings;

    RealTimeExamination(RunStory story, Findings findings) {
        this.story = story;
        this.findings = findings;
    }

    /** A user's operations that touch the probes: appends that are in the ledger or lists, and fresh reads. */
    void examine(long user, Map<Integer, List<String>> lists, List<Operation> ofUser) {
        lists.forEach((key, list) -> {
            order(user, key, list);
            reads(user, key, list, ofUser);
        });
    }

    // From the end: nobody who comes later in the list may have been answered before this one was asked for.
    private void order(long user, int key, List<String> list) {
        Operation earliest = null;
        for (int i = list.size() - 1; i >= 0; i--) {
            Operation operation = story.operations().find(list.get(i));
            if (operation == null || !operation.asked()) {
                continue;
            }
            Operation later = earliest;
            if (later != null && later.endedAt < operation.invokedAt) {
                findings.add(
                        "I4",
                        "what was acknowledged first comes first",
                        () -> "in probe " + user + "/" + key + " " + operation + ", asked for at " + operation.invokedAt
                                + ", stands before " + later + ", acknowledged at " + later.endedAt);
            }
            if (operation.ok() && (earliest == null || operation.endedAt < earliest.endedAt)) {
                earliest = operation;
            }
        }
    }

    /** The end of an operation, or the beginning of a read. */
    private record Moment(long at, boolean ends, Operation operation, int length) {}

    private void reads(long user, int key, List<String> list, List<Operation> ofUser) {
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < list.size(); i++) {
            places.put(list.get(i), i + 1);
        }
        List<Moment> moments = new ArrayList<>();
        for (Operation operation : ofUser) {
            if (fresh(operation)) {
                int length = length(operation, key);
                moments.add(new Moment(operation.invokedAt, false, operation, length));
                moments.add(new Moment(operation.endedAt, true, operation, length));
            } else if (operation.ok()) {
                int place = places.getOrDefault(operation.op, 0);
                if (place > 0) {
                    moments.add(new Moment(operation.endedAt, true, operation, place));
                }
            }
        }
        // A read that begins as another ends need not see it.
        moments.sort(Comparator.comparingLong(Moment::at).thenComparing(Moment::ends));
        Moment highest = null;
        for (Moment moment : moments) {
            Moment seen = highest;
            if (moment.ends) {
                if (seen == null || moment.length > seen.length) {
                    highest = moment;
                }
            } else if (seen != null && moment.length < seen.length) {
                findings.add(
                        "I5",
                        fresh(seen.operation) ? "fresh reads only grow" : "a fresh read sees what was acknowledged",
                        () -> moment.operation + " read " + moment.length + " elements of probe " + user + "/" + key
                                + "; before it began, " + seen.operation + " had ended, which takes " + seen.length);
            }
        }
    }

    static boolean fresh(Operation operation) {
        return operation.ok() && operation.request instanceof Request.Read read && read.mode() == ReadMode.FRESH;
    }

    static int length(Operation read, int key) {
        for (int i = 0; i < read.readKeys.length; i++) {
            if (read.readKeys[i] == key) {
                return read.readLengths[i];
            }
        }
        return 0;
    }
}
