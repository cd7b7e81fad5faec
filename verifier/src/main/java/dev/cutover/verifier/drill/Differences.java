package dev.cutover.verifier.drill;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.SqlCondition;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.verifier.Certificate;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.VerificationFailedException;
import dev.cutover.verifier.grid.ColumnType;
import dev.cutover.verifier.grid.ComparedTable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Gives certified suspects a name: the kind, the columns, a hint, and statements that show the row. Safe for many threads. */
public final class Differences {
    private final RowSides sides;
    private final int detailed;

    /**
     * @param detailed rows whose columns are compared one by one; the others are named by key only
     */
    public Differences(RowSides sides, int detailed) {
        this.sides = sides;
        this.detailed = detailed;
    }

    /** The differences behind certified suspects: one a row and place. */
    public List<Difference> name(Map<Suspect, Certificate> certified) {
        Map<RowKey, Sighting> onSource = new HashMap<>();
        sides.sourceByKeys(certified.keySet().stream()
                        .map(Suspect::sourceKey)
                        .filter(Objects::nonNull)
                        .collect(Collectors.toSet()))
                .forEach(sighting -> onSource.put(sighting.sourceKey(), sighting));
        Map<Object, List<Suspect>> byRow = certified.keySet().stream()
                .collect(Collectors.groupingBy(
                        suspect -> suspect.sourceKey() == null ? suspect : suspect.sourceKey(),
                        java.util.LinkedHashMap::new,
                        Collectors.toList()));
        List<Difference> differences = new ArrayList<>();
        byRow.values().forEach(suspects -> row(suspects, certified, onSource, differences));
        return differences;
    }

    private void row(
            List<Suspect> suspects,
            Map<Suspect, Certificate> certified,
            Map<RowKey, Sighting> onSource,
            List<Difference> differences) {
        Optional<Suspect> missing = suspects.stream()
                .filter(suspect -> certificate(certified, suspect).targetHash() == null)
                .findFirst();
        boolean elsewhere = suspects.stream()
                .anyMatch(suspect -> certificate(certified, suspect).sourceHash() == null);
        for (Suspect suspect : suspects) {
            Certificate certificate = certificate(certified, suspect);
            if (certificate.targetHash() == null) {
                // A row that stands in a wrong table is one difference, named where it was found.
                if (!elsewhere) {
                    differences.add(difference(suspect, certificate, DifferenceKind.MISSING, "missing", List.of()));
                }
            } else if (certificate.sourceHash() == null) {
                Sighting source = suspect.sourceKey() == null ? null : onSource.get(suspect.sourceKey());
                differences.add(notExpected(suspect, certificate, missing, source));
            } else if (certificate.sourceHash().equals(certificate.targetHash())) {
                differences.add(difference(
                        suspect,
                        certificate,
                        DifferenceKind.MISROUTED,
                        "misrouted: its shard key belongs to another table on both sides",
                        List.of()));
            } else {
                List<ColumnPair> pairs = differences.size() < detailed ? pairs(suspect) : List.of();
                differences.add(difference(
                        suspect,
                        certificate,
                        DifferenceKind.DIFFERENT,
                        Hints.of(pairs),
                        pairs.stream().map(ColumnPair::name).toList()));
            }
        }
    }

    private static Certificate certificate(Map<Suspect, Certificate> certified, Suspect suspect) {
        return Objects.requireNonNull(certified.get(suspect));
    }

    private Difference notExpected(
            Suspect suspect, Certificate certificate, Optional<Suspect> missing, @Nullable Sighting source) {
        if (missing.isPresent()) {
            return difference(
                    suspect,
                    certificate,
                    DifferenceKind.MISROUTED,
                    "misrouted: belongs to " + place(missing.get().slot()),
                    List.of());
        }
        if (source == null) {
            return difference(suspect, certificate, DifferenceKind.EXTRA, "extra", List.of());
        }
        if (source.slot() < 0) {
            return difference(
                    suspect, certificate, DifferenceKind.EXTRA, "extra: its row on OLD is rejected", List.of());
        }
        return difference(
                suspect,
                certificate,
                DifferenceKind.DUPLICATE,
                "duplicate: the row also stands in " + place(source.slot()),
                List.of());
    }

    private String place(int slot) {
        return table().databaseOf(slot) + "." + table().physicalTable(slot);
    }

    private ComparedTable table() {
        return sides.table();
    }

    private Difference difference(
            Suspect suspect, Certificate certificate, DifferenceKind kind, String hint, List<String> columns) {
        return new Difference(
                table().name(),
                suspect.sourceKey(),
                suspect.targetKey(),
                table().databaseOf(suspect.slot()).name(),
                table().physicalTable(suspect.slot()),
                kind,
                hint,
                columns,
                certificate,
                sourceSql(suspect.sourceKey(), columns),
                targetSql(suspect, columns));
    }

    private String sourceSql(@Nullable RowKey key, List<String> columns) {
        if (key == null) {
            return "";
        }
        List<String> names = columns.isEmpty() ? table().projection().comparedColumns() : columns;
        String alias = table().projection().alias();
        return "SELECT "
                + names.stream()
                        .map(name -> table().projection().selectExpression(name) + " AS " + Identifier.quote(name))
                        .collect(Collectors.joining(", "))
                + " FROM " + table().projection().fromClause() + " WHERE "
                + where(
                        table().projection().sourceKeyColumns().stream()
                                .map(column -> alias + "." + Identifier.quote(column))
                                .toList(),
                        key);
    }

    private String targetSql(Suspect suspect, List<String> columns) {
        List<String> names = columns.isEmpty() ? table().projection().comparedColumns() : columns;
        String schema =
                sides.topology().endpoint(table().databaseOf(suspect.slot())).schema();
        return "SELECT " + names.stream().map(Identifier::quote).collect(Collectors.joining(", ")) + " FROM "
                + Identifier.quote(schema) + "." + Identifier.quote(table().physicalTable(suspect.slot())) + " WHERE "
                + where(
                        table().projection().targetKeyColumns().stream()
                                .map(Identifier::quote)
                                .toList(),
                        suspect.targetKey());
    }

    private static String where(List<String> columns, RowKey key) {
        List<String> conditions = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            conditions.add(
                    columns.get(i) + " = " + KeyLiteral.literal(key.parts().get(i)));
        }
        return String.join(" AND ", conditions);
    }

    /** Both sides' values of the columns whose texts differ. */
    private List<ColumnPair> pairs(Suspect suspect) {
        RowKey sourceKey = suspect.sourceKey();
        if (sourceKey == null) {
            return List.of();
        }
        List<ComparedTable.Column> columns = table().columns();
        List<String> fromSource = new ArrayList<>();
        List<String> fromTarget = new ArrayList<>();
        for (ComparedTable.Column column : columns) {
            fromSource.add(column.sourceText());
            fromSource.add(value(column.sourceExpression(), column.type()));
            fromTarget.add(column.targetText());
            fromTarget.add(value(column.targetExpression(), column.type()));
        }
        List<@Nullable String> source = values(
                DatabaseId.OLD,
                fromSource,
                table().sourceFrom(),
                table().projection().sourceKeysCondition(List.of(sourceKey)));
        List<@Nullable String> target = values(
                table().databaseOf(suspect.slot()),
                fromTarget,
                table().targetFrom(suspect.slot()),
                sides.keysCondition(List.of(suspect.targetKey())));
        List<ColumnPair> pairs = new ArrayList<>();
        if (source.isEmpty() || target.isEmpty()) {
            return pairs;
        }
        for (int i = 0; i < columns.size(); i++) {
            if (!Objects.equals(source.get(2 * i), target.get(2 * i))) {
                pairs.add(new ColumnPair(
                        columns.get(i).name(),
                        kind(columns.get(i).type()),
                        source.get(2 * i + 1),
                        target.get(2 * i + 1)));
            }
        }
        return pairs;
    }

    // Bytes that are no text would read as NULL, and be hinted at as such.
    private static String value(String expression, ColumnType type) {
        return type.family() == ColumnType.Family.BINARY
                ? "HEX(" + expression + ")"
                : "CONVERT((" + expression + ") USING utf8mb4)";
    }

    private static ColumnPair.Kind kind(ColumnType type) {
        return switch (type.family()) {
            case INTEGER, DECIMAL, APPROXIMATE -> ColumnPair.Kind.NUMBER;
            case DATE, DATETIME -> ColumnPair.Kind.TIME;
            case TEXT -> ColumnPair.Kind.TEXT;
            case BITS, BINARY, JSON, TIME -> ColumnPair.Kind.OTHER;
        };
    }

    private List<@Nullable String> values(
            DatabaseId database, List<String> fields, String from, SqlCondition condition) {
        String sql = "SELECT " + String.join(", ", fields) + " FROM " + from + " WHERE " + condition.sql();
        try (Connection connection = sides.topology().database(database).getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            condition.bind(statement, 1);
            List<@Nullable String> values = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                if (result.next()) {
                    for (int i = 1; i <= fields.size(); i++) {
                        values.add(result.getString(i));
                    }
                }
            }
            return values;
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "The columns of a differing row of " + table().name() + " could not be read on "
                            + sides.topology().endpoint(database).describe() + " (" + e.getMessage()
                            + "). Mend the cause and verify again.",
                    e);
        }
    }
}
