package dev.cutover.verifier.repair;

import dev.cutover.core.row.StoredTable;
import java.util.List;
import java.util.Optional;

/**
 * What a repair would overwrite, whole.
 *
 * @param rows the entries of the repair's plan
 */
public record UndoPlan(RepairPlan.Header header, List<Undo> rows) {
    public UndoPlan {
        rows = List.copyOf(rows);
    }

    /**
     * One entry.
     *
     * @param before what stood at each of its places
     * @param statements what puts it back, for people
     */
    record Undo(RowRepair repair, List<Optional<Kept>> before, List<String> statements) {
        Undo {
            before = List.copyOf(before);
            statements = List.copyOf(statements);
        }
    }

    /** A whole row and the names of its columns. */
    record Kept(List<String> columns, StoredTable.Row row) {
        Kept {
            columns = List.copyOf(columns);
        }
    }

    /** One line an entry, keys only. */
    public List<String> lines() {
        return rows.stream()
                .map(row -> row.repair().describe() + "  "
                        + String.join(", ", row.repair().kinds()))
                .toList();
    }

    /** The statements of every entry with their databases, in order; they hold values. */
    public List<String> statements() {
        return rows.stream()
                .flatMap(
                        row -> row.statements().stream().map(sql -> row.repair().database() + "  " + sql))
                .toList();
    }

    public int size() {
        return rows.size();
    }
}
