package dev.cutover.verifier;

import dev.cutover.core.row.RowKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One row that differs, by key and column names; never by value.
 *
 * @param table the table's name in the plan
 * @param sourceKey its key on OLD; null where the plan gives no way back from NEW
 * @param targetKey its key on NEW; null where it has none
 * @param database the fenced database on NEW
 * @param physicalTable the physical table there
 * @param kind what is wrong
 * @param hint what probably happened; empty when nothing obvious did
 * @param differingColumns names on NEW; empty unless the kind is DIFFERENT
 * @param certificate why it is not a change in flight
 * @param sourceSql shows the row on OLD in the NEW shape
 * @param targetSql shows the row on NEW
 */
public record Difference(
        String table,
        @Nullable RowKey sourceKey,
        @Nullable RowKey targetKey,
        String database,
        String physicalTable,
        DifferenceKind kind,
        String hint,
        List<String> differingColumns,
        Certificate certificate,
        String sourceSql,
        String targetSql) {
    public Difference {
        differingColumns = List.copyOf(differingColumns);
    }
}
