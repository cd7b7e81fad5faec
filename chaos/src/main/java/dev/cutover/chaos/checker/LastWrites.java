package dev.cutover.chaos.checker;

import dev.cutover.chaos.history.Side;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** When rows that differ in the end were last written on either side. Keeps those keys alone. Owned by one thread. */
final class LastWrites {
    private final Map<String, Long> micros = new HashMap<>();

    LastWrites(Collection<Difference> differences) {
        differences.forEach(difference -> micros.put(difference.key(), Long.MIN_VALUE));
    }

    void note(
            Side side,
            BankTable table,
            @Nullable RowImage before,
            @Nullable RowImage after,
            LoggedTransaction transaction) {
        if (micros.isEmpty()) {
            return;
        }
        for (RowImage row : new @Nullable RowImage[] {before, after}) {
            if (row != null) {
                micros.computeIfPresent(
                        table.key(side, row), (key, last) -> Math.max(last, transaction.committedMicros()));
            }
        }
    }

    /** Microseconds since 1970; empty when no binlog tells of the row. */
    OptionalLong of(Difference difference) {
        long last = micros.getOrDefault(difference.key(), Long.MIN_VALUE);
        return last == Long.MIN_VALUE ? OptionalLong.empty() : OptionalLong.of(last);
    }
}
