package dev.cutover.verifier.reveal;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.SqlCondition;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.VerificationFailedException;
import dev.cutover.verifier.grid.ColumnType;
import dev.cutover.verifier.grid.ComparedTable;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads differing rows on both sides, through the plan and not through the statements of the report: a text somebody changed in the control
 * database is never run. Owned by one thread.
 */
public final class Reveal {
    private static final int MOST_BYTES = 1_024;

    private final MigrationPlan plan;
    private final Topology topology;
    private final Map<String, ComparedTable> tables = new HashMap<>();

    public Reveal(MigrationPlan plan, Topology topology) {
        this.plan = plan;
        this.topology = topology;
    }

    /** The rows of the first {@code most} differences by their place in the list; rows of the quarantine have no two sides to show. */
    public Map<Integer, RevealedRow> rows(List<Difference> differences, int most) {
        Map<Integer, RevealedRow> rows = new LinkedHashMap<>();
        for (int i = 0; i < Math.min(most, differences.size()); i++) {
            int place = i;
            row(differences.get(i)).ifPresent(row -> rows.put(place, row));
        }
        return rows;
    }

    private Optional<RevealedRow> row(Difference difference) {
        RowKey targetKey = difference.targetKey();
        if (difference.kind() == DifferenceKind.QUARANTINE || targetKey == null) {
            return Optional.empty();
        }
        ComparedTable table = tables.computeIfAbsent(difference.table(), this::table);
        int slot = slot(table, difference);
        if (slot < 0) {
            return Optional.empty();
        }
        List<ComparedTable.Column> shown = new ArrayList<>();
        List<String> masked = new ArrayList<>();
        for (ComparedTable.Column column : table.columns()) {
            if (plan.verify().masks(table.name(), column.name())) {
                masked.add(column.name());
            } else {
                shown.add(column);
            }
        }
        List<String> fromSource = new ArrayList<>(List.of("1"));
        List<String> fromTarget = new ArrayList<>(List.of("1"));
        for (ComparedTable.Column column : shown) {
            // The hash says whether it differs; of the value no more is read than is shown.
            fromSource.add("SHA2(" + column.sourceText() + ", 256)");
            fromSource.add(value(column.sourceExpression(), column.type()));
            fromTarget.add("SHA2(" + column.targetText() + ", 256)");
            fromTarget.add(value(column.targetExpression(), column.type()));
        }
        RowKey sourceKey = difference.sourceKey();
        List<@Nullable String> source = sourceKey == null
                ? List.of()
                : values(
                        DatabaseId.OLD,
                        fromSource,
                        table.sourceFrom(),
                        table.projection().sourceKeysCondition(List.of(sourceKey)),
                        table.name());
        List<@Nullable String> target = values(
                table.databaseOf(slot), fromTarget, table.targetFrom(slot), condition(table, targetKey), table.name());
        boolean both = !source.isEmpty() && !target.isEmpty();
        List<RevealedRow.Column> columns = new ArrayList<>();
        for (int i = 0; i < shown.size(); i++) {
            int hash = 1 + 2 * i;
            if (!both || shown.get(i).key() || !Objects.equals(source.get(hash), target.get(hash))) {
                columns.add(new RevealedRow.Column(
                        shown.get(i).name(),
                        source.isEmpty() ? null : cut(source.get(hash + 1)),
                        target.isEmpty() ? null : cut(target.get(hash + 1))));
            }
        }
        return Optional.of(new RevealedRow(!source.isEmpty(), !target.isEmpty(), columns, masked));
    }

    private ComparedTable table(String name) {
        try {
            return ComparedTable.read(topology, Projection.forward(topology, plan.table(name)), "reveal");
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "The columns of " + name + " could not be described (" + e.getMessage()
                            + "), so no value is shown. Mend the cause, or write the report without --reveal.",
                    e);
        }
    }

    private static int slot(ComparedTable table, Difference difference) {
        for (int slot = 0; slot < table.slots(); slot++) {
            if (table.databaseOf(slot).name().equals(difference.database())
                    && table.physicalTable(slot).equals(difference.physicalTable())) {
                return slot;
            }
        }
        return -1;
    }

    private static SqlCondition condition(ComparedTable table, RowKey targetKey) {
        return new SqlCondition(
                table.projection().targetKeyColumns().stream()
                        .map(column -> Identifier.quote(column) + " = ?")
                        .collect(Collectors.joining(" AND ")),
                table.targetKeyParameters(targetKey));
    }

    // One character more than is shown, so that a cut can be told.
    private static String value(String expression, ColumnType type) {
        return switch (type.family()) {
            case BITS -> "CONCAT('0x', HEX(" + expression + " + 0))";
            case BINARY -> "CONCAT('0x', HEX(LEFT(" + expression + ", " + MOST_BYTES + ")))";
            default -> "LEFT(CONVERT((" + expression + ") USING utf8mb4), " + (MOST_BYTES + 1) + ")";
        };
    }

    static @Nullable String cut(@Nullable String value) {
        if (value == null || value.getBytes(StandardCharsets.UTF_8).length <= MOST_BYTES) {
            return value;
        }
        StringBuilder kept = new StringBuilder();
        int bytes = 0;
        for (int codePoint : value.codePoints().toArray()) {
            bytes += Character.toString(codePoint).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MOST_BYTES) {
                break;
            }
            kept.appendCodePoint(codePoint);
        }
        return kept + " … (cut at 1 KB)";
    }

    private List<@Nullable String> values(
            DatabaseId database, List<String> fields, String from, SqlCondition condition, String name) {
        String sql = "SELECT /*+ MAX_EXECUTION_TIME(10000) */ " + String.join(", ", fields) + " FROM " + from
                + " WHERE " + condition.sql();
        try (Connection connection = topology.database(database).getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            condition.bind(statement, 1);
            try (ResultSet result = statement.executeQuery()) {
                if (!result.next()) {
                    return List.of();
                }
                List<@Nullable String> values = new ArrayList<>();
                for (int i = 1; i <= fields.size(); i++) {
                    values.add(result.getString(i));
                }
                return Collections.unmodifiableList(values);
            }
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "A differing row of " + name + " could not be read on "
                            + topology.endpoint(database).describe() + " (" + e.getMessage()
                            + "), so no value is shown. Mend the cause, or write the report without --reveal.",
                    e);
        }
    }
}
