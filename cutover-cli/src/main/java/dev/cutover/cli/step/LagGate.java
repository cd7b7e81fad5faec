package dev.cutover.cli.step;

import dev.cutover.core.stage.ControlDatabase;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The stream keeps up; a lag nobody has seen is too much lag. */
final class LagGate {
    // A stream that has just begun, or a burst, is over in seconds; to refuse at once would only make somebody type the
    // command again.
    static final Duration PATIENCE = Duration.ofSeconds(20);
    static final Duration ASK_AGAIN = Duration.ofMillis(200);

    private LagGate() {}

    /** Waits a while for a stream that is behind; not for one that is broken, or for a worker that is not there. */
    static Gate of(ControlDatabase control, Duration limit, String again) {
        Gate[] last = new Gate[1];
        Waiting.until(PATIENCE, ASK_AGAIN, () -> {
            Optional<WorkerView> worker = WorkerView.read(control);
            last[0] = judge(worker, limit, again);
            boolean broken =
                    worker.map(seen -> seen.trouble().contains(" is stopped")).orElse(true);
            return last[0].met() || broken;
        });
        return last[0];
    }

    /** Whether the streams are, or come, within the limit in the time given. */
    static boolean await(ControlDatabase control, Duration limit, Duration bound) {
        return Waiting.until(
                bound,
                ASK_AGAIN,
                () -> judge(WorkerView.read(control), limit, "").met());
    }

    private static Gate judge(Optional<WorkerView> worker, Duration limit, String again) {
        @Nullable Double lag = worker.map(WorkerView::lagSeconds).orElse(null);
        double seconds = limit.toMillis() / 1000.0;
        String fix = "wait, then  cutover " + again;
        if (lag == null) {
            String trouble = worker.map(WorkerView::trouble).orElse("");
            return Gate.unmet("lag", trouble.isEmpty() ? "no worker has reported the lag of the stream" : trouble, fix);
        }
        return Gate.of("lag", lag <= seconds, String.format(Locale.ROOT, "%.1f s, limit %.1f s", lag, seconds), fix);
    }
}
