package dev.cutover.cli.step;

import dev.cutover.core.stage.ControlDatabase;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The stream keeps up; a lag nobody has seen is too much lag. */
final class LagGate {
    private LagGate() {}

    static Gate of(ControlDatabase control, Duration limit, String again) {
        Optional<WorkerView> worker = WorkerView.read(control);
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
