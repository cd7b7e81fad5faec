package dev.cutover.core.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a switch hands over under the closed fences, because it needs more than one row to compute.
 *
 * @param sequences id counters
 * @param stock remaining stock; null when nothing is counted
 */
public record Handover(List<Sequence> sequences, @Nullable Stock stock) {
    public Handover {
        sequences = List.copyOf(sequences);
    }
}
