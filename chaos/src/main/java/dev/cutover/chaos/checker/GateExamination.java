package dev.cutover.chaos.checker;

import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.Phase;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * I13: the verifier was honest. It said DIFFERENT only while a corruption was planted, never said EQUAL over one, and never passed over a
 * difference that was there when it looked and is there in the end. Owned by one thread.
 */
final class GateExamination {
    private static final long UNKNOWN_LENGTH_MILLIS = 60_000;

    private final RunStory story;
    private final Findings findings;

    GateExamination(RunStory story, Findings findings) {
        this.story = story;
        this.findings = findings;
    }

    void examine(List<Difference> differences, LastWrites lastWrites) {
        for (HistoryRecord.Gate gate : story.gates()) {
            HistoryRecord.Command began = began(gate);
            // Who does not say when he began to look is taken to have looked for a minute.
            long since = began == null ? gate.wall() - UNKNOWN_LENGTH_MILLIS : began.wall();
            boolean equal = gate.verdict().equals("EQUAL");
            boolean different = gate.verdict().equals("DIFFERENT");
            if (different && !planted(since, gate.wall(), false)) {
                findings.add("I13", "the verifier finds no difference where none was planted", () -> "" + gate);
            }
            if (equal && planted(since, gate.wall(), true)) {
                findings.add("I13", "the verifier finds what was planted", () -> "" + gate);
            }
            if (equal) {
                for (Difference difference : differences) {
                    OptionalLong last = lastWrites.of(difference);
                    if (last.isPresent() && last.getAsLong() < since * 1000) {
                        findings.add(
                                "I13",
                                "the verifier passes over no difference",
                                () -> gate + " although " + difference + ", last written at " + last.getAsLong()
                                        + " us");
                    }
                }
            }
        }
    }

    // The last verification that began before the verdict.
    private HistoryRecord.@Nullable Command began(HistoryRecord.Gate gate) {
        HistoryRecord.Command found = null;
        for (HistoryRecord.Command command : story.commands()) {
            if (command.phase() == Phase.BEGIN
                    && command.words().startsWith("verify")
                    && command.at() <= gate.at()
                    && (found == null || command.at() > found.at())) {
                found = command;
            }
        }
        return found;
    }

    // Whether a corruption was there at some moment, or all the time, between two others.
    private boolean planted(long since, long until, boolean throughout) {
        for (HistoryRecord.Fault fault : story.faults()) {
            if (fault.phase() != Phase.BEGIN || !fault.kind().startsWith("corrupt")) {
                continue;
            }
            long removed = story.faults().stream()
                    .filter(end ->
                            end.phase() == Phase.END && end.kind().equals(fault.kind()) && end.at() >= fault.at())
                    .mapToLong(HistoryRecord.Fault::wall)
                    .min()
                    .orElse(Long.MAX_VALUE);
            if (throughout ? fault.wall() < since && removed > until : fault.wall() <= until && removed >= since) {
                return true;
            }
        }
        return false;
    }
}
