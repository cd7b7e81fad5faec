package dev.cutover.core.row;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.mall.MallData;
import dev.cutover.sandbox.mall.Manifest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The coupon plan over a mall with every known defect: what it refuses, and what comes back. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GeneratedMallIT {
    private static final int ROWS = 1_000;

    private final SmallMigration migration;
    private final Manifest manifest;
    private final SortedMap<String, SortedMap<String, List<Long>>> refused = new TreeMap<>();
    private final RowReader reader = new RowReader();
    private final RowWriter writer = new RowWriter();

    GeneratedMallIT() throws SQLException {
        migration = SmallMigration.coupon();
        try (Connection old = migration.session(DatabaseId.OLD)) {
            manifest = MallData.generate(
                    old, new MallData.Options(11, 80, 2_000, 8_000, 0, 100, Instant.parse("2026-11-22T03:04:05Z")));
        }
    }

    @BeforeAll
    void copyForward() throws SQLException {
        for (TablePlan table : migration.plan().tables()) {
            Projection forward = Projection.forward(migration.topology(), table);
            try (Connection old = migration.session(DatabaseId.OLD)) {
                for (KeyRange range : reader.ranges(old, forward, table.fromTable(), ROWS)) {
                    insert(forward, reader.byRange(old, forward, table.fromTable(), range));
                }
            }
        }
    }

    @AfterAll
    void close() {
        migration.close();
    }

    @Test
    void refusesExactlyWhatTheGeneratorPlanted() {
        assertThat(refused).isEqualTo(manifest.exceptions());
    }

    @Test
    void everyOtherRowFitsTheNewTables() throws SQLException {
        for (TablePlan table : migration.plan().tables()) {
            long expected = manifest.rows().getOrDefault(table.fromTable(), -1L) - manifest.exceptionsOf(table.name());
            assertThat(stored(table)).as(table.name()).isEqualTo(expected);
        }
    }

    @Test
    void everyRowComesBackAsItWas() throws SQLException {
        for (TablePlan table : migration.plan().dynamicTables()) {
            String before = table.fromTable();
            String after = before + "_back";
            migration.execute(DatabaseId.OLD, "CREATE TABLE " + after + " LIKE " + before);
            Projection backward = Projection.backward(migration.topology(), table);
            for (int slot = 0; slot < migration.plan().layout().slots(); slot++) {
                String physical = migration.plan().layout().physicalTable(table.name(), slot);
                try (Connection shard = migration.session(shard(slot));
                        Connection old = migration.session(DatabaseId.OLD)) {
                    for (KeyRange range : reader.ranges(shard, backward, physical, ROWS)) {
                        List<ProjectedRow> rows = reader.byRange(shard, backward, physical, range);
                        if (!rows.isEmpty()) {
                            writer.insert(old, backward, after, rows);
                        }
                    }
                }
            }
            refused.getOrDefault(table.name(), new TreeMap<>())
                    .values()
                    .forEach(ids -> ids.forEach(id -> delete(before, id)));
            List<String> sums = migration.rows(DatabaseId.OLD, "CHECKSUM TABLE " + before + ", " + after);
            assertThat(sums.get(1).replaceAll(".* ", ""))
                    .as(table.name())
                    .isEqualTo(sums.get(0).replaceAll(".* ", ""));
        }
    }

    private void insert(Projection forward, List<ProjectedRow> rows) throws SQLException {
        TablePlan table = forward.table();
        SortedMap<Integer, List<ProjectedRow>> bySlot = new TreeMap<>();
        for (ProjectedRow row : rows) {
            String reason = row.rejectReason();
            if (reason != null) {
                refused.computeIfAbsent(table.name(), name -> new TreeMap<>())
                        .computeIfAbsent(reason, name -> new ArrayList<>())
                        .add(Long.valueOf(row.sourceKey().parts().get(0)));
            } else {
                bySlot.computeIfAbsent(row.slot(), slot -> new ArrayList<>()).add(row);
            }
        }
        for (var entry : bySlot.entrySet()) {
            boolean meta = migration.plan().staticTables().contains(table);
            DatabaseId target = meta ? DatabaseId.META : shard(entry.getKey());
            String physical =
                    meta ? table.name() : migration.plan().layout().physicalTable(table.name(), entry.getKey());
            try (Connection connection = migration.session(target)) {
                writer.insert(connection, forward, physical, entry.getValue());
            }
        }
    }

    private long stored(TablePlan table) throws SQLException {
        if (migration.plan().staticTables().contains(table)) {
            return count(DatabaseId.META, table.name());
        }
        long rows = 0;
        for (int slot = 0; slot < migration.plan().layout().slots(); slot++) {
            rows += count(shard(slot), migration.plan().layout().physicalTable(table.name(), slot));
        }
        return rows;
    }

    private long count(DatabaseId id, String table) throws SQLException {
        return Long.parseLong(
                migration.rows(id, "SELECT COUNT(*) FROM " + table).get(0));
    }

    private void delete(String table, long id) {
        try {
            migration.execute(DatabaseId.OLD, "DELETE FROM " + table + " WHERE id = " + id);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private DatabaseId shard(int slot) {
        return DatabaseId.shard(migration.plan().layout().databaseOf(slot));
    }
}
