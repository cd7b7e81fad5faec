package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.core.failpoint.Failpoints;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** When each point of a switch was reached, and how long nobody could write. Owned by one thread after the other. */
final class SwitchClock {
    private final Failpoints failpoints;
    private final Map<SwitchPoint, Long> reached = new EnumMap<>(SwitchPoint.class);
    private long pauseBegan;
    private Duration rehearsal = Duration.ZERO;

    SwitchClock(Failpoints failpoints) {
        this.failpoints = failpoints;
        reached.put(SwitchPoint.PREPARED, System.nanoTime());
    }

    void reached(SwitchPoint point) {
        reached.put(point, System.nanoTime());
        failpoints.hit(point.failpoint());
    }

    /** What a thread beside the others did is there too; its failpoint was on that thread. */
    void joined(SwitchPoint point) {
        reached.put(point, System.nanoTime());
    }

    /** So long a rehearsed close held up who began to write meanwhile; this is before the pause and not a part of it. */
    void rehearsed(Duration took) {
        rehearsal = took.compareTo(rehearsal) > 0 ? took : rehearsal;
    }

    /** The first close is about to be asked for. */
    void pauseBegins() {
        pauseBegan = System.nanoTime();
    }

    /** How long writers have been held up so far. */
    Duration pausedFor() {
        return Duration.ofNanos(System.nanoTime() - pauseBegan);
    }

    /** From the first close to the last open, as the coordinator saw it; zero when it did not come that far. */
    Duration pause() {
        @Nullable Long opened = reached.get(SwitchPoint.OPENED);
        return opened == null || pauseBegan == 0 ? Duration.ZERO : Duration.ofNanos(opened - pauseBegan);
    }

    /** Milliseconds from each point to the next. */
    Map<SwitchPoint, Long> millis() {
        Map<SwitchPoint, Long> millis = new EnumMap<>(SwitchPoint.class);
        @Nullable Long before = null;
        for (SwitchPoint point : SwitchPoint.values()) {
            @Nullable Long at = reached.get(point);
            if (at != null) {
                if (before != null) {
                    millis.put(point, Duration.ofNanos(at - before).toMillis());
                }
                before = at;
            }
        }
        return millis;
    }

    ObjectNode json() {
        ObjectNode node = Json.object();
        node.put("rehearsalMs", rehearsal.toMillis());
        node.put("pauseMs", pause().toMillis());
        ObjectNode steps = node.putObject("stepsMs");
        millis().forEach((point, value) -> steps.put(point.name(), value));
        return node;
    }

    String text() {
        StringBuilder text =
                new StringBuilder("rehearsed ").append(rehearsal.toMillis()).append(" ms");
        millis().forEach((point, value) -> text.append(", ")
                .append(point.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .append(' ')
                .append(value)
                .append(" ms"));
        return text.toString();
    }
}
