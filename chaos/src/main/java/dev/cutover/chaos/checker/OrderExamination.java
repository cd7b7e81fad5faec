package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.Operations.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * I6: the appends and fresh reads of a user can be put into one order that explains all lists and real time.
 *
 * <p><b>Idea.</b> Adya's graph, as Elle reads it from list appends: a list shows which append followed which (ww), which one a read saw last (wr)
 * and which one it did not see yet (rw); an answer before an invoke is an edge as well. A cycle is something no order explains.
 *
 * <p><b>Why by user.</b> A transaction stays within one user, so a user is one object, and linearizability holds for all when it holds for each
 * (Herlihy and Wing, 1990, theorem 1). The graph stays linear in the history: real time goes through a chain of one node an answer.
 */
final class OrderExamination {
    private final RunStory story;
    private final Findings findings;

    OrderExamination(RunStory story, Findings findings) {
        this.story = story;
        this.findings = findings;
    }

    void examine(long user, Map<Integer, List<String>> lists, List<Operation> ofUser) {
        DependencyGraph graph = new DependencyGraph();
        List<Operation> byNode = new ArrayList<>();
        for (Operation operation : ofUser) {
            operation.node = graph.node();
            byNode.add(operation);
        }
        lists.forEach((key, list) -> {
            Operation before = null;
            for (String op : list) {
                Operation operation = story.operations().find(op);
                if (operation != null && operation.user == user && operation.node >= 0) {
                    if (before != null) {
                        graph.edge(before.node, operation.node);
                    }
                    before = operation;
                }
            }
            for (Operation read : ofUser) {
                if (RealTimeExamination.fresh(read)) {
                    int length = Math.min(RealTimeExamination.length(read, key), list.size());
                    reads(graph, read.node, length == 0 ? null : list.get(length - 1), true);
                    reads(graph, read.node, length == list.size() ? null : list.get(length), false);
                }
            }
        });
        realTime(graph, ofUser);
        for (List<Integer> knot : graph.knots()) {
            List<Operation> members = knot.stream()
                    .filter(node -> node < byNode.size())
                    .map(byNode::get)
                    .sorted(Comparator.comparingLong(operation -> operation.invokedAt))
                    .toList();
            if (members.size() > 1) {
                findings.add(
                        "I6",
                        "one order explains what everybody wrote and read",
                        () -> "no order of these " + members.size() + " operations of user " + user + " does: "
                                + members.subList(0, Math.min(8, members.size())));
            }
        }
    }

    private void reads(DependencyGraph graph, int read, @Nullable String op, boolean seen) {
        Operation operation = op == null ? null : story.operations().find(op);
        int append = operation == null ? -1 : operation.node;
        if (append >= 0) {
            graph.edge(seen ? append : read, seen ? read : append);
        }
    }

    private static void realTime(DependencyGraph graph, List<Operation> ofUser) {
        List<Operation> byEnd = ofUser.stream()
                .filter(Operation::ok)
                .sorted(Comparator.comparingLong(operation -> operation.endedAt))
                .toList();
        List<Operation> byInvoke = ofUser.stream()
                .sorted(Comparator.comparingLong(operation -> operation.invokedAt))
                .toList();
        int ended = 0;
        int barrier = -1;
        for (Operation operation : byInvoke) {
            while (ended < byEnd.size() && byEnd.get(ended).endedAt < operation.invokedAt) {
                int next = graph.node();
                graph.edge(byEnd.get(ended).node, next);
                if (barrier >= 0) {
                    graph.edge(barrier, next);
                }
                barrier = next;
                ended++;
            }
            if (barrier >= 0) {
                graph.edge(barrier, operation.node);
            }
        }
    }
}
