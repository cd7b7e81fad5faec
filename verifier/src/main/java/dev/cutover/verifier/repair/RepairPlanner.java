package dev.cutover.verifier.repair;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.StoredTable;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.drill.Suspect;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Turns certified differences into what would be written, one entry a row and database. Owned by one thread. */
final class RepairPlanner {
    private final Topology topology;
    private final RepairPlan.Header header;
    private final RowLook look;
    private final RowDigest digest;
    private final List<UndoPlan.Undo> rows = new ArrayList<>();
    private final List<RepairPlan.Left> left = new ArrayList<>();
    private long unsettled;
    private int differing;

    RepairPlanner(Topology topology, RepairPlan.Header header, RowLook look) {
        this.topology = topology;
        this.header = header;
        this.look = look;
        this.digest = new RowDigest(header.salt());
    }

    Planned plan(List<NamedDifference> named, int maxRows, RepairListener listener) {
        MigrationPlan plan = topology.plan();
        Map<String, List<NamedDifference>> byTable = named.stream()
                .collect(Collectors.groupingBy(NamedDifference::table, LinkedHashMap::new, Collectors.toList()));
        int done = 0;
        for (Map.Entry<String, List<NamedDifference>> entry : byTable.entrySet()) {
            TablePlan table = plan.table(entry.getKey());
            Optional<String> refusal = refusal(table);
            if (refusal.isPresent()) {
                left.add(new RepairPlan.Left(entry.getValue().size() + " rows of " + table.name(), refusal.get()));
            } else {
                table(table, entry.getValue());
            }
            done += entry.getValue().size();
            listener.progress("looked at", done, named.size());
        }
        rows.sort(Comparator.comparing(row -> rank(row.repair())));
        int more = Math.max(0, rows.size() - maxRows);
        List<UndoPlan.Undo> taken = List.copyOf(rows.subList(0, rows.size() - more));
        return new Planned(
                new RepairPlan(header, taken.stream().map(UndoPlan.Undo::repair).toList(), left),
                new UndoPlan(header, taken),
                named.size(),
                differing,
                unsettled,
                more);
    }

    // What frees a unique value comes before what may need it, and a row is put where it belongs before its copies go.
    private static int rank(RowRepair row) {
        return row.writesRow() ? 1 : row.kinds().equals(List.of(DifferenceKind.EXTRA.name())) ? 0 : 2;
    }

    private Optional<String> refusal(TablePlan table) {
        if (table.dynamic()) {
            return header.stage().atLeast(Stage.DYNAMIC_COPIED)
                    ? Optional.empty()
                    : Optional.of("its rows are not copied yet: cutover copy dynamic brings them");
        }
        return header.truth() == Side.OLD
                ? Optional.empty()
                : Optional.of("a static table is never carried back, so nothing of Cutover may write it on OLD");
    }

    private void table(TablePlan plan, List<NamedDifference> named) {
        try {
            RepairTable table = RepairTable.open(topology, plan, header.truth(), header.salt());
            Set<RowKey> keys = new LinkedHashSet<>();
            Set<Suspect> places = new LinkedHashSet<>();
            for (NamedDifference difference : named) {
                Optional<RowKey> sourceKey = sourceKey(plan, difference);
                sourceKey.ifPresent(keys::add);
                RowKey targetKey = difference.targetKey();
                Optional<Integer> slot = table.slot(difference.database(), difference.physicalTable());
                if (targetKey != null && slot.isPresent()) {
                    places.add(new Suspect(slot.get(), targetKey, sourceKey.orElse(null)));
                } else if (sourceKey.isEmpty()) {
                    left.add(new RepairPlan.Left(name(difference), "its key cannot be told from the report"));
                }
            }
            RowLook.Seen seen = look.look(table, keys, places);
            unsettled += seen.unsettled();
            Map<RowKey, List<Difference>> byRow = new LinkedHashMap<>();
            for (Difference difference : seen.differences()) {
                Optional<RowKey> sourceKey = sourceKey(plan, NamedDifference.of(difference));
                if (sourceKey.isEmpty()) {
                    differing++;
                    left.add(new RepairPlan.Left(
                            name(NamedDifference.of(difference)),
                            "the plan gives no way back to its key on OLD, so nobody can tell what it should be"));
                } else {
                    byRow.computeIfAbsent(sourceKey.get(), any -> new ArrayList<>())
                            .add(difference);
                }
            }
            differing += byRow.size();
            for (Map.Entry<RowKey, List<Difference>> row : byRow.entrySet()) {
                row(table, row.getKey(), row.getValue());
            }
        } catch (SQLException e) {
            throw new RepairFailedException(
                    "The rows of " + plan.name() + " could not be read for a repair (" + e.getMessage()
                            + "); nothing was written. Mend the cause and plan again.",
                    e);
        }
    }

    private static Optional<RowKey> sourceKey(TablePlan plan, NamedDifference difference) {
        RowKey key = difference.sourceKey();
        if (key == null || key.parts().size() == plan.fromKey().size()) {
            return Optional.ofNullable(key);
        }
        // Of an entry of the quarantine only the text is known.
        return key.parts().size() == 1
                ? RowKey.ofText(key.parts().get(0), plan.fromKey().size())
                : Optional.empty();
    }

    private static String name(NamedDifference difference) {
        RowKey key = Objects.requireNonNullElse(difference.sourceKey(), difference.targetKey());
        return difference.table() + " " + (key == null ? "" : key.parts()) + " in " + difference.database() + "."
                + difference.physicalTable();
    }

    private void row(RepairTable table, RowKey key, List<Difference> differences) throws SQLException {
        List<RowRepair.Spot> spots = spots(table, differences);
        TruthImage image = table.image(key, header.truth() == Side.NEW ? spots : List.of());
        List<String> kinds = differences.stream()
                .map(difference -> difference.kind().name())
                .distinct()
                .sorted()
                .toList();
        Optional<String> why = header.truth() == Side.NEW ? notOnOld(table, key, differences, image) : Optional.empty();
        if (why.isPresent()) {
            left.add(new RepairPlan.Left(table.table().name() + " " + key.parts(), why.get()));
            return;
        }
        Map<DatabaseId, Map<Place, Goal>> goals = new TreeMap<>();
        if (header.truth() == Side.OLD) {
            for (RowRepair.Spot spot : spots) {
                put(
                        goals,
                        new Place(
                                table.compared().databaseOf(spot.slot()),
                                table.compared().physicalTable(spot.slot()),
                                spot.key()),
                        Goal.ABSENT);
            }
            quarantine(table, key, image, goals);
        } else {
            put(goals, new Place(DatabaseId.OLD, table.table().fromTable(), key), Goal.ABSENT);
        }
        if (!image.empty() && !image.only().rejected()) {
            ProjectedRow row = image.only();
            put(goals, table.home(key, row), new Goal(Goal.Kind.ROW, digest.of(row.values())));
        }
        boolean any = false;
        for (Map.Entry<DatabaseId, Map<Place, Goal>> database : goals.entrySet()) {
            any |= entry(table, key, kinds, image, spots, database.getKey(), database.getValue());
        }
        if (!any) {
            left.add(new RepairPlan.Left(
                    table.table().name() + " " + key.parts(),
                    "it differs (" + String.join(", ", kinds)
                            + "), but no write to the other side would change that: its shard key or its projection"
                            + " disagrees on the truth itself"));
        }
    }

    private static List<RowRepair.Spot> spots(RepairTable table, List<Difference> differences) {
        List<RowRepair.Spot> spots = new ArrayList<>();
        for (Difference difference : differences) {
            RowKey targetKey = difference.targetKey();
            Optional<Integer> slot = table.slot(difference.database(), difference.physicalTable());
            if (targetKey != null && slot.isPresent()) {
                spots.add(new RowRepair.Spot(slot.get(), targetKey));
            }
        }
        return spots.stream().distinct().toList();
    }

    // The truth is never written, and neither is what it says about rows it does not hold.
    private Optional<String> notOnOld(RepairTable table, RowKey key, List<Difference> differences, TruthImage image)
            throws SQLException {
        boolean misplaced = differences.stream()
                .anyMatch(difference ->
                        difference.kind() == DifferenceKind.MISROUTED || difference.kind() == DifferenceKind.DUPLICATE);
        if (misplaced || image.rows().size() > 1) {
            return Optional.of(
                    "on NEW, which holds the truth, it stands in a physical table it does not belong to; the truth is"
                            + " not written by a repair");
        }
        if (image.empty()
                && (differences.stream().anyMatch(difference -> difference.kind() == DifferenceKind.QUARANTINE)
                        || noted(table, key))) {
            return Optional.of("it is in quarantine: OLD alone has it, so it is not taken away there");
        }
        return Optional.empty();
    }

    private boolean noted(RepairTable table, RowKey key) throws SQLException {
        for (DatabaseId database : table.databasesOfNew()) {
            try (Connection connection = topology.database(database).getConnection()) {
                Place place = table.quarantine(database, key);
                if (table.stored(connection, place)
                        .find(connection, place.key(), false)
                        .isPresent()) {
                    return true;
                }
            }
        }
        return false;
    }

    private void quarantine(RepairTable table, RowKey key, TruthImage image, Map<DatabaseId, Map<Place, Goal>> goals)
            throws SQLException {
        for (DatabaseId database : table.databasesOfNew()) {
            put(goals, table.quarantine(database, key), Goal.ABSENT);
        }
        if (!image.empty() && image.only().rejected()) {
            ProjectedRow row = image.only();
            put(
                    goals,
                    table.quarantine(table.quarantineOf(row), key),
                    new Goal(Goal.Kind.NOTED, Objects.requireNonNull(row.rejectReason())));
        }
    }

    private void put(Map<DatabaseId, Map<Place, Goal>> goals, Place place, Goal goal) {
        goals.computeIfAbsent(place.database(), any -> new LinkedHashMap<>()).put(place, goal);
    }

    private boolean entry(
            RepairTable table,
            RowKey key,
            List<String> kinds,
            TruthImage image,
            List<RowRepair.Spot> spots,
            DatabaseId database,
            Map<Place, Goal> wanted)
            throws SQLException {
        List<PlannedPlace> places = new ArrayList<>();
        List<Optional<UndoPlan.Kept>> before = new ArrayList<>();
        List<String> statements = new ArrayList<>();
        List<String> back = new ArrayList<>();
        boolean needed = false;
        try (Connection connection = topology.database(database).getConnection()) {
            Map<Place, Goal> goals = new LinkedHashMap<>();
            for (Map.Entry<Place, Goal> goal : wanted.entrySet()) {
                Place place = goal.getKey();
                StoredTable at = table.stored(connection, place);
                // One spelling of a key, or the row would be told to go and to come.
                goals.put(new Place(database, place.table(), at.canonical(place.key())), goal.getValue());
            }
            for (Map.Entry<Place, Goal> one : goals.entrySet()) {
                Place place = one.getKey();
                Goal goal = one.getValue();
                StoredTable at = table.stored(connection, place);
                Optional<StoredTable.Row> now = at.find(connection, place.key(), false);
                if (place.quarantine() && now.isEmpty() && goal.kind() == Goal.Kind.ABSENT) {
                    continue;
                }
                places.add(new PlannedPlace(place, digest.of(now), goal));
                before.add(now.map(row -> new UndoPlan.Kept(at.columns(), row)));
                if (table.reached(goal, at, now, digest)) {
                    continue;
                }
                needed = true;
                if (now.isPresent()) {
                    statements.add(at.deleteSql(place.key()));
                }
                if (goal.kind() != Goal.Kind.ABSENT) {
                    statements.add(
                            goal.kind() == Goal.Kind.ROW
                                    ? at.insertSql(table.columns(), image.only().values())
                                    : at.insertSql(List.of("table_name", "row_key", "reason"), note(table, key, goal)));
                    back.add(at.deleteSql(place.key()));
                }
                now.ifPresent(row -> back.add(at.insertSql(at.columns(), row.values())));
            }
        }
        if (needed) {
            rows.add(new UndoPlan.Undo(
                    new RowRepair(
                            table.table().name(),
                            key,
                            database,
                            List.copyOf(new TreeSet<>(kinds)),
                            image.digest(digest),
                            header.truth() == Side.NEW ? spots : List.of(),
                            places,
                            statements),
                    before,
                    back));
        }
        return needed;
    }

    private static byte[][] note(RepairTable table, RowKey key, Goal goal) {
        return new byte[][] {
            table.table().name().getBytes(StandardCharsets.UTF_8),
            key.text().getBytes(StandardCharsets.UTF_8),
            goal.text().getBytes(StandardCharsets.UTF_8)
        };
    }
}
