package dev.cutover.cli.status;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.step.StageOrder;
import dev.cutover.cli.step.WorkerView;
import dev.cutover.core.stage.Event;
import dev.cutover.core.stage.Job;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.VerificationRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A status for people: a picture on a terminal, a line elsewhere. */
public final class StatusText {
    private StatusText() {}

    public static List<String> lines(StatusReport status, Console console) {
        Register register = status.register();
        List<String> lines = new ArrayList<>();
        Duration since = status.inStage();
        lines.add(console.strong(register.migration()) + "   stage "
                + register.stage().ordinal() + " of "
                + (Stage.values().length - 1) + "  "
                + console.strong(register.stage().name()) + "   "
                + (status.healthy() ? console.good("healthy") : console.bad("degraded")) + "   epoch "
                + register.epoch() + (since == null ? "" : "   " + Numbers.duration(since) + " in stage"));
        lines.add("  " + traffic(register));
        lines.add("  lag " + lag(status) + " · verify: " + verify(status) + " · back office "
                + (register.frozen() ? "frozen (" + status.plan().frozenTables().size() + " tables)" : "not frozen"));
        lines.add("  " + status.proofs().summary());
        lines.add("  stray writes "
                + (status.strays().isEmpty() ? "none" : status.strays().size() + " open"));
        lines.add("  proxies " + status.proxies().size() + " alive · workers "
                + status.workers().size() + " alive");
        lines.add("");
        for (Stage stage : Stage.values()) {
            lines.add("  " + stageLine(status, stage, console));
        }
        lines.addAll(copyLines(status));
        if (!status.warnings().isEmpty()) {
            lines.add("");
            status.warnings().forEach(warning -> lines.add("  " + console.bad("!") + " " + warning));
        }
        lines.add("");
        String next = status.next();
        lines.add(
                next == null
                        ? "Nothing is left to do."
                        : "Next:  cutover " + next + "   (" + StageOrder.why(register.stage()) + ")");
        return lines;
    }

    /** One line a tick, for logs and pipes. */
    public static String tick(StatusReport status) {
        Register register = status.register();
        StringBuilder line = new StringBuilder();
        line.append(Json.time(status.at()))
                .append(" stage=")
                .append(register.stage())
                .append(" epoch=")
                .append(register.epoch())
                .append(" truth=")
                .append(register.truth().name().toLowerCase(Locale.ROOT))
                .append(" mode=")
                .append(register.mode());
        status.worker().ifPresent(worker -> {
            long copied =
                    worker.tables().stream().mapToLong(WorkerView.Table::copied).sum();
            long total =
                    worker.tables().stream().mapToLong(WorkerView.Table::total).sum();
            if (total > 0) {
                line.append(" copied=").append(copied).append('/').append(total);
                line.append(String.format(Locale.ROOT, " pct=%.1f", 100.0 * copied / total));
            }
            Double rate = worker.rate();
            if (rate != null) {
                line.append(String.format(Locale.ROOT, " rate=%.0f/s", rate));
            }
        });
        line.append(" lag=").append(lag(status).replace(" ", ""));
        line.append(" verify=").append(status.verifyState());
        line.append(" proxies=").append(status.proxies().size());
        line.append(" state=").append(status.healthy() ? "healthy" : "degraded");
        if (!status.healthy()) {
            line.append(" reason=\"")
                    .append(String.join("; ", status.warnings()))
                    .append('"');
        }
        return line.toString();
    }

    private static String traffic(Register register) {
        String truth = register.truth().name().toLowerCase(Locale.ROOT);
        String other = register.truth().other().name().toLowerCase(Locale.ROOT);
        int moved = register.readPercent();
        return "truth " + truth + " · writes " + truth + (register.mirror() ? "→" + other + " (dual)" : " only")
                + " · reads " + truth + " " + (100 - moved) + " %, " + other + " " + moved + " %, shadow "
                + register.shadowPercent() + " %";
    }

    private static String lag(StatusReport status) {
        Double lag = status.worker().map(WorkerView::lagSeconds).orElse(null);
        return lag == null ? "unknown" : String.format(Locale.ROOT, "%.1f s", lag);
    }

    private static String verify(StatusReport status) {
        return status.verification()
                .map(run -> status.verifyState() + ", "
                        + Numbers.duration(Duration.between(run.finishedAt(), status.at())) + " ago, "
                        + Numbers.grouped(run.rowCount()) + " rows, " + differences(run))
                .orElse("never");
    }

    private static String differences(VerificationRecord run) {
        return run.verdict() == VerificationRecord.Verdict.EQUAL
                ? "clean"
                : Numbers.grouped(run.differences()) + " differences";
    }

    private static String stageLine(StatusReport status, Stage stage, Console console) {
        Stage now = status.register().stage();
        @Nullable Event event = status.reached().get(stage);
        String name = String.format(Locale.ROOT, "%-15s", stage.name());
        if (stage.compareTo(now) > 0 || event == null && stage != now && stage != Stage.PLANNED) {
            return console.faint("· " + name);
        }
        String when = event == null ? "" : event.at().toString().substring(11, 19) + "  " + event.summary();
        return (stage == now ? "◐ " : console.good("✔") + " ") + name + " " + when;
    }

    private static List<String> copyLines(StatusReport status) {
        List<String> lines = new ArrayList<>();
        if (status.copy()
                .map(Job::state)
                .filter(state -> state == Job.State.RUNNING)
                .isPresent()) {
            status.worker().ifPresent(worker -> {
                for (WorkerView.Table table : worker.tables()) {
                    String reason = table.reason();
                    lines.add(String.format(
                            Locale.ROOT,
                            "     %-20s %8s  %s / %s  %s%s",
                            table.name(),
                            Numbers.percent(Math.min(table.copied(), table.total()), table.total()),
                            Numbers.grouped(table.copied()),
                            Numbers.grouped(table.total()),
                            table.state().toLowerCase(Locale.ROOT),
                            reason == null ? "" : ": " + reason));
                }
            });
        }
        return lines;
    }
}
