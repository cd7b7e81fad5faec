package dev.cutover.verifier.repair;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.Side;
import java.time.Instant;
import java.util.List;

/**
 * What a repair would write, as it was seen when the plan was made.
 *
 * @param header which migration, when and from what
 * @param rows one entry a row and database
 * @param left rows that differ and are left to people, each with the reason
 */
public record RepairPlan(Header header, List<RowRepair> rows, List<Left> left) {
    public RepairPlan {
        rows = List.copyOf(rows);
        left = List.copyOf(left);
    }

    /**
     * Under which a plan holds.
     *
     * @param planHash the plan file's
     * @param from the verification run, or the file, that named the differences
     * @param salt of every hash in it
     */
    public record Header(
            String migration,
            String planHash,
            Epoch epoch,
            Stage stage,
            Side truth,
            Instant createdAt,
            String from,
            String salt) {}

    /** A row that is not repaired, and why. */
    public record Left(String row, String why) {}

    /** One line an entry, keys only. */
    public List<String> lines() {
        return rows.stream()
                .map(row -> row.describe() + "  " + String.join(", ", row.kinds()))
                .toList();
    }

    /** The statements of every entry with their databases, in order; they hold values. */
    public List<String> statements() {
        return rows.stream()
                .flatMap(row -> row.statements().stream().map(sql -> row.database() + "  " + sql))
                .toList();
    }

    public int size() {
        return rows.size();
    }
}
