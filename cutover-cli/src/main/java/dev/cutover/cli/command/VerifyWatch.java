package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.VerificationRows;
import dev.cutover.core.stage.Lease;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.VerifyListener;
import dev.cutover.verifier.watch.BackgroundPass;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Pass after pass until it is ended: a line a pass where nobody watches, a picture on a terminal. Run by one thread, ended by another. */
final class VerifyWatch {
    private static final String LEASE = "verify-watch";
    private static final Duration VALIDITY = Duration.ofSeconds(30);
    private static final Duration TURN = Duration.ofMillis(500);
    private static final Duration AFTER_A_FAILURE = Duration.ofSeconds(30);
    private static final int SHOWN = 5;

    private final Migration migration;
    private final Console console;
    private final Schedule schedule;
    private final BackgroundPass pass;
    private final CountDownLatch ending = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);

    // Owned by the thread in run().
    private final Deque<String> last = new ArrayDeque<>();
    private int drawn;
    private int passes;
    private int equal;
    private int different;
    private int undecided;

    /**
     * When, how long and of what.
     *
     * @param limit null is until it is ended
     * @param keepGoing whether a difference ends it
     */
    record Schedule(Duration every, @Nullable Duration limit, Set<String> tables, boolean keepGoing) {}

    VerifyWatch(Migration migration, Console console, Schedule schedule) {
        this.migration = migration;
        this.console = console;
        this.schedule = schedule;
        this.pass = new BackgroundPass(migration.topology(), migration.control(), "watch", Optional::empty);
    }

    /** Runs passes; gives the exit code. */
    int run() {
        Lease lease = migration
                .control()
                .tryLease(LEASE, migration.actor(), VALIDITY)
                .orElseThrow(() -> new CommandFailedException(
                        Problem.LOCK_HELD,
                        "Somebody watches already: "
                                + migration
                                        .control()
                                        .lease(LEASE)
                                        .map(Lease::owner)
                                        .orElse("one who has just ended") + ".",
                        "cutover status   shows what is proven"));
        try {
            long begun = System.nanoTime();
            long nextAt = begun;
            while (true) {
                long now = System.nanoTime();
                if (now - nextAt >= 0) {
                    lease = held(lease);
                    Duration until = once();
                    if (different > 0 && !schedule.keepGoing()) {
                        break;
                    }
                    nextAt = System.nanoTime() + until.toNanos();
                }
                lease = held(lease);
                Duration limit = schedule.limit();
                if (over(limit, begun) || ended(TURN)) {
                    break;
                }
                picture("next pass in " + Numbers.duration(Duration.ofNanos(Math.max(0, nextAt - System.nanoTime()))));
            }
        } finally {
            migration.control().release(lease);
        }
        summary();
        return exitCode();
    }

    /** What it has found so far. */
    int exitCode() {
        return (different > 0 ? ExitCode.DIFFERENCES : ExitCode.DONE).number();
    }

    private static boolean over(@Nullable Duration limit, long begun) {
        return limit != null && System.nanoTime() - begun >= limit.toNanos();
    }

    private boolean ended(Duration wait) {
        try {
            return ending.await(wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    // A pass may take longer than the lease is good for: then it is taken again, unless somebody else watches by now.
    private Lease held(Lease lease) {
        return migration
                .control()
                .renew(lease, VALIDITY)
                .or(() -> migration.control().tryLease(LEASE, migration.actor(), VALIDITY))
                .orElseThrow(() -> new CommandFailedException(
                        Problem.LOCK_HELD, "Somebody else watches by now.", "cutover status   shows what is proven"));
    }

    /** One pass; gives how long to wait for the next. */
    private Duration once() {
        VerifyListener listener = progress -> picture(String.format(
                Locale.ROOT,
                "%s: %d of %d ranges, %s rows",
                progress.table(),
                progress.rangesDone(),
                progress.ranges(),
                Numbers.grouped(progress.rows())));
        BackgroundPass.Outcome outcome =
                pass.run(schedule.tables(), console.redraws() ? listener : VerifyListener.SILENT);
        if (outcome.kind() == BackgroundPass.Kind.STOPPED && ending.getCount() == 0) {
            return schedule.every();
        }
        passes++;
        VerificationReport report = outcome.report();
        boolean sure = false;
        if (report == null || report.verdict() == Verdict.INCONCLUSIVE) {
            undecided++;
        } else if (report.verdict() == Verdict.EQUAL) {
            equal++;
            sure = true;
        } else {
            different++;
            sure = true;
        }
        show(outcome);
        return sure || schedule.every().compareTo(AFTER_A_FAILURE) < 0 ? schedule.every() : AFTER_A_FAILURE;
    }

    private void show(BackgroundPass.Outcome outcome) {
        VerificationReport report = outcome.report();
        String verdict =
                report == null ? outcome.kind().name() : report.verdict().name();
        String line = Json.time(Instant.now()) + " pass=" + passes + " verdict=" + verdict
                + (report == null
                        ? " reason=\"" + outcome.sentence() + "\""
                        : " rows=" + report.rowsCompared() + " cells=" + report.cells() + " differences="
                                + report.differenceCount() + " run=" + report.runId())
                + String.format(Locale.ROOT, " took=%.1fs", outcome.took().toMillis() / 1_000.0);
        ObjectNode body = Json.object();
        body.put("pass", passes);
        body.put("verdict", verdict);
        body.put("reason", outcome.sentence().isEmpty() ? null : outcome.sentence());
        body.put("runId", report == null ? null : report.runId());
        body.put("rowsCompared", report == null ? 0 : report.rowsCompared());
        body.put("cellsCompared", report == null ? 0 : report.cells());
        body.put("differences", report == null ? 0 : report.differenceCount());
        body.put("seconds", outcome.took().toMillis() / 1_000.0);
        List<String> rows = report == null ? List.of() : VerificationRows.lines(report, 10);
        body.set("rows", Json.array(rows));
        body.set("unsettled", Json.array(report == null ? List.of() : report.unsettled()));
        if (console.redraws()) {
            List<String> entry = new ArrayList<>(List.of(line));
            rows.forEach(row -> entry.add("    " + row));
            last.add(String.join("\n", entry));
            if (last.size() > SHOWN) {
                last.removeFirst();
            }
            picture("");
            return;
        }
        console.result("VerificationPass", migration.plan().migration(), body, to -> {
            to.line(line);
            rows.forEach(row -> to.line("  " + row));
        });
    }

    private synchronized void picture(String now) {
        if (!console.redraws()) {
            return;
        }
        List<String> lines = new ArrayList<>();
        lines.add(migration.plan().migration() + "  verified every " + Numbers.duration(schedule.every())
                + "   Ctrl-C ends it after the range in hand");
        last.forEach(entry -> lines.addAll(List.of(entry.split("\n", -1))));
        lines.add("  " + now);
        console.rewind(drawn);
        console.lines(lines);
        drawn = lines.size();
    }

    private void summary() {
        ObjectNode body = Json.object();
        body.put("passes", passes);
        body.put("equal", equal);
        body.put("different", different);
        body.put("undecided", undecided);
        console.result(
                "VerificationWatch",
                migration.plan().migration(),
                body,
                to -> to.line(passes + (passes == 1 ? " pass: " : " passes: ") + equal + " equal, " + different
                        + " different, " + undecided + " undecided."
                        + (different > 0 ? "  cutover verify show   names the rows" : "")));
    }

    /** Lets {@link #run} end soon, with its summary. */
    void end() {
        pass.end();
        ending.countDown();
    }

    /** Everything is said and given back. */
    void finished() {
        finished.countDown();
    }

    boolean awaitFinished(Duration bound) throws InterruptedException {
        return finished.await(bound.toMillis(), TimeUnit.MILLISECONDS);
    }
}
