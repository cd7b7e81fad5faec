package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.CheckReport.ClosedWindow;
import dev.cutover.chaos.checker.Operations.Operation;
import dev.cutover.chaos.checker.Operations.Outcome;
import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.Phase;
import dev.cutover.chaos.history.ReadMode;
import dev.cutover.chaos.history.Request;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The checks in their order: final tables first, because the final lists are what reads are held against as the history goes by; then the history,
 * because the binlogs are judged by who was asked for what; then the binlogs, once. Stateless.
 */
final class Examination {
    private Examination() {}

    /** Hands the records of a history on. */
    @FunctionalInterface
    interface Story {
        void tell(Consumer<HistoryRecord> records);
    }

    static CheckReport of(
            Story history, List<FinalDatabase> databases, Collection<TransactionLog> logs, Layout layout) {
        Findings findings = new Findings();
        SideState truth = SideState.of(layout.ending().truth(), layout, databases)
                .orElseThrow(() -> new EvidenceUnreadableException(
                        "The final tables of " + layout.ending().truth()
                                + ", which holds the truth, are not all there: start its servers first.",
                        null));
        List<Difference> differences = compared(truth, databases, layout, findings);
        LastWrites lastWrites = new LastWrites(differences);

        RunStory story = new RunStory(truth, findings);
        history.tell(story::take);

        LogExamination examination = new LogExamination(layout, story.operations(), lastWrites, findings);
        MergedLogs.each(logs, examination::take);
        logs.stream()
                .filter(log -> !log.missing().isEmpty())
                .forEach(log -> findings.add(
                        "E",
                        "the binlog of a server begins with its first transaction",
                        () -> log.server() + " had executed " + log.missing() + " before its first file"));
        List<ClosedWindow> windows = examination.settle(layout.ending());
        LedgerExamination.compareWithLogs(databases, examination, story.operations(), findings);

        long appended = new LedgerExamination(story, truth, findings).examine(!logs.isEmpty());
        lists(story, truth, findings);
        new BankExamination(story, truth, findings).examine();
        PlacementExamination.examine(databases, layout, findings);
        new GateExamination(story, findings).examine(differences, lastWrites);
        return new CheckReport(
                findings.totals().isEmpty(),
                findings.totals(),
                findings.violations(),
                counts(story, truth, appended, examination, logs),
                windows);
    }

    // The way back loses nothing either: what has drained is the same on both sides.
    private static List<Difference> compared(
            SideState truth, List<FinalDatabase> databases, Layout layout, Findings findings) {
        Optional<SideState> other = SideState.of(truth.side().other(), layout, databases);
        if (!layout.ending().drained()) {
            return List.of();
        }
        if (other.isEmpty()) {
            findings.add(
                    "E",
                    "what has drained can be compared",
                    () -> "the final tables of " + truth.side().other() + " are not all there");
            return List.of();
        }
        List<Difference> differences = Difference.between(truth, other.get());
        differences.forEach(difference -> findings.add(
                "I11",
                "the other side holds the same when the streams have drained",
                () -> difference.key() + ": " + difference.detail()));
        return differences;
    }

    private static void lists(RunStory story, SideState truth, Findings findings) {
        Map<Long, List<Operation>> byUser = new HashMap<>();
        for (Operation operation : story.operations().all()) {
            boolean append = operation.request instanceof Request.Append
                    && (operation.ok() || truth.operations().containsKey(operation.op));
            if (append || RealTimeExamination.fresh(operation)) {
                byUser.computeIfAbsent(operation.user, any -> new ArrayList<>()).add(operation);
            }
        }
        RealTimeExamination realTime = new RealTimeExamination(story, findings);
        OrderExamination order = new OrderExamination(story, findings);
        byUser.forEach((user, operations) -> {
            Map<Integer, List<String>> lists = new HashMap<>();
            truth.probes().getOrDefault(user, Map.of()).keySet().forEach(key -> lists.put(key, story.list(user, key)));
            realTime.examine(user, lists, operations);
            order.examine(user, lists, operations);
        });
    }

    private static CheckReport.Counts counts(
            RunStory story,
            SideState truth,
            long appended,
            LogExamination examination,
            Collection<TransactionLog> logs) {
        long[] outcomes = new long[Outcome.values().length];
        long asked = 0;
        long writes = 0;
        long fresh = 0;
        long routed = 0;
        for (Operation operation : story.operations().all()) {
            if (!operation.asked()) {
                continue;
            }
            asked++;
            outcomes[operation.outcome.ordinal()]++;
            if (operation.ok() && operation.writes()) {
                writes++;
            } else if (operation.ok() && operation.request instanceof Request.Read read) {
                fresh += read.mode() == ReadMode.FRESH ? 1 : 0;
                routed += read.mode() == ReadMode.ROUTED ? 1 : 0;
            }
        }
        return new CheckReport.Counts(
                asked,
                outcomes[Outcome.OK.ordinal()],
                outcomes[Outcome.FAIL.ordinal()],
                outcomes[Outcome.INFO.ordinal()],
                outcomes[Outcome.UNANSWERED.ordinal()],
                writes,
                appended,
                fresh,
                routed,
                story.faults().stream()
                        .filter(fault -> fault.phase() == Phase.BEGIN)
                        .count(),
                story.gates().size(),
                truth.coupons().size(),
                examination.counts(logs));
    }
}
