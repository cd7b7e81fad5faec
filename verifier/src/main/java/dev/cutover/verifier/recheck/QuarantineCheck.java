package dev.cutover.verifier.recheck;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.SqlCondition;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Certificate;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.VerificationFailedException;
import dev.cutover.verifier.grid.ComparedTable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Compares the rows OLD rejects with the rows NEW keeps in quarantine, key by key. Safe for many threads. */
public final class QuarantineCheck {
    private static final int ROUNDS = 5;
    private static final int KEYS_A_STATEMENT = 500;
    private static final int FEW = 5_000;
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final Topology topology;
    private final ComparedTable table;
    private final InFlight inFlight;
    private final Pause pause;
    private final InstantSource clock;

    public QuarantineCheck(
            Topology topology, ComparedTable table, InFlight inFlight, Pause pause, InstantSource clock) {
        this.topology = topology;
        this.table = table;
        this.inFlight = inFlight;
        this.pause = pause;
        this.clock = clock;
    }

    /** A quarantine row, there or expected. */
    private record Entry(DatabaseId database, String rowKey) {}

    /** A rejected row of the source. */
    private record Rejected(RowKey key, String reason) {}

    /**
     * What the comparison found.
     *
     * @param quarantined rows rejected by both sides
     * @param differences rows that only one side rejects
     * @param hot mismatches that changed each time, or whose changes did not arrive
     */
    public record Outcome(long quarantined, List<Difference> differences, long hot) {}

    /**
     * Compares the whole table.
     *
     * @param rejecting the ranges that hold rejected rows
     * @param rejected how many rows they hold
     */
    public Outcome check(Collection<KeyRange> rejecting, long rejected) {
        // While nothing moves, as many entries as rejected rows, each the entry of a rejected row, are all of them: no
        // need to read the
        // source a second time.
        if (!inFlight.moving() && rejected <= FEW && oneKeyColumn()) {
            Set<Entry> actual = actual(entry -> true);
            if (actual.size() == rejected
                    && actual.stream().allMatch(entry -> entry.rowKey().matches("-?\\d{1,18}"))
                    && expected(keys(actual.stream()
                                    .map(entry -> RowKey.of(entry.rowKey()))
                                    .toList()))
                            .keySet()
                            .equals(actual)) {
                return new Outcome(rejected, List.of(), 0);
            }
        }
        List<SqlCondition> conditions = rejecting.stream()
                .map(range -> table.projection().sourceRangeCondition(range))
                .toList();
        // A row may become rejected in a range that had none: then everything is read again.
        return compare(conditions, List.of(table.projection().sourceRangeCondition(KeyRange.ALL)), entry -> true);
    }

    /** Compares these rows only. */
    public Outcome checkKeys(Collection<RowKey> sourceKeys) {
        List<RowKey> keys = List.copyOf(sourceKeys);
        List<SqlCondition> conditions = keys(keys);
        Set<String> wanted = keys.stream().map(RowKey::text).collect(Collectors.toSet());
        return compare(conditions, conditions, entry -> wanted.contains(entry.rowKey()));
    }

    private boolean oneKeyColumn() {
        return table.projection().sourceKeyColumns().size() == 1;
    }

    private List<SqlCondition> keys(List<RowKey> keys) {
        List<SqlCondition> conditions = new ArrayList<>();
        for (int i = 0; i < keys.size(); i += KEYS_A_STATEMENT) {
            conditions.add(table.projection()
                    .sourceKeysCondition(keys.subList(i, Math.min(keys.size(), i + KEYS_A_STATEMENT))));
        }
        return conditions;
    }

    private Outcome compare(List<SqlCondition> first, List<SqlCondition> again, Predicate<Entry> wanted) {
        Map<Entry, Rejected> expected = expected(first);
        Set<Entry> actual = actual(wanted);
        Map<Entry, Boolean> mismatches = mismatches(expected, actual);
        long both = actual.stream().filter(expected::containsKey).count();
        if (mismatches.isEmpty()) {
            return new Outcome(both, List.of(), 0);
        }
        List<String> applied = new ArrayList<>();
        for (int round = 0; round < (inFlight.moving() ? ROUNDS : 1); round++) {
            Optional<String> settled =
                    inFlight.settle(Set.copyOf(table.slotsByDatabase().keySet()));
            if (settled.isEmpty()) {
                return new Outcome(both, List.of(), mismatches.size());
            }
            expected = expected(again);
            Map<Entry, Boolean> now = mismatches(expected, actual(wanted));
            boolean unchanged = now.equals(mismatches);
            mismatches = now;
            applied.add(settled.get());
            if (mismatches.isEmpty()) {
                return new Outcome(both, List.of(), 0);
            }
            if (unchanged) {
                return new Outcome(both, differences(mismatches, expected, applied), 0);
            }
            pause.on(PAUSE);
        }
        return new Outcome(both, List.of(), mismatches.size());
    }

    /** True where the source rejects and the target has no entry, false the other way round. */
    private static Map<Entry, Boolean> mismatches(Map<Entry, Rejected> expected, Set<Entry> actual) {
        Map<Entry, Boolean> mismatches = new LinkedHashMap<>();
        expected.keySet().stream().filter(entry -> !actual.contains(entry)).forEach(e -> mismatches.put(e, true));
        actual.stream().filter(entry -> !expected.containsKey(entry)).forEach(e -> mismatches.put(e, false));
        return mismatches;
    }

    private List<Difference> differences(
            Map<Entry, Boolean> mismatches, Map<Entry, Rejected> expected, List<String> applied) {
        Certificate certificate = new Certificate(clock.instant(), applied, null, null);
        List<Difference> differences = new ArrayList<>();
        mismatches.forEach((entry, rejectedOnOld) -> {
            Rejected rejected = expected.get(entry);
            differences.add(new Difference(
                    table.name(),
                    rejected == null ? RowKey.of(entry.rowKey()) : rejected.key(),
                    null,
                    entry.database().name(),
                    "cutover_quarantine",
                    DifferenceKind.QUARANTINE,
                    rejected == null
                            ? "in quarantine, but not rejected on OLD"
                            : "rejected on OLD (" + rejected.reason() + "), but not in quarantine",
                    List.of(),
                    certificate,
                    "",
                    "SELECT * FROM cutover_quarantine WHERE table_name = '" + table.name() + "' AND row_key = '"
                            + entry.rowKey().replace("\\", "\\\\").replace("'", "''") + "'"));
        });
        return differences;
    }

    private Map<Entry, Rejected> expected(List<SqlCondition> conditions) {
        Map<Entry, Rejected> expected = new HashMap<>();
        List<String> key = table.sourceKeyText();
        for (SqlCondition condition : conditions) {
            String sql = "SELECT " + String.join(", ", key) + ", "
                    + table.projection().slotExpression() + ", "
                    + table.projection().rejectExpression() + " FROM " + table.sourceFrom() + " WHERE "
                    + condition.sql() + " AND " + table.projection().rejectCondition();
            try (Connection connection = topology.database(DatabaseId.OLD).getConnection();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                condition.bind(statement, 1);
                try (ResultSet result = statement.executeQuery()) {
                    while (result.next()) {
                        List<String> parts = new ArrayList<>();
                        for (int i = 1; i <= key.size(); i++) {
                            parts.add(Objects.requireNonNullElse(result.getString(i), "NULL"));
                        }
                        int slot = result.getInt(key.size() + 1);
                        // A row without a route is kept by the first database.
                        slot = result.wasNull() ? 0 : slot;
                        String reason = Objects.requireNonNullElse(result.getString(key.size() + 2), "null_shard_key");
                        RowKey rowKey = new RowKey(parts);
                        expected.put(new Entry(table.databaseOf(slot), rowKey.text()), new Rejected(rowKey, reason));
                    }
                }
            } catch (SQLException e) {
                throw failed(DatabaseId.OLD, e);
            }
        }
        return expected;
    }

    private Set<Entry> actual(Predicate<Entry> wanted) {
        Set<Entry> actual =
                new TreeSet<>(java.util.Comparator.comparing(Entry::database).thenComparing(Entry::rowKey));
        for (DatabaseId database : table.slotsByDatabase().keySet()) {
            try (Connection connection = topology.database(database).getConnection();
                    PreparedStatement statement = connection.prepareStatement(
                            "SELECT row_key FROM cutover_quarantine WHERE table_name = ?")) {
                statement.setString(1, table.name());
                try (ResultSet result = statement.executeQuery()) {
                    while (result.next()) {
                        Entry entry = new Entry(database, result.getString(1));
                        if (wanted.test(entry)) {
                            actual.add(entry);
                        }
                    }
                }
            } catch (SQLException e) {
                throw failed(database, e);
            }
        }
        return actual;
    }

    private VerificationFailedException failed(DatabaseId database, SQLException cause) {
        return new VerificationFailedException(
                "The quarantine of " + table.name() + " could not be compared on "
                        + topology.endpoint(database).describe() + " (" + cause.getMessage()
                        + "). Mend the cause and verify again.",
                cause);
    }
}
