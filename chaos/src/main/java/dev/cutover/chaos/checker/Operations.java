package dev.cutover.chaos.checker;

import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a history, each with what became of it, by number. Op ids that only the servers know get a number as well. Owned by one
 * thread.
 */
final class Operations {
    /** What a client knows of an operation; nothing for one that was never answered. */
    enum Outcome {
        UNANSWERED,
        OK,
        FAIL,
        INFO
    }

    /** One operation; filled while the history is read. */
    static final class Operation {
        final int number;
        final String op;
        final long user;
        final @Nullable Request request;
        final int process;
        final long invokedAt;
        final long invokedWall;
        Outcome outcome = Outcome.UNANSWERED;
        long endedAt = Long.MAX_VALUE;
        long endedWall = Long.MAX_VALUE;
        long epoch;
        long result;
        /** Of a read, by {@code readKeys}: how long each list was. */
        int[] readKeys = {};

        int[] readLengths = {};

        /** Its place in the graph of its user; -1 when it is not part of it. */
        int node = -1;

        /** Application transactions that wrote it, over all binlogs. */
        int written;

        private Operation(int number, String op, long user, HistoryRecord.@Nullable Invoke invoke) {
            this.number = number;
            this.op = op;
            this.user = user;
            this.request = invoke == null ? null : invoke.request();
            this.process = invoke == null ? -1 : invoke.process();
            this.invokedAt = invoke == null ? Long.MIN_VALUE : invoke.at();
            this.invokedWall = invoke == null ? Long.MIN_VALUE : invoke.wall();
        }

        /** Whether a client asked for it. */
        boolean asked() {
            return request != null;
        }

        boolean writes() {
            return request == null || request.writes();
        }

        boolean ok() {
            return outcome == Outcome.OK;
        }

        @Override
        public String toString() {
            return "op " + op + (request == null ? "" : " (" + request + " of user " + user + ", " + outcome + ")");
        }
    }

    private final List<Operation> all = new ArrayList<>();
    private final Map<String, Operation> byOp = new HashMap<>();
    private final Findings findings;

    Operations(Findings findings) {
        this.findings = findings;
    }

    List<Operation> all() {
        return all;
    }

    @Nullable
    Operation find(String op) {
        return byOp.get(op);
    }

    /** The operation of this id; one that nobody asked for when the history has none. */
    Operation of(String op, long user) {
        Operation found = byOp.get(op);
        return found != null ? found : add(op, user, null);
    }

    private Operation add(String op, long user, HistoryRecord.@Nullable Invoke invoke) {
        Operation added = new Operation(all.size(), op, user, invoke);
        all.add(added);
        byOp.put(op, added);
        return added;
    }

    void invoked(HistoryRecord.Invoke invoke) {
        if (byOp.containsKey(invoke.op())) {
            findings.add("E", "an op id is asked for once", () -> "op " + invoke.op() + " has two invokes");
            return;
        }
        add(invoke.op(), invoke.user(), invoke);
    }

    /** The operation that a client was answered; null when there is nothing to answer. */
    @Nullable
    Operation ended(HistoryRecord.OfOperation end, Outcome outcome) {
        Operation operation = byOp.get(end.op());
        if (operation == null || operation.outcome != Outcome.UNANSWERED || end.at() < operation.invokedAt) {
            findings.add(
                    "E",
                    "an answer follows the one invoke of its op",
                    () -> end + (operation == null ? " has no invoke" : " comes after " + operation));
            return null;
        }
        operation.outcome = outcome;
        operation.endedAt = end.at();
        operation.endedWall = end.wall();
        return operation;
    }
}
