package dev.cutover.chaos.run;

import dev.cutover.core.failpoint.Failpoint;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which failpoints a run came by.
 *
 * @param missed by name
 */
public record FaultCoverage(int hit, int total, List<String> missed) {
    // The coupon service's own: the bank has no back office, no holds, no audiences, no codes and no recalls.
    private static final Pattern ELSEWHERE = Pattern.compile("(publish|adjust|use|issue|code|recall)\\..*");

    /** Of what the processes wrote down. */
    static FaultCoverage of(Set<String> seen) {
        List<String> words = Arrays.stream(Failpoint.values())
                .map(Failpoint::word)
                .filter(word -> !ELSEWHERE.matcher(word).matches())
                .toList();
        List<String> missed =
                words.stream().filter(word -> !seen.contains(word)).toList();
        int total = words.size();
        return new FaultCoverage(total - missed.size(), total, missed);
    }
}
