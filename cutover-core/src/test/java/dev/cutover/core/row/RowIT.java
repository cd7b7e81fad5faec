package dev.cutover.core.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The coupon plan over the real tables of both sides. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RowIT {
    private static final int COUPONS = 3000;

    private final RowReader reader = new RowReader();
    private final RowWriter writer = new RowWriter();
    private SmallMigration migration;

    @BeforeAll
    void fillTheMall() throws SQLException {
        migration = SmallMigration.coupon();
        migration.execute(DatabaseId.OLD, """
                INSERT INTO mall_coupon (id, coupon_name, type, amount, min_point, num, publish_count, per_limit, use_type, time_type, days,
                  start_time, end_time, status, add_time) VALUES
                  (1, 'ten off', 0, 10.00, 99.90, 5, 100, 1, 0, 0, 7, '0000-00-00', '0000-00-00', 0, '2020-01-01 08:00:00'),
                  (2, '85 %', 1, 8.50, NULL, -1, 0, 0, 0, 1, 0, '2020-01-01', '2020-12-31 23:59:59', 2, '2020-01-01'),
                  (3, 'what', 9, 1, 1, 1, 1, 1, 0, 0, 7, '0000-00-00', '0000-00-00', 0, '2020-01-01')""");
        String rows = IntStream.rangeClosed(1, COUPONS)
                .mapToObj(id -> "(" + id + "," + (id * 37 % 501 + 1) + "," + (id % 2 + 1) + ",'SN" + id + "','nick 😀 "
                        + id + "',"
                        + (id % 3) + "," + (id % 4) + "," + (id % 4 == 1 ? "'2020-03-01 00:00:01'" : "NULL") + ","
                        + (id % 5 == 0 ? "NULL" : "'2020-01-01 00:00:00'") + ",'2020-12-31 23:59:59',"
                        + (id % 4 == 1 ? id : "NULL") + "," + (id % 4 == 1 ? "'order ''" + id + "'" : "NULL")
                        + ",'2020-01-01 00:00:00','2020-02-02 02:02:02'," + (id % 7 == 0 ? 1 : 0) + ")")
                .collect(Collectors.joining(","));
        migration.execute(DatabaseId.OLD, "INSERT INTO mall_coupon_user VALUES " + rows, """
                INSERT INTO mall_coupon_user (id, user_id, coupon_id, status, end_time) VALUES
                  (5001, 8, 99, 0, '2020-01-01'), (5002, 8, 3, 0, '2020-01-01'), (5003, 8, 1, 7, '2020-01-01'),
                  (5004, 8, 1, 0, '0000-00-00')""", """
                INSERT INTO mall_coupon_operation (user_id, op_id, fingerprint, result, add_time) VALUES
                  (1, 'a', REPEAT('f', 64), '{}', '2020-01-01'), (1, 'b', REPEAT('f', 64), '{}', '2020-01-01'),
                  (1, 'c|d\\\\', REPEAT('f', 64), '{}', '2020-01-01'), (2, 'a', REPEAT('f', 64), '{}', '2020-01-01')""");
    }

    @AfterAll
    void close() {
        migration.close();
    }

    @Test
    void carriesEveryCouponForwardAndBackUnchanged() throws SQLException {
        TablePlan table = table("user_coupon");
        Projection forward = Projection.forward(migration.topology(), table);
        Projection backward = Projection.backward(migration.topology(), table);
        String all = "SELECT * FROM mall_coupon_user WHERE id <= " + COUPONS + " ORDER BY id";
        List<String> before = migration.rows(DatabaseId.OLD, all);
        try (Connection old = migration.session(DatabaseId.OLD)) {
            List<ProjectedRow> rows = reader.byRange(old, forward, "mall_coupon_user", upTo(COUPONS));
            assertThat(rows).hasSize(COUPONS).noneMatch(ProjectedRow::rejected);
            copy(forward, table, rows);
            assertThat(migration.rows(
                            DatabaseId.OLD,
                            "SELECT id, (id << 10) | (CRC32(user_id) % 4) FROM mall_coupon_user WHERE id = 5"))
                    .containsExactly("5 | " + forward.targetKey(rows.get(4)).text());

            List<ProjectedRow> back = new ArrayList<>();
            for (int slot = 0; slot < 4; slot++) {
                try (Connection target = migration.session(plan().databaseOf(table, slot))) {
                    String physical = plan().physicalTable(table, slot);
                    for (KeyRange range : reader.ranges(target, backward, physical, 100)) {
                        back.addAll(reader.byRange(target, backward, physical, range));
                    }
                    Collection<RowKey> keys =
                            back.stream().map(ProjectedRow::sourceKey).toList();
                    assertThat(reader.byKeys(target, backward, physical, keys))
                            .isNotEmpty()
                            .doesNotHaveDuplicates();
                }
            }
            List<RowKey> keys = back.stream().map(ProjectedRow::sourceKey).toList();
            assertThat(writer.delete(old, backward, "mall_coupon_user", 0, keys))
                    .isEqualTo(COUPONS);
            assertThat(migration.rows(DatabaseId.OLD, all)).isEmpty();
            writer.insert(old, backward, "mall_coupon_user", back);
        }
        assertThat(migration.rows(DatabaseId.OLD, all)).isEqualTo(before);
        emptyCoupons();
    }

    @Test
    void findsTheSameRowsByRangeOnBothSides() throws SQLException {
        TablePlan table = table("user_coupon");
        Projection forward = Projection.forward(migration.topology(), table);
        try (Connection old = migration.session(DatabaseId.OLD)) {
            copy(forward, table, mapped(reader.byRange(old, forward, "mall_coupon_user", KeyRange.ALL)));
            List<KeyRange> ranges = reader.ranges(old, forward, "mall_coupon_user", 700);
            assertThat(ranges).hasSize(5);
            assertThat(ranges.get(0)).isEqualTo(new KeyRange(null, RowKey.of(700)));
            assertThat(ranges.get(4)).isEqualTo(new KeyRange(RowKey.of(2800), null));
            for (KeyRange range : ranges) {
                Map<Integer, Long> expected = mapped(reader.byRange(old, forward, "mall_coupon_user", range)).stream()
                        .collect(Collectors.groupingBy(ProjectedRow::slot, TreeMap::new, Collectors.counting()));
                for (int slot = 0; slot < 4; slot++) {
                    assertThat(countOnTarget(forward, forward.targetRangeCondition(range, slot), slot))
                            .isEqualTo(expected.getOrDefault(slot, 0L));
                }
            }
            List<RowKey> some = List.of(RowKey.of(3), RowKey.of(2999), RowKey.of(123456));
            long found = 0;
            for (int slot = 0; slot < 4; slot++) {
                found += countOnTarget(forward, forward.targetKeysCondition(some, slot), slot);
            }
            assertThat(found).isEqualTo(2);
        }
        emptyCoupons();
    }

    @Test
    void usesThePrimaryKeyOnBothSides() throws SQLException {
        Projection forward = Projection.forward(migration.topology(), table("user_coupon"));
        Projection operations = Projection.forward(migration.topology(), table("coupon_operation"));
        KeyRange range = new KeyRange(RowKey.of(10), RowKey.of(20));
        List<RowKey> keys = List.of(RowKey.of(1), RowKey.of(2));
        List<RowKey> pairs = List.of(RowKey.of("1", "a"), RowKey.of("2", "a"));

        assertThat(plan(
                        DatabaseId.OLD,
                        "SELECT " + forward.slotExpression() + " FROM " + forward.fromClause(),
                        forward.sourceRangeCondition(range)))
                .contains("s range PRIMARY")
                .doesNotContain("ALL");
        assertThat(plan(DatabaseId.OLD, "SELECT s.id FROM " + forward.fromClause(), forward.sourceKeysCondition(keys)))
                .contains("s range PRIMARY");
        assertThat(plan(DatabaseId.shard(0), "DELETE FROM user_coupon_000", forward.targetKeysCondition(keys, 0)))
                .contains("range PRIMARY");
        assertThat(plan(DatabaseId.shard(0), "DELETE FROM user_coupon_000", forward.targetRangeCondition(range, 0)))
                .contains("range PRIMARY");
        // A table of four rows is read whole, whatever is forced.
        migration.execute(
                DatabaseId.OLD,
                "INSERT INTO mall_coupon_operation SELECT id + 1000, CONCAT('op', id), REPEAT('f', 64), '{}', NOW() FROM mall_coupon_user");
        assertThat(plan(
                        DatabaseId.OLD,
                        "SELECT s.op_id FROM " + operations.fromClause(),
                        operations.sourceKeysCondition(pairs)))
                .contains("s range PRIMARY");
        assertThat(plan(
                        DatabaseId.shard(0),
                        "DELETE FROM coupon_operation_000",
                        operations.targetKeysCondition(pairs, 0)))
                .contains("range PRIMARY");
        migration.execute(DatabaseId.OLD, "DELETE FROM mall_coupon_operation WHERE user_id > 1000");
    }

    @Test
    void rejectsWhatCannotBeMappedAndKeepsItInQuarantineUntilItCan() throws SQLException {
        TablePlan table = table("user_coupon");
        Projection forward = Projection.forward(migration.topology(), table);
        List<RowKey> keys = List.of(RowKey.of(5001), RowKey.of(5002), RowKey.of(5003), RowKey.of(5004), RowKey.of(1));
        try (Connection old = migration.session(DatabaseId.OLD);
                Connection shard = migration.session(DatabaseId.shard(0))) {
            List<ProjectedRow> rows = reader.byKeys(old, forward, "mall_coupon_user", keys);
            Map<String, String> reasons = rows.stream()
                    .collect(
                            Collectors.toMap(row -> row.sourceKey().text(), row -> String.valueOf(row.rejectReason())));
            assertThat(reasons)
                    .containsOnly(
                            Map.entry("5001", "missing_template"),
                            Map.entry("5002", "unmapped_template"),
                            Map.entry("5003", "unknown_status"),
                            Map.entry("5004", "zero_date"),
                            Map.entry("1", "null"));
            assertThat(migration.rows(
                            DatabaseId.OLD,
                            "SELECT s.id FROM " + forward.fromClause() + " WHERE " + forward.rejectCondition()
                                    + " ORDER BY s.id"))
                    .containsExactly("5001", "5002", "5003", "5004");

            List<ProjectedRow> rejected =
                    rows.stream().filter(ProjectedRow::rejected).toList();
            writer.quarantine(shard, table, rejected);
            writer.quarantine(shard, table, rejected);
            assertThat(migration.rows(
                            DatabaseId.shard(0), "SELECT row_key, reason FROM cutover_quarantine ORDER BY row_key"))
                    .containsExactly(
                            "5001 | missing_template",
                            "5002 | unmapped_template",
                            "5003 | unknown_status",
                            "5004 | zero_date");
            assertThat(writer.unquarantine(shard, Map.of(table, List.of(RowKey.of(5001), RowKey.of(1)))))
                    .isEqualTo(1);
            assertThat(writer.unquarantine(shard, Map.of(table, keys))).isEqualTo(3);
            assertThatThrownBy(() -> writer.insert(shard, forward, "user_coupon_000", rejected))
                    .hasMessageContaining("quarantine");
        }
    }

    @Test
    void movesRowsWithCompositeKeys() throws SQLException {
        TablePlan table = table("coupon_operation");
        Projection forward = Projection.forward(migration.topology(), table);
        assertThat(forward.targetKeyColumns()).containsExactly("user_id", "op_id");
        assertThat(forward.keysAreExact()).isFalse();
        try (Connection old = migration.session(DatabaseId.OLD)) {
            List<ProjectedRow> rows = reader.byRange(old, forward, "mall_coupon_operation", KeyRange.ALL);
            copy(forward, table, rows);
            assertThat(rows)
                    .extracting(row -> row.sourceKey().parts())
                    .containsExactly(List.of("1", "a"), List.of("1", "b"), List.of("1", "c|d\\"), List.of("2", "a"));
            assertThat(rows.get(2).sourceKey().text()).isEqualTo("1|c\\|d\\\\");
            assertThat(reader.ranges(old, forward, "mall_coupon_operation", 2))
                    .extracting(KeyRange::toString)
                    .containsExactly("(-∞, 1|b]", "(1|b, 2|a]", "(2|a, ∞)");
            int slot = plan().layout().slot(1);
            try (Connection target = migration.session(plan().databaseOf(table, slot))) {
                String physical = plan().physicalTable(table, slot);
                List<RowKey> keys = List.of(RowKey.of("1", "c|d\\"), RowKey.of("1", "a"), RowKey.of("1", "none"));
                assertThat(reader.byKeys(old, forward, "mall_coupon_operation", keys))
                        .hasSize(2);
                assertThat(writer.delete(target, forward, physical, slot, keys)).isEqualTo(2);
                assertThat(migration.rows(
                                plan().databaseOf(table, slot), "SELECT op_id FROM " + physical + " WHERE user_id = 1"))
                        .containsExactly("b");
            }
        }
    }

    @Test
    void quarantinesRowsWithoutAShardKey() throws SQLException {
        migration.execute(
                DatabaseId.OLD,
                "INSERT INTO mall_order_coupon (id, order_sn, user_id, coupon_user_id) VALUES (1, 'x', NULL, 7), (2, 'y', 8, 7)");
        Projection forward = Projection.forward(migration.topology(), table("coupon_redemption"));
        try (Connection old = migration.session(DatabaseId.OLD)) {
            List<ProjectedRow> rows = reader.byRange(old, forward, "mall_order_coupon", KeyRange.ALL);
            assertThat(rows.get(0).slot()).isEqualTo(-1);
            assertThat(rows.get(0).rejectReason()).isEqualTo("null_shard_key");
            assertThat(rows.get(1).slot()).isEqualTo(plan().layout().slot(8));
            assertThat(rows.get(1).rejected()).isFalse();
        }
    }

    @Test
    void copiesStaticTables() throws SQLException {
        TablePlan table = table("coupon_template");
        Projection forward = Projection.forward(migration.topology(), table);
        try (Connection old = migration.session(DatabaseId.OLD);
                Connection meta = migration.session(DatabaseId.META)) {
            writer.insert(
                    meta,
                    forward,
                    "coupon_template",
                    mapped(reader.byRange(old, forward, "mall_coupon", KeyRange.ALL)));
        }
        assertThat(migration.rows(
                        DatabaseId.META,
                        "SELECT template_id, name, discount_type, amount_off_minor, percent_off_bp, threshold_minor, total_quantity,"
                                + " per_user_limit, valid_from, valid_to, status FROM coupon_template ORDER BY 1"))
                .containsExactly(
                        "1 | ten off | 1 | 1000 | NULL | 9990 | 100 | 1 | NULL | NULL | 1",
                        "2 | 85 % | 2 | NULL | 1500 | 0 | NULL | NULL | 1577808000000 | 1609430400000 | 3");
        for (TablePlan single : plan().staticTables()) {
            assertThat(Projection.forward(migration.topology(), single).slotExpression())
                    .isEqualTo("0");
        }
        assertThatThrownBy(() -> Projection.backward(migration.topology(), table))
                .isInstanceOf(ProjectionRefusedException.class)
                .hasMessageContaining("no way back");
    }

    @Test
    void insertsMoreRowsThanOneStatementTakesAndReportsDuplicates() throws SQLException {
        TablePlan table = table("user_coupon");
        Projection forward = Projection.forward(migration.topology(), table);
        try (Connection old = migration.session(DatabaseId.OLD)) {
            List<ProjectedRow> rows = reader.byRange(old, forward, "mall_coupon_user", upTo(COUPONS));
            copy(forward, table, rows);
            try (Connection shard =
                    migration.session(plan().databaseOf(table, rows.get(0).slot()))) {
                assertThatThrownBy(() -> writer.insert(
                                shard,
                                forward,
                                plan().physicalTable(table, rows.get(0).slot()),
                                rows.subList(0, 1)))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getErrorCode()).isEqualTo(1062));
            }
        }
        assertThat(emptyCoupons()).isEqualTo(COUPONS);
    }

    @Test
    void refusesAPlanThatDoesNotFitItsTables() throws SQLException {
        String tables = """
                tables:
                  - name: thing
                    kind: dynamic
                    from: {table: old_thing, key: [id]}
                    shardBy: user_id
                    key: {id: "{id}"}
                    columns: {user_id: s.user_id, name: s.naem}
                    backKey: {id: "{id}"}
                    back: {user_id: n.user_id}
                """;
        try (SmallMigration wrong = SmallMigration.of(tables)) {
            TablePlan table = wrong.plan().table("thing");
            assertThatThrownBy(() -> Projection.forward(wrong.topology(), table))
                    .hasMessageContaining("'old_thing' is not in the schema");
            wrong.execute(
                    DatabaseId.OLD,
                    "CREATE TABLE old_thing (id INT PRIMARY KEY, user_id INT, name VARCHAR(20), extra INT)");
            wrong.execute(
                    DatabaseId.shard(0), "CREATE TABLE thing_000 (id INT PRIMARY KEY, user_id INT, name VARCHAR(20))");
            assertThatThrownBy(() -> Projection.forward(wrong.topology(), table))
                    .isInstanceOf(ProjectionRefusedException.class)
                    .hasMessageContaining("forward projection of thing")
                    .hasMessageContaining("naem");
            assertThatThrownBy(() -> Projection.backward(wrong.topology(), table))
                    .isInstanceOf(ProjectionRefusedException.class)
                    .hasMessageContaining("does not restore extra, name of old_thing");
        }
    }

    private MigrationPlan plan() {
        return migration.plan();
    }

    private TablePlan table(String name) {
        return plan().table(name);
    }

    private static KeyRange upTo(long id) {
        return new KeyRange(null, RowKey.of(id));
    }

    private static List<ProjectedRow> mapped(List<ProjectedRow> rows) {
        return rows.stream().filter(row -> !row.rejected()).toList();
    }

    private void copy(Projection forward, TablePlan table, List<ProjectedRow> rows) throws SQLException {
        Map<Integer, List<ProjectedRow>> bySlot = rows.stream().collect(Collectors.groupingBy(ProjectedRow::slot));
        for (Map.Entry<Integer, List<ProjectedRow>> entry : bySlot.entrySet()) {
            try (Connection target = migration.session(plan().databaseOf(table, entry.getKey()))) {
                writer.insert(target, forward, plan().physicalTable(table, entry.getKey()), entry.getValue());
            }
        }
    }

    private long countOnTarget(Projection projection, SqlCondition condition, int slot) throws SQLException {
        String sql =
                "SELECT COUNT(*) FROM " + plan().physicalTable(projection.table(), slot) + " WHERE " + condition.sql();
        try (Connection target = migration.session(plan().databaseOf(projection.table(), slot));
                PreparedStatement statement = target.prepareStatement(sql)) {
            condition.bind(statement, 1);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private long emptyCoupons() throws SQLException {
        long rows = 0;
        for (DatabaseId shard : plan().shardDatabases()) {
            try (Connection target = migration.session(shard);
                    java.sql.Statement statement = target.createStatement()) {
                rows += statement.executeUpdate("DELETE FROM user_coupon_000");
                rows += statement.executeUpdate("DELETE FROM user_coupon_001");
            }
        }
        return rows;
    }

    private String plan(DatabaseId id, String statement, SqlCondition condition) throws SQLException {
        StringBuilder plan = new StringBuilder();
        try (Connection connection = migration.session(id);
                PreparedStatement explain =
                        connection.prepareStatement("EXPLAIN " + statement + " WHERE " + condition.sql())) {
            condition.bind(explain, 1);
            try (ResultSet row = explain.executeQuery()) {
                while (row.next()) {
                    plan.append(row.getString("rows"))
                            .append(' ')
                            .append(row.getString("table"))
                            .append(' ')
                            .append(row.getString("type"))
                            .append(' ')
                            .append(row.getString("key"))
                            .append('\n');
                }
            }
        }
        return plan.toString();
    }
}
