package dev.cutover.cli.step;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Side;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.Verifier;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares the newest rows of every dynamic table under the closed fences, value by value.
 *
 * <p>The drain proves that every write has been applied and the grid proved, minutes ago, that what is applied is equal. What neither has
 * seen is the last moment: so the rows with the highest keys on OLD are compared once more where nothing moves. They are few because
 * writers wait meanwhile.
 */
final class FinalCheck {
    private static final int ROWS_A_TABLE = 40;

    private final StepContext context;
    private final Verifier verifier;

    FinalCheck(StepContext context) {
        this.context = context;
        this.verifier = new Verifier(context.plan(), context.topology(), context.control());
    }

    /** Before the pause. */
    void prepare() throws SQLException {
        newestKeys();
    }

    /** Returns how many rows were compared; stops the switch when one differs. */
    int run(Side to) throws SQLException {
        Map<String, Set<RowKey>> keys = newestKeys();
        int rows = keys.values().stream().mapToInt(Set::size).sum();
        if (rows == 0) {
            return 0;
        }
        VerificationReport report = verifier.verifyKeys(keys);
        if (!VerificationRows.equal(report)) {
            throw new SwitchStoppedException(
                    "The newest rows differ between old and new (switching to " + to + ").",
                    VerificationRows.lines(report, 10));
        }
        return rows;
    }

    private Map<String, Set<RowKey>> newestKeys() throws SQLException {
        Map<String, Set<RowKey>> keys = new LinkedHashMap<>();
        try (Connection old = context.topology().database(DatabaseId.OLD).getConnection()) {
            for (TablePlan table : context.plan().dynamicTables()) {
                keys.put(table.name(), newest(old, table));
            }
        }
        return keys;
    }

    private static Set<RowKey> newest(Connection old, TablePlan table) throws SQLException {
        List<String> columns = table.fromKey().stream().map(Identifier::quote).toList();
        List<String> descending =
                columns.stream().map(column -> column + " DESC").toList();
        Set<RowKey> keys = new LinkedHashSet<>();
        try (Statement statement = old.createStatement();
                ResultSet rows = statement.executeQuery("SELECT " + String.join(", ", columns) + " FROM "
                        + Identifier.quote(table.fromTable()) + " ORDER BY " + String.join(", ", descending) + " LIMIT "
                        + ROWS_A_TABLE)) {
            while (rows.next()) {
                List<String> parts = new ArrayList<>();
                for (int column = 1; column <= columns.size(); column++) {
                    parts.add(String.valueOf(rows.getString(column)));
                }
                keys.add(new RowKey(parts));
            }
        }
        return keys;
    }
}
