package dev.cutover.verifier.repair;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.row.SqlCondition;
import dev.cutover.core.row.StoredTable;
import dev.cutover.core.row.TargetColumn;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.grid.ComparedTable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** One table of a migration as a repair sees it: where the truth is read, through what, and what is written. Owned by one thread. */
final class RepairTable {
    private final Topology topology;
    private final TablePlan table;
    private final Side truth;
    private final ComparedTable compared;
    private final Projection projection;
    private final List<String> columns;
    private final RowReader reader = new RowReader();
    private final Map<String, StoredTable> stored = new HashMap<>();
    private final Map<String, Integer> slots = new HashMap<>();

    private RepairTable(Topology topology, TablePlan table, Side truth, ComparedTable compared, Projection projection) {
        this.topology = topology;
        this.table = table;
        this.truth = truth;
        this.compared = compared;
        this.projection = projection;
        this.columns = projection.columns().stream().map(TargetColumn::name).toList();
        for (int slot = 0; slot < compared.slots(); slot++) {
            slots.put(compared.databaseOf(slot) + "." + compared.physicalTable(slot), slot);
        }
    }

    static RepairTable open(Topology topology, TablePlan table, Side truth, String salt) throws SQLException {
        Projection forward = Projection.forward(topology, table);
        return new RepairTable(
                topology,
                table,
                truth,
                ComparedTable.read(topology, forward, salt),
                truth == Side.OLD ? forward : Projection.backward(topology, table));
    }

    TablePlan table() {
        return table;
    }

    ComparedTable compared() {
        return compared;
    }

    /** Out of the truth into the other side. */
    Projection projection() {
        return projection;
    }

    /** The columns the projection fills on the other side. */
    List<String> columns() {
        return columns;
    }

    /** The slot of a physical table of NEW. */
    Optional<Integer> slot(String database, String physicalTable) {
        return Optional.ofNullable(slots.get(database + "." + physicalTable));
    }

    /** The databases of NEW that hold the table, and so its quarantine. */
    Set<DatabaseId> databasesOfNew() {
        return compared.slotsByDatabase().keySet();
    }

    /** How a place's table is read and written, asked for once. */
    StoredTable stored(Connection connection, Place place) throws SQLException {
        String name = place.database() + "." + place.table();
        StoredTable known = stored.get(name);
        if (known == null) {
            List<String> key = place.quarantine()
                    ? List.of("table_name", "row_key")
                    : place.database().side() == Side.OLD
                            ? table.fromKey()
                            : compared.projection().targetKeyColumns();
            known = StoredTable.read(connection, place.table(), key);
            stored.put(name, known);
        }
        return known;
    }

    /** Where a mapped row of the truth belongs on the other side. */
    Place home(RowKey sourceKey, ProjectedRow row) {
        return truth == Side.NEW
                ? new Place(DatabaseId.OLD, table.fromTable(), sourceKey)
                : new Place(
                        compared.databaseOf(row.slot()), compared.physicalTable(row.slot()), projection.targetKey(row));
    }

    Place quarantine(DatabaseId database, RowKey sourceKey) {
        return new Place(database, Place.QUARANTINE, RowKey.of(table.name(), sourceKey.text()));
    }

    /** Where a row that cannot be mapped is noted; one without a route in the first database. */
    DatabaseId quarantineOf(ProjectedRow row) {
        return compared.databaseOf(Math.max(0, row.slot()));
    }

    /**
     * What the truth holds of the row now, each statement in a snapshot of its own.
     *
     * @param spots where it was seen on NEW, besides where its key says
     */
    TruthImage image(RowKey sourceKey, List<RowRepair.Spot> spots) throws SQLException {
        return truth == Side.OLD ? imageOnOld(sourceKey) : imageOnNew(sourceKey, spots);
    }

    private TruthImage imageOnOld(RowKey sourceKey) throws SQLException {
        Map<RowRepair.Spot, ProjectedRow> rows = new LinkedHashMap<>();
        try (Connection connection = topology.database(DatabaseId.OLD).getConnection()) {
            for (ProjectedRow row : reader.byKeys(connection, projection, table.fromTable(), List.of(sourceKey))) {
                rows.put(new RowRepair.Spot(0, row.sourceKey()), row);
            }
        }
        return new TruthImage(rows);
    }

    // In every physical table: where a row of OLD that the truth does not know might come up, only its own shard key
    // would say.
    private TruthImage imageOnNew(RowKey sourceKey, List<RowRepair.Spot> spots) throws SQLException {
        Map<RowRepair.Spot, ProjectedRow> rows = new LinkedHashMap<>();
        for (Map.Entry<DatabaseId, List<Integer>> database :
                compared.slotsByDatabase().entrySet()) {
            try (Connection connection = topology.database(database.getKey()).getConnection()) {
                Map<Integer, Set<RowKey>> keys = new TreeMap<>(onNew(connection, database.getValue(), sourceKey));
                for (RowRepair.Spot spot : spots) {
                    if (database.getValue().contains(spot.slot())) {
                        keys.computeIfAbsent(spot.slot(), any -> new HashSet<>())
                                .add(spot.key());
                    }
                }
                for (Map.Entry<Integer, Set<RowKey>> slot : keys.entrySet()) {
                    String physical = compared.physicalTable(slot.getKey());
                    for (ProjectedRow row : reader.byKeys(connection, projection, physical, slot.getValue())) {
                        rows.put(new RowRepair.Spot(slot.getKey(), row.sourceKey()), row);
                    }
                }
            }
        }
        return new TruthImage(rows);
    }

    private Map<Integer, Set<RowKey>> onNew(Connection connection, List<Integer> ofDatabase, RowKey sourceKey)
            throws SQLException {
        List<String> selects = new ArrayList<>();
        List<SqlCondition> conditions = new ArrayList<>();
        String key = String.join(", ", compared.targetKeyText());
        for (int slot : ofDatabase) {
            SqlCondition condition = compared.projection().targetKeysCondition(List.of(sourceKey), slot);
            conditions.add(condition);
            selects.add("SELECT " + slot + ", " + key + " FROM " + Identifier.quote(compared.physicalTable(slot))
                    + " WHERE " + condition.sql());
        }
        Map<Integer, Set<RowKey>> found = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement(String.join(" UNION ALL ", selects))) {
            int index = 1;
            for (SqlCondition condition : conditions) {
                index = condition.bind(select, index);
            }
            int parts = compared.targetKeyText().size();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    List<String> texts = new ArrayList<>();
                    for (int i = 0; i < parts; i++) {
                        texts.add(String.valueOf(row.getString(i + 2)));
                    }
                    found.computeIfAbsent(row.getInt(1), any -> new HashSet<>()).add(new RowKey(texts));
                }
            }
        }
        return found;
    }

    /** Whether a place holds what it shall. */
    boolean reached(Goal goal, StoredTable at, Optional<StoredTable.Row> now, RowDigest digest) {
        if (goal.kind() == Goal.Kind.ABSENT || now.isEmpty()) {
            return goal.kind() == Goal.Kind.ABSENT && now.isEmpty();
        }
        if (goal.kind() == Goal.Kind.NOTED) {
            byte[] reason = at.pick(now.get(), List.of("reason"))[0];
            return reason != null && goal.text().equals(new String(reason, java.nio.charset.StandardCharsets.UTF_8));
        }
        return goal.text().equals(digest.of(at.pick(now.get(), columns)));
    }
}
