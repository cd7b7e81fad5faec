package dev.cutover.core.model;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What TLC found.
 *
 * @param clean TLC says that it has seen every reachable state and found nothing
 * @param violated the name of the violated invariant, or {@link #TEMPORAL}
 * @param distinctStates how many states it has seen
 * @param output all it printed, with the trace that leads to a violation
 */
record ModelVerdict(
        boolean clean, Optional<String> violated, OptionalLong distinctStates, Duration took, String output) {
    /** TLC does not name the temporal property that is violated; a run that expects this checks one property alone. */
    static final String TEMPORAL = "temporal property";

    private static final String CLEAN = "Model checking completed. No error has been found.";
    private static final Pattern INVARIANT = Pattern.compile("Error: (?:Invariant|Action property) (\\w+) is violated");
    private static final Pattern STATES =
            Pattern.compile("^\\d+ states generated, (\\d+) distinct states found", Pattern.MULTILINE);

    static ModelVerdict of(String output, Duration took) {
        Matcher invariant = INVARIANT.matcher(output);
        Optional<String> violated = invariant.find()
                ? Optional.of(invariant.group(1))
                : output.contains("Temporal properties were violated") ? Optional.of(TEMPORAL) : Optional.empty();
        Matcher states = STATES.matcher(output);
        OptionalLong distinct = states.find() ? OptionalLong.of(Long.parseLong(states.group(1))) : OptionalLong.empty();
        return new ModelVerdict(output.contains(CLEAN), violated, distinct, took, output);
    }

    String lastLines() {
        int keep = 6_000;
        return output.length() <= keep ? output : "…" + output.substring(output.length() - keep);
    }
}
