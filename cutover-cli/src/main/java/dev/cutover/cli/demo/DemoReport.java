package dev.cutover.cli.demo;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a demo proved.
 *
 * @param failedRequests requests of the load without an answer in time, or with an answer that the truth does not explain
 * @param lostAcknowledgedWrites writes that were acknowledged and are not there as acknowledged
 * @param rowsMigrated rows copied
 * @param exceptionsExpected rows planted that cannot be mapped
 * @param exceptionsReported rows found in quarantine
 * @param exceptionsMatch whether they are the same rows with the same reasons
 * @param cellsCompared of all verifications
 * @param differences of the last verification
 * @param switchPauseMillis the longest pause writers saw at a switch to new
 * @param rollbackPauseMillis the longest pause writers saw at the rollback
 * @param copyRowsPerSecond rows of dynamic tables by the time their copy took
 * @param stages how long each stage took
 * @param broken what was wrong, a sentence each
 */
public record DemoReport(
        long failedRequests,
        long lostAcknowledgedWrites,
        long rowsMigrated,
        long exceptionsExpected,
        long exceptionsReported,
        boolean exceptionsMatch,
        long cellsCompared,
        long differences,
        long switchPauseMillis,
        long rollbackPauseMillis,
        long copyRowsPerSecond,
        List<StageTime> stages,
        List<String> broken) {
    public DemoReport {
        stages = List.copyOf(stages);
        broken = List.copyOf(broken);
    }

    /** How long one command took, and how many writes were acknowledged meanwhile. */
    public record StageTime(String stage, double seconds, long writes) {}

    /** Whether every promise was kept. */
    public boolean proven() {
        return failedRequests == 0
                && lostAcknowledgedWrites == 0
                && exceptionsMatch
                && differences == 0
                && rowsMigrated > 0
                && broken.isEmpty();
    }

    public ObjectNode json() {
        ObjectNode node = Json.object();
        node.put("failedRequests", failedRequests);
        node.put("lostAcknowledgedWrites", lostAcknowledgedWrites);
        node.put("rowsMigrated", rowsMigrated);
        node.put("exceptionsExpected", exceptionsExpected);
        node.put("exceptionsReported", exceptionsReported);
        node.put("cellsCompared", cellsCompared);
        node.put("differences", differences);
        node.putObject("longestWritePauseMs").put("switch", switchPauseMillis).put("rollback", rollbackPauseMillis);
        node.put("copyRowsPerSecond", copyRowsPerSecond);
        ArrayNode times = node.putArray("stages");
        stages.forEach(time -> times.addObject()
                .put("stage", time.stage())
                .put("seconds", Math.round(time.seconds() * 100) / 100.0)
                .put("writes", time.writes()));
        return node;
    }

    public List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add(line("failed requests", Numbers.grouped(failedRequests), failedRequests == 0));
        lines.add(
                line("lost acknowledged writes", Numbers.grouped(lostAcknowledgedWrites), lostAcknowledgedWrites == 0));
        lines.add(line("rows migrated", Numbers.grouped(rowsMigrated), rowsMigrated > 0));
        lines.add(line(
                "rows kept out, expected / reported",
                Numbers.grouped(exceptionsExpected) + " / " + Numbers.grouped(exceptionsReported),
                exceptionsMatch));
        lines.add(line("cells compared", Numbers.grouped(cellsCompared), cellsCompared > 0));
        lines.add(line("differences", Numbers.grouped(differences), differences == 0));
        lines.add(line("longest write pause, switch", switchPauseMillis + " ms", true));
        lines.add(line("longest write pause, rollback", rollbackPauseMillis + " ms", true));
        lines.add(line("rows copied a second", Numbers.grouped(copyRowsPerSecond), true));
        for (StageTime time : stages) {
            lines.add(String.format(
                    Locale.ROOT,
                    "      %-34s %8.1f s  %8s writes",
                    time.stage(),
                    time.seconds(),
                    Numbers.grouped(time.writes())));
        }
        broken.forEach(sentence -> lines.add("  ✘ " + sentence));
        return lines;
    }

    private static String line(String name, String value, boolean good) {
        return String.format(Locale.ROOT, "  %s %-36s %14s", good ? "✔" : "✘", name, value);
    }
}
