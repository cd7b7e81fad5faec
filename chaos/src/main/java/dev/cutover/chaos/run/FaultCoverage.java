package dev.cutover.chaos.run;

import dev.cutover.core.failpoint.Failpoint;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Which failpoints a run came by.
 *
 * @param missed by name
 */
public record FaultCoverage(int hit, int total, List<String> missed) {
    /** Of what the processes wrote down. */
    static FaultCoverage of(Set<String> seen) {
        List<String> missed = Arrays.stream(Failpoint.values())
                .map(Failpoint::word)
                .filter(word -> !seen.contains(word))
                .toList();
        int total = Failpoint.values().length;
        return new FaultCoverage(total - missed.size(), total, missed);
    }
}
