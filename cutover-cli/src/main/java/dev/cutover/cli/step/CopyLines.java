package dev.cutover.cli.step;

import dev.cutover.cli.console.Numbers;
import dev.cutover.migrator.Progress;
import dev.cutover.migrator.ProgressListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The progress of a copy, a line a table. */
final class CopyLines {
    private static final int BAR = 20;

    private CopyLines() {}

    static ProgressListener listener(Narrator narrator) {
        return progress -> {
            List<String> lines = new ArrayList<>();
            for (Progress table : progress) {
                lines.add(
                        line(table.table(), table.copied(), table.total(), table.state(), table.reason(), table.eta()));
            }
            narrator.progress(lines);
        };
    }

    static List<String> of(WorkerView worker) {
        List<String> lines = new ArrayList<>();
        Double eta = worker.etaSeconds();
        Duration left = eta == null ? null : Duration.ofMillis((long) (eta * 1_000));
        for (WorkerView.Table table : worker.tables()) {
            lines.add(line(table.name(), table.copied(), table.total(), table.state(), table.reason(), left));
        }
        return lines;
    }

    static String line(
            String table, long copied, long total, String state, @Nullable String reason, @Nullable Duration eta) {
        boolean done = total > 0 && copied >= total;
        return String.format(
                Locale.ROOT,
                "  %-20s %8s  %s %s / %s  %s%s%s",
                table,
                Numbers.percent(Math.min(copied, total), total),
                bar(copied, total),
                Numbers.grouped(copied),
                Numbers.grouped(total),
                state.toLowerCase(Locale.ROOT),
                reason == null ? "" : ": " + reason,
                eta == null || done ? "" : "  ETA " + Numbers.duration(eta));
    }

    private static String bar(long copied, long total) {
        int filled = total == 0 ? BAR : (int) Math.min(BAR, BAR * copied / total);
        return "▕" + "█".repeat(filled) + " ".repeat(BAR - filled) + "▏";
    }
}
