package dev.cutover.verifier;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.RowKey;
import java.util.List;

/** Holds ranges to what they promise: all keys, each once. */
final class Coverage {
    private Coverage() {}

    /** The ranges as they are; refuses none at all, a gap, an overlap, or a closed end. */
    static List<KeyRange> requireWhole(String table, List<KeyRange> ranges) {
        boolean whole = !ranges.isEmpty()
                && ranges.get(0).lo() == null
                && ranges.get(ranges.size() - 1).hi() == null;
        for (int i = 1; whole && i < ranges.size(); i++) {
            RowKey end = ranges.get(i - 1).hi();
            whole = end != null && end.equals(ranges.get(i).lo());
        }
        if (!whole) {
            throw new VerificationFailedException("The key ranges of " + table + " do not cover all keys exactly once: "
                    + ranges + ". This is a defect of Cutover; do not go on.");
        }
        return ranges;
    }
}
