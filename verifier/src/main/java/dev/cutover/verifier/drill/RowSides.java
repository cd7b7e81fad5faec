package dev.cutover.verifier.drill;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.SqlCondition;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.VerificationFailedException;
import dev.cutover.verifier.grid.ComparedTable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads keys and hashes of single rows on either side. Safe for many threads. */
public final class RowSides {
    private static final int KEYS_A_STATEMENT = 500;

    private final Topology topology;
    private final ComparedTable table;
    private final Duration statementLimit;

    public RowSides(Topology topology, ComparedTable table, Duration statementLimit) {
        this.topology = topology;
        this.table = table;
        this.statementLimit = statementLimit;
    }

    public ComparedTable table() {
        return table;
    }

    Topology topology() {
        return topology;
    }

    /** The source's rows of a range that route to these slots. */
    List<Sighting> sourceByRange(KeyRange range, Collection<Integer> slots) {
        SqlCondition condition = table.projection().sourceRangeCondition(range);
        String routed =
                slots.size() == table.slots() ? "" : " AND " + table.sourceSlot() + " IN (" + numbers(slots) + ")";
        return source(new SqlCondition(condition.sql() + routed, condition.parameters()), range.toString()).stream()
                .filter(sighting -> sighting.slot() >= 0)
                .toList();
    }

    /** The source's rows with these keys, also those that are not mapped. */
    public List<Sighting> sourceByKeys(Collection<RowKey> keys) {
        List<Sighting> sightings = new ArrayList<>();
        for (List<RowKey> part : parts(keys)) {
            sightings.addAll(source(table.projection().sourceKeysCondition(part), part.size() + " keys"));
        }
        return sightings;
    }

    /** The rows of a range of one physical table. */
    List<Sighting> targetByRange(KeyRange range, int slot) {
        return target(slot, table.projection().targetRangeCondition(range, slot), range.toString());
    }

    /** The rows of one physical table with these keys of NEW. */
    List<Sighting> targetByKeys(int slot, Collection<RowKey> targetKeys) {
        List<Sighting> sightings = new ArrayList<>();
        for (List<RowKey> part : parts(targetKeys)) {
            sightings.addAll(target(slot, keysCondition(part), part.size() + " keys"));
        }
        return sightings;
    }

    /** The rows of one physical table that these keys of OLD would have there. */
    List<Sighting> targetBySourceKeys(int slot, Collection<RowKey> sourceKeys) {
        List<Sighting> sightings = new ArrayList<>();
        for (List<RowKey> part : parts(sourceKeys)) {
            sightings.addAll(target(slot, table.projection().targetKeysCondition(part, slot), part.size() + " keys"));
        }
        return sightings;
    }

    /** The rows of OLD with the highest keys, at most this many; those that are not mapped have slot -1. */
    public List<Sighting> newestOfSource(int rows) {
        String order = table.projection().sourceKeyColumns().stream()
                .map(column -> table.projection().alias() + "." + Identifier.quote(column) + " DESC")
                .collect(Collectors.joining(", "));
        return source(new SqlCondition("TRUE ORDER BY " + order + " LIMIT " + rows, List.of()), "the newest rows");
    }

    /** The row with the highest key of each of these physical tables of one database, in one statement. */
    public List<Sighting> newestOfTarget(DatabaseId database, List<Integer> slots) {
        String order = table.projection().targetKeyColumns().stream()
                .map(column -> Identifier.quote(column) + " DESC")
                .collect(Collectors.joining(", "));
        String sql = slots.stream()
                .map(slot -> "(SELECT " + String.join(", ", targetFields(slot)) + " FROM " + table.targetFrom(slot)
                        + " ORDER BY " + order + " LIMIT 1)")
                .collect(Collectors.joining(" UNION ALL "));
        return query(database, sql, List.of(), "the newest rows", this::targetSighting);
    }

    /** The rows of one database at these places, in one statement. */
    public List<Sighting> targetByPlace(DatabaseId database, Map<Integer, List<RowKey>> targetKeysBySlot) {
        List<String> parts = new ArrayList<>();
        List<SqlCondition> conditions = new ArrayList<>();
        targetKeysBySlot.forEach((slot, keys) -> {
            SqlCondition condition = keysCondition(keys);
            conditions.add(condition);
            parts.add("SELECT " + String.join(", ", targetFields(slot)) + " FROM " + table.targetFrom(slot) + " WHERE "
                    + condition.sql());
        });
        return query(database, String.join(" UNION ALL ", parts), conditions, "the newest rows", this::targetSighting);
    }

    /** These keys of NEW over a physical table. */
    SqlCondition keysCondition(List<RowKey> targetKeys) {
        List<String> columns = table.projection().targetKeyColumns();
        String one = columns.stream().map(column -> "?").collect(Collectors.joining(", ", "(", ")"));
        List<Object> parameters = new ArrayList<>();
        for (RowKey key : targetKeys) {
            parameters.addAll(table.targetKeyParameters(key));
        }
        return new SqlCondition(
                columns.stream().map(Identifier::quote).collect(Collectors.joining(", ", "(", ")")) + " IN ("
                        + targetKeys.stream().map(key -> one).collect(Collectors.joining(", ")) + ")",
                parameters);
    }

    /** What OLD holds, in the NEW shape, of each suspect: present only where its row is mapped to the suspect's own place. */
    public Map<Suspect, RowState> sourceStates(Collection<Suspect> suspects) {
        Map<RowKey, Sighting> byKey = new HashMap<>();
        sourceByKeys(suspects.stream()
                        .map(Suspect::sourceKey)
                        .filter(Objects::nonNull)
                        .collect(Collectors.toSet()))
                .forEach(sighting -> byKey.put(sighting.sourceKey(), sighting));
        Map<Suspect, RowState> states = new HashMap<>();
        for (Suspect suspect : suspects) {
            Sighting sighting = suspect.sourceKey() == null ? null : byKey.get(suspect.sourceKey());
            states.put(
                    suspect,
                    sighting != null
                                    && sighting.slot() == suspect.slot()
                                    && sighting.targetKey().equals(suspect.targetKey())
                            ? new RowState(sighting.hash(), sighting.slot())
                            : RowState.ABSENT);
        }
        return states;
    }

    /** What NEW holds of each suspect in its own physical table. */
    public Map<Suspect, RowState> targetStates(Collection<Suspect> suspects) {
        Map<Suspect, RowState> states = new HashMap<>();
        suspects.stream().collect(Collectors.groupingBy(Suspect::slot)).forEach((slot, ofSlot) -> {
            Map<RowKey, Sighting> byKey = new HashMap<>();
            targetByKeys(slot, ofSlot.stream().map(Suspect::targetKey).toList())
                    .forEach(sighting -> byKey.put(sighting.targetKey(), sighting));
            for (Suspect suspect : ofSlot) {
                Sighting sighting = byKey.get(suspect.targetKey());
                states.put(
                        suspect, sighting == null ? RowState.ABSENT : new RowState(sighting.hash(), sighting.slot()));
            }
        });
        return states;
    }

    private List<Sighting> source(SqlCondition condition, String what) {
        String slot = table.sourceSlot();
        List<String> fields = new ArrayList<>();
        fields.add(slot);
        fields.add("IF(" + slot + " < 0, '-', " + table.sourceHash() + ")");
        fields.addAll(table.sourceKeyText());
        fields.addAll(table.targetKeyTextOfSource());
        return read(DatabaseId.OLD, fields, table.sourceFrom(), condition, what, result -> {
            int key = table.projection().sourceKeyColumns().size();
            int own = result.getInt(1);
            // The target key of a row without a route is not defined.
            RowKey sourceKey = key(result, 3, key);
            RowKey targetKey = own < 0
                    ? sourceKey
                    : key(result, 3 + key, table.projection().targetKeyColumns().size());
            return new Sighting(sourceKey, targetKey, own, hash(result, sourceKey));
        });
    }

    private List<Sighting> target(int slot, SqlCondition condition, String what) {
        return read(
                table.databaseOf(slot),
                targetFields(slot),
                table.targetFrom(slot),
                condition,
                what,
                this::targetSighting);
    }

    private List<String> targetFields(int slot) {
        List<String> fields = new ArrayList<>();
        fields.add(
                table.targetSlot().map(route -> "COALESCE(" + route + ", -1)").orElse(Integer.toString(slot)));
        fields.add(table.targetHash());
        fields.addAll(table.targetKeyText());
        fields.addAll(table.sourceKeyTextOfTarget());
        return fields;
    }

    private Sighting targetSighting(ResultSet result) throws SQLException {
        int key = table.projection().targetKeyColumns().size();
        int back = table.sourceKeyTextOfTarget().size();
        RowKey targetKey = key(result, 3, key);
        RowKey sourceKey = back == 0 ? null : key(result, 3 + key, back);
        return new Sighting(sourceKey, targetKey, result.getInt(1), hash(result, targetKey));
    }

    /** Reads one row of a result. */
    private interface Reading {
        Sighting read(ResultSet result) throws SQLException;
    }

    private List<Sighting> read(
            DatabaseId database,
            List<String> fields,
            String from,
            SqlCondition condition,
            String what,
            Reading reading) {
        String sql = "SELECT /*+ MAX_EXECUTION_TIME(" + statementLimit.toMillis() + ") */ " + String.join(", ", fields)
                + " FROM " + from + " WHERE " + condition.sql();
        return query(database, sql, List.of(condition), what, reading);
    }

    private List<Sighting> query(
            DatabaseId database, String sql, List<SqlCondition> conditions, String what, Reading reading) {
        try (Connection connection = topology.database(database).getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            int index = 1;
            for (SqlCondition condition : conditions) {
                index = condition.bind(statement, index);
            }
            List<Sighting> sightings = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    sightings.add(reading.read(result));
                }
            }
            return sightings;
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "Rows of " + table.name() + " (" + what + ") could not be read on "
                            + topology.endpoint(database).describe() + " (" + e.getMessage()
                            + "); nothing is known about their equality. Mend the cause and verify again.",
                    e);
        }
    }

    private static RowKey key(ResultSet result, int first, int count) throws SQLException {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String part = result.getString(first + i);
            parts.add(part == null ? "NULL" : part);
        }
        return new RowKey(parts);
    }

    private String hash(ResultSet result, RowKey key) throws SQLException {
        String hash = result.getString(2);
        if (hash == null) {
            throw new VerificationFailedException("The hash of row " + key.parts() + " of " + table.name()
                    + " is NULL: a value cannot be read in the type it is compared in, or the row is longer than"
                    + " max_allowed_packet. Raise max_allowed_packet on both sides, or mend the row.");
        }
        return hash;
    }

    private static String numbers(Collection<Integer> slots) {
        return Set.copyOf(slots).stream().sorted().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static List<List<RowKey>> parts(Collection<RowKey> keys) {
        List<RowKey> distinct = List.copyOf(Set.copyOf(keys));
        List<List<RowKey>> parts = new ArrayList<>();
        for (int i = 0; i < distinct.size(); i += KEYS_A_STATEMENT) {
            parts.add(distinct.subList(i, Math.min(distinct.size(), i + KEYS_A_STATEMENT)));
        }
        return parts;
    }
}
