package dev.cutover.core.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values of every type, and the ways MySQL itself would store them. */
class ValuesIT {
    private static final String TYPES = """
            tiny TINYINT, utiny TINYINT UNSIGNED, small SMALLINT, medium MEDIUMINT, i INT, big BIGINT, ubig BIGINT UNSIGNED,
            zeros INT(8) UNSIGNED ZEROFILL, wide DECIMAL(65,30), money DECIMAL(10,2), f FLOAT, d DOUBLE, scaled FLOAT(9,3),
            dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP(3) NULL, day DATE, t6 TIME(6), y YEAR, one BIT(1), many BIT(64),
            e ENUM('','a','ü','1'), se SET('x','y','z'), j JSON, b BLOB, fixed BINARY(5), vb VARBINARY(20),
            emoji VARCHAR(50) CHARACTER SET utf8mb4, c CHAR(10) CHARACTER SET utf8mb4, german VARCHAR(50) CHARACTER SET latin1,
            chinese TEXT CHARACTER SET gbk, g POINT""";

    private static final List<String> COLUMNS = List.of(
            "tiny", "utiny", "small", "medium", "i", "big", "ubig", "zeros", "wide", "money", "f", "d", "scaled", "dt",
            "dt6", "ts", "day", "t6", "y", "one", "many", "e", "se", "j", "b", "fixed", "vb", "emoji", "c", "german",
            "chinese", "g");

    private static final List<String> VALUES =
            List.of("""
            -128, 0, -32768, -8388608, -2147483648, -9223372036854775808, 0, 0,
            -12345678901234567890123456789012345.123456789012345678901234567890, -99999999.99, 1.17549435e-38, 2.2250738585072014e-308,
            -99999.999, '0000-00-00 00:00:00', '2020-00-00 00:00:00.000001', '1970-01-01 00:00:01.001', '0000-00-00', '-838:59:59',
            0, b'0', 0, '', '', '{"b": [1, 2.50, null, "ü😀"], "a": -0.0}', '', 'ab', '', '', '', '', '', ST_GeomFromText('POINT(1 -2)')""", """
            127, 255, 32767, 8388607, 2147483647, 9223372036854775807, 18446744073709551615, 42,
            99999999999999999999999999999999999.999999999999999999999999999999, 0.01, 3.4028234e38, 1.7976931348623157e308,
            16777.217, '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999', '1000-01-01', '23:59:59.000001',
            2155, b'1', ~0, 'ü', 'x,z', '"\\\\u0000\\\\n\\'"', x'00FF275C0A0D1A', x'0001020304', x'DEADBEEF', '👩‍👩‍👧 ''\\\\ "?', 'pad',
            'äöü€', '汉字', NULL""", """
            1, 1, 1, 1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, '2020-02-29 23:59:59', '2020-02-29 23:59:59.5', '2020-02-29 23:59:59.5',
            '2020-02-29', '00:00:00.1', 1901, 1, 5, '1', 'y', '[]', REPEAT(x'C328', 5000), x'', x'C328', 'ends in space ', 'é', 'ÿ', '一', NULL""", """
            -1, 1, 1, 1, 16777217, 1, 9223372036854775808, 99999999, -0.000000000000000000000000000001, -0.01, 16777217, -1.0000000000000002,
            0.001, '2020-01-01', '2020-01-01', NULL, NULL, '838:59:59', 2000, NULL, 4611686018427387905, 'a', 'x,y,z',
            CAST('{}' AS JSON), NULL, NULL, NULL, 'É', NULL, NULL, NULL, NULL""", String.join(",", java.util.Collections.nCopies(32, "NULL")));

    @ParameterizedTest
    @ValueSource(strings = {"same", "utf8mb4"})
    void movesEveryTypeBitByBitAndBack(String targetCharset) throws SQLException {
        String targetTypes = targetCharset.equals("same")
                ? TYPES
                : TYPES.replace("latin1", "utf8mb4").replace("gbk", "utf8mb4");
        try (SmallMigration migration = SmallMigration.of(plan())) {
            migration.execute(
                    DatabaseId.OLD,
                    "SET sql_mode = 'ALLOW_INVALID_DATES'",
                    "CREATE TABLE old_value (id BIGINT UNSIGNED PRIMARY KEY, user_id INT, " + TYPES + ")");
            for (int i = 0; i < VALUES.size(); i++) {
                migration.execute(
                        DatabaseId.OLD,
                        "INSERT INTO old_value VALUES (" + (i == 0 ? "18446744073709551615" : String.valueOf(i))
                                + ", 7, " + VALUES.get(i) + ")");
            }
            for (DatabaseId shard : migration.plan().shardDatabases()) {
                for (String table : List.of("value_000", "value_001")) {
                    migration.execute(
                            shard,
                            "CREATE TABLE " + table + " (id BIGINT UNSIGNED PRIMARY KEY, user_id INT, " + targetTypes
                                    + ")");
                }
            }
            TablePlan plan = migration.plan().table("value");
            Projection forward = Projection.forward(migration.topology(), plan);
            Projection backward = Projection.backward(migration.topology(), plan);
            int slot = migration.plan().layout().slot(7);
            DatabaseId shard = migration.plan().databaseOf(plan, slot);
            String physical = migration.plan().physicalTable(plan, slot);
            List<String> before = migration.rows(DatabaseId.OLD, fingerprints("old_value"));

            try (Connection old = migration.session(DatabaseId.OLD);
                    Connection target = migration.session(shard)) {
                List<ProjectedRow> rows = new RowReader().byRange(old, forward, "old_value", KeyRange.ALL);
                assertThat(rows)
                        .hasSize(VALUES.size())
                        .allSatisfy(row -> assertThat(row.slot()).isEqualTo(slot));
                new RowWriter().insert(target, forward, physical, rows);
                assertThat(migration.rows(shard, fingerprints(physical))).isEqualTo(before);
                for (String column : forward.comparedColumns()) {
                    assertThat(migration.rows(
                                    shard,
                                    "SELECT HEX(CONCAT(" + forward.targetExpression(column) + ")) FROM " + physical
                                            + " ORDER BY id"))
                            .as(column)
                            .isEqualTo(migration.rows(
                                    DatabaseId.OLD,
                                    "SELECT HEX(CONCAT(" + forward.selectExpression(column) + ")) FROM "
                                            + forward.fromClause() + " ORDER BY s.id"));
                }

                List<ProjectedRow> back = new RowReader().byRange(target, backward, physical, KeyRange.ALL);
                List<RowKey> keys = back.stream().map(ProjectedRow::sourceKey).toList();
                assertThat(new RowWriter().delete(old, backward, "old_value", 0, keys))
                        .isEqualTo(VALUES.size());
                new RowWriter().insert(old, backward, "old_value", back);
                assertThat(migration.rows(DatabaseId.OLD, fingerprints("old_value")))
                        .isEqualTo(before);
            }
        }
    }

    @Test
    void bringsExpressionsIntoTheNotationOfTheirColumnWithoutBendingThem() throws SQLException {
        try (SmallMigration migration = SmallMigration.of("""
                tables:
                  - name: shape
                    kind: static
                    from: {table: old_shape, key: [id]}
                    key: {id: "{id}"}
                    columns:
                      whole: s.money * 100
                      fine: s.money
                      coarse: s.precise
                      floating: s.money
                      flags: s.flags
                      number: s.flags
                      bits: s.number
                      doc: s.doc
                      day: s.at
                      at: s.at
                      bytes: s.name
                """)) {
            migration.execute(DatabaseId.OLD, """
                    CREATE TABLE old_shape (id INT PRIMARY KEY, money DECIMAL(10,2), precise DECIMAL(20,6), flags BIT(12), number INT,
                      doc TEXT, at DATETIME(3), name VARCHAR(20) CHARACTER SET latin1)""", """
                    INSERT INTO old_shape VALUES (1, 12.34, 1.234565, 2049, 5, '{"b":1,"a":2}', '2020-01-01 23:59:59.500', 'ü'),
                      (2, -0.5, -1.5, 0, 0, '[]', '0000-00-00', ''), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""");
            migration.execute(DatabaseId.META, """
                    CREATE TABLE shape (id BIGINT PRIMARY KEY, whole BIGINT, fine DECIMAL(12,4), coarse DECIMAL(8,2), floating DOUBLE,
                      flags BIT(16), number INT, bits BIT(4), doc JSON, day DATETIME(6), at DATETIME, bytes VARBINARY(20),
                      twice BIGINT GENERATED ALWAYS AS (whole * 2) VIRTUAL)""");
            Projection forward =
                    Projection.forward(migration.topology(), migration.plan().table("shape"));
            try (Connection old = migration.session(DatabaseId.OLD);
                    Connection meta = migration.session(DatabaseId.META)) {
                List<ProjectedRow> rows = new RowReader().byRange(old, forward, "old_shape", KeyRange.ALL);
                new RowWriter().insert(meta, forward, "shape", rows);
            }

            assertThat(
                            migration.rows(
                                    DatabaseId.META,
                                    "SELECT whole, fine, coarse, floating, flags + 0, number, bits + 0, doc, day, at, HEX(bytes), twice FROM shape"))
                    .containsExactly(
                            "1234 | 12.3400 | 1.23 | 12.34 | 2049 | 2049 | 5 | {\"a\": 2, \"b\": 1} | 2020-01-01 23:59:59.500000"
                                    + " | 2020-01-02 00:00:00 | FC | 2468",
                            "-50 | -0.5000 | -1.50 | -0.5 | 0 | 0 | 0 | [] | 0000-00-00 00:00:00.000000 | 0000-00-00 00:00:00 |  | -100",
                            "NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL");
            for (String column : forward.comparedColumns()) {
                assertThat(migration.rows(
                                DatabaseId.META,
                                "SELECT " + forward.targetExpression(column) + " FROM shape ORDER BY id"))
                        .as(column)
                        .isEqualTo(migration.rows(
                                DatabaseId.OLD,
                                "SELECT " + forward.selectExpression(column) + " FROM " + forward.fromClause()
                                        + " ORDER BY s.id"));
            }
        }
    }

    /** A JSON value that was made of columns holds their types, which its text does not: it is moved, and compared, as its text. */
    @Test
    void ofAJsonValueMadeOfColumnsArrivesWhatItsTextSaysAndIsSeenAsEqual() throws SQLException {
        try (SmallMigration migration = SmallMigration.of("""
                tables:
                  - name: doc
                    kind: static
                    from: {table: old_doc, key: [id]}
                    key: {id: "{id}"}
                    columns: {j: s.j}
                """)) {
            migration.execute(
                    DatabaseId.OLD,
                    "CREATE TABLE old_doc (id INT PRIMARY KEY, j JSON)",
                    "INSERT INTO old_doc VALUES (1, JSON_OBJECT('price', CAST(1.10 AS DECIMAL(5,2)), 'on', DATE('2020-01-01'))),"
                            + " (2, JSON_ARRAY(x'00FF', TIME('10:00:00'))), (3, '{\"b\": 1.10, \"a\": 18446744073709551615}'), (4, NULL)");
            migration.execute(DatabaseId.META, "CREATE TABLE doc (id INT PRIMARY KEY, j JSON)");
            Projection forward =
                    Projection.forward(migration.topology(), migration.plan().table("doc"));
            try (Connection old = migration.session(DatabaseId.OLD);
                    Connection meta = migration.session(DatabaseId.META)) {
                new RowWriter()
                        .insert(meta, forward, "doc", new RowReader().byRange(old, forward, "old_doc", KeyRange.ALL));
            }
            assertThat(migration.rows(DatabaseId.META, "SELECT j->>'$.price', j->>'$.on' FROM doc WHERE id = 1"))
                    .containsExactly("1.1 | 2020-01-01");
            assertThat(migration.rows(
                            DatabaseId.META, "SELECT " + forward.targetExpression("j") + " FROM doc ORDER BY id"))
                    .isEqualTo(migration.rows(
                            DatabaseId.OLD,
                            "SELECT " + forward.selectExpression("j") + " FROM " + forward.fromClause()
                                    + " ORDER BY s.id"));
        }
    }

    @Test
    void leavesWhatDoesNotFitToTheStrictInsert() throws SQLException {
        try (SmallMigration migration = SmallMigration.of("""
                tables:
                  - name: narrow
                    kind: static
                    from: {table: old_narrow, key: [id]}
                    key: {id: "{id}"}
                    columns: {number: s.number, name: s.name, doc: s.doc}
                """)) {
            migration.execute(
                    DatabaseId.OLD,
                    "CREATE TABLE old_narrow (id INT PRIMARY KEY, number DECIMAL(20,4), name VARCHAR(20) CHARACTER SET utf8mb4, doc TEXT)",
                    "INSERT INTO old_narrow VALUES (1, 12345.6, 'x', '1'), (2, 1, '汉', '1'), (3, 1, 'x', '{oops'), (4, 1, 'toolong', '1')");
            migration.execute(
                    DatabaseId.META,
                    "CREATE TABLE narrow (id INT PRIMARY KEY, number DECIMAL(6,2), name VARCHAR(5) CHARACTER SET latin1, doc JSON)");
            Projection forward =
                    Projection.forward(migration.topology(), migration.plan().table("narrow"));
            Map<String, Integer> errors = Map.of("1", 1264, "2", 1366, "3", 3140, "4", 1406);
            try (Connection old = migration.session(DatabaseId.OLD);
                    Connection meta = migration.session(DatabaseId.META)) {
                for (ProjectedRow row : new RowReader().byRange(old, forward, "old_narrow", KeyRange.ALL)) {
                    assertThatThrownBy(() -> new RowWriter().insert(meta, forward, "narrow", List.of(row)))
                            .isInstanceOfSatisfying(
                                    SQLException.class,
                                    e -> assertThat(e.getErrorCode())
                                            .isEqualTo(
                                                    errors.get(row.sourceKey().text())));
                }
            }
        }
    }

    @Test
    void ofATextForAnIntegerBecomesWhatMySqlMakesOfTheText() throws SQLException {
        List<String> texts = List.of(
                "0",
                "-0",
                "7",
                "007",
                "-12",
                "+5",
                " 7",
                "7 ",
                "",
                "-",
                "--1",
                "12abc",
                "1e2",
                "1.5",
                "0x10",
                "９",
                "999999999999999999",
                "-999999999999999999",
                "1000000000000000000",
                "9223372036854775807",
                "-9223372036854775808",
                "9223372036854775808",
                "00000000000000000000000000012");
        try (SmallMigration migration = SmallMigration.of("""
                tables:
                  - name: number
                    kind: static
                    from: {table: old_text, key: [id]}
                    key: {id: "{id}"}
                    columns: {n: s.t}
                """)) {
            migration.execute(
                    DatabaseId.OLD,
                    "CREATE TABLE old_text (id INT PRIMARY KEY, t VARCHAR(40))",
                    "INSERT INTO old_text VALUES "
                            + IntStream.range(0, texts.size())
                                    .mapToObj(i -> "(" + i + ", '" + texts.get(i) + "')")
                                    .collect(Collectors.joining(", ")));
            migration.execute(DatabaseId.META, "CREATE TABLE number (id INT PRIMARY KEY, n BIGINT)");
            Projection forward =
                    Projection.forward(migration.topology(), migration.plan().table("number"));
            List<String> ours = new ArrayList<>();
            List<String> mysqls = new ArrayList<>();
            try (Connection old = migration.session(DatabaseId.OLD);
                    Connection meta = migration.session(DatabaseId.META)) {
                for (ProjectedRow row : new RowReader().byRange(old, forward, "old_text", KeyRange.ALL)) {
                    ours.add(written(meta, () -> new RowWriter().insert(meta, forward, "number", List.of(row))));
                }
                for (String text : texts) {
                    mysqls.add(written(meta, () -> {
                        try (PreparedStatement insert = meta.prepareStatement("INSERT INTO number VALUES (1, ?)")) {
                            insert.setString(1, text);
                            insert.executeUpdate();
                        }
                    }));
                }
            }

            assertThat(ours).isEqualTo(mysqls);
        }
    }

    @FunctionalInterface
    private interface Insert {
        void run() throws SQLException;
    }

    /** The number that was inserted, or the error. */
    private static String written(Connection meta, Insert insert) throws SQLException {
        try (Statement statement = meta.createStatement()) {
            statement.execute("DELETE FROM number");
            try {
                insert.run();
            } catch (SQLException e) {
                return "error " + e.getErrorCode();
            }
            try (ResultSet row = statement.executeQuery("SELECT n FROM number")) {
                row.next();
                return row.getString(1);
            }
        }
    }

    // What a column holds, in a form that does not depend on its character set.
    private static String fingerprints(String table) {
        return COLUMNS.stream()
                .map(column -> switch (column) {
                    case "f", "d", "scaled" -> column + " * 1e0";
                    case "zeros", "one", "many" -> column + " + 0";
                    case "e", "se", "emoji", "c", "german", "chinese", "j" ->
                        "HEX(CONVERT(" + column + " USING utf8mb4))";
                    case "b", "fixed", "vb", "g" -> "HEX(" + column + ")";
                    default -> column;
                })
                .collect(Collectors.joining(", ", "SELECT id, user_id, ", " FROM " + table + " ORDER BY id"));
    }

    private static String plan() {
        String there = COLUMNS.stream().map(column -> column + ": s." + column).collect(Collectors.joining(", "));
        String back = COLUMNS.stream().map(column -> column + ": n." + column).collect(Collectors.joining(", "));
        return """
                tables:
                  - name: value
                    kind: dynamic
                    from: {table: old_value, key: [id]}
                    shardBy: user_id
                    key: {id: "{id}"}
                    columns: {user_id: s.user_id, %s}
                    backKey: {id: "{id}"}
                    back: {user_id: n.user_id, %s}
                """.formatted(there, back);
    }
}
