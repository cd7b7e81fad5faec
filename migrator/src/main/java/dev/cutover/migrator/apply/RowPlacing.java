package dev.cutover.migrator.apply;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.row.RowWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes rows out of their places on a target and puts them into new ones, inside the caller's transaction. Stateless. */
final class RowPlacing {
    private static final Logger LOG = LoggerFactory.getLogger(RowPlacing.class);

    private final Traffic traffic;
    private final RowReader reader = new RowReader();
    private final RowWriter writer = new RowWriter();

    RowPlacing(Traffic traffic) {
        this.traffic = traffic;
    }

    /** The rows being inserted when MySQL refused one. */
    record Inserting(Projection projection, int place, List<ProjectedRow> rows) {}

    /** One try of a transaction. */
    static final class Attempt {
        boolean rowByRow;

        @Nullable
        Inserting inserting;
    }

    /**
     * The keys whose row stands where it belongs already, value for value: a mirror was there before the stream. What is not surely so is
     * not named: a key that is or was in more than one place, a row to be kept out, a key that MySQL may hold for another dirty one.
     */
    Set<RowKey> inPlace(
            Connection connection,
            Projection projection,
            Map<RowKey, Set<Integer>> dirty,
            Collection<ProjectedRow> rows)
            throws SQLException {
        // Of 'abc' that became 'ABC' both are dirty, and deleting the one deletes the other.
        Map<List<String>, Integer> alike = new HashMap<>();
        dirty.keySet().forEach(key -> alike.merge(projection.exactParts(key), 1, Integer::sum));
        Map<Integer, List<RowKey>> byPlace = new TreeMap<>();
        Map<Integer, List<ProjectedRow>> wanted = new TreeMap<>();
        for (ProjectedRow row : rows) {
            int place = traffic.place(row);
            if (place >= 0
                    && Objects.equals(alike.get(projection.exactParts(row.sourceKey())), 1)
                    && Set.of(place).equals(traffic.places(dirty.getOrDefault(row.sourceKey(), Set.of())))) {
                byPlace.computeIfAbsent(place, any -> new ArrayList<>()).add(row.sourceKey());
                wanted.computeIfAbsent(place, any -> new ArrayList<>()).add(row);
            }
        }
        Map<Integer, Map<RowKey, byte[] @Nullable []>> standing =
                reader.standing(connection, projection, byPlace, place -> traffic.targetTable(projection, place));
        Set<RowKey> inPlace = new HashSet<>();
        wanted.forEach((place, there) -> {
            Map<RowKey, byte[] @Nullable []> found = standing.getOrDefault(place, Map.of());
            for (ProjectedRow row : there) {
                byte[] @Nullable [] now = found.get(projection.targetKey(row));
                if (now != null && row.sameValues(now)) {
                    inPlace.add(row.sourceKey());
                }
            }
        });
        return inPlace;
    }

    /**
     * Deletes every dirty key from every place it was in or will go to.
     *
     * @param inPlace keys whose row stays
     */
    void clear(
            Connection connection,
            Projection projection,
            Map<RowKey, Set<Integer>> allDirty,
            Collection<ProjectedRow> allRows,
            Set<RowKey> inPlace)
            throws SQLException {
        Map<RowKey, Set<Integer>> dirty = new LinkedHashMap<>(allDirty);
        dirty.keySet().removeAll(inPlace);
        List<ProjectedRow> rows = without(allRows, inPlace);
        Map<Integer, Set<RowKey>> byPlace = new TreeMap<>();
        dirty.forEach((key, slots) -> traffic.places(slots)
                .forEach(place -> byPlace.computeIfAbsent(place, any -> new LinkedHashSet<>())
                        .add(key)));
        for (ProjectedRow row : rows) {
            int place = traffic.place(row);
            if (place >= 0) {
                byPlace.computeIfAbsent(place, any -> new LinkedHashSet<>()).add(row.sourceKey());
            }
        }
        for (Map.Entry<Integer, Set<RowKey>> place : byPlace.entrySet()) {
            writer.delete(
                    connection,
                    projection,
                    traffic.targetTable(projection, place.getKey()),
                    place.getKey(),
                    place.getValue());
        }
    }

    /** What is dirty is looked at anew: it leaves the quarantine, and comes back when it is rejected again. */
    void unquarantine(Connection connection, Map<TablePlan, Set<RowKey>> dirty) throws SQLException {
        writer.unquarantine(connection, dirty);
    }

    /** The same for rows at their own places, and they leave the quarantine. */
    void clear(Connection connection, Projection projection, List<ProjectedRow> rows) throws SQLException {
        Map<RowKey, Set<Integer>> keys = new LinkedHashMap<>();
        rows.forEach(row -> keys.put(row.sourceKey(), Set.of(row.slot())));
        clear(connection, projection, keys, rows, Set.of());
        unquarantine(connection, Map.of(projection.table(), keys.keySet()));
    }

    static List<ProjectedRow> without(Collection<ProjectedRow> rows, Set<RowKey> keys) {
        return rows.stream().filter(row -> !keys.contains(row.sourceKey())).toList();
    }

    /** Inserts the rows that belong here, notes those that cannot be mapped. */
    void insert(Connection connection, Projection projection, List<ProjectedRow> rows, Attempt attempt)
            throws SQLException {
        Map<Integer, List<ProjectedRow>> byPlace = new TreeMap<>();
        List<ProjectedRow> rejected = new ArrayList<>();
        for (ProjectedRow row : rows) {
            int place = traffic.place(row);
            if (place >= 0) {
                byPlace.computeIfAbsent(place, any -> new ArrayList<>()).add(row);
            } else if (traffic.quarantinesHere(row)) {
                rejected.add(row);
            }
        }
        for (Map.Entry<Integer, List<ProjectedRow>> place : byPlace.entrySet()) {
            attempt.inserting = new Inserting(projection, place.getKey(), place.getValue());
            String table = traffic.targetTable(projection, place.getKey());
            if (attempt.rowByRow) {
                rejected.addAll(insertRowByRow(connection, projection, table, place.getValue()));
            } else {
                writer.insert(connection, projection, table, place.getValue());
            }
        }
        if (!rejected.isEmpty()) {
            writer.quarantine(connection, projection.table(), rejected);
        }
    }

    /** Inserts what the target takes; gives the rest back with the reason. */
    private List<ProjectedRow> insertRowByRow(
            Connection connection, Projection projection, String table, List<ProjectedRow> rows) throws SQLException {
        List<ProjectedRow> refused = new ArrayList<>();
        for (ProjectedRow row : rows) {
            Savepoint before = connection.setSavepoint();
            try {
                writer.insert(connection, projection, table, List.of(row));
            } catch (SQLException e) {
                SqlFault fault = SqlFault.of(e);
                if (fault != SqlFault.DATA && fault != SqlFault.DUPLICATE) {
                    throw e;
                }
                connection.rollback(before);
                String reason = fault == SqlFault.DUPLICATE ? "duplicate_key" : "data_error_" + e.getErrorCode();
                if (refused.isEmpty()) {
                    LOG.warn(
                            "{} refused rows, the first one {} of {}; they go to quarantine as {}: {}",
                            table,
                            row.sourceKey().parts(),
                            projection.table().name(),
                            reason,
                            e.getMessage());
                }
                refused.add(row.rejectedFor(reason));
            }
        }
        return refused;
    }
}
