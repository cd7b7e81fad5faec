package dev.cutover.migrator.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.migrator.stream.WatchedTables.TableName;
import dev.cutover.sandbox.MySqlServer;
import io.debezium.connector.mysql.antlr.MySqlAntlrDdlParser;
import io.debezium.relational.Column;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import io.debezium.relational.Tables;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What one query gives is what Debezium's own parser makes of {@code SHOW CREATE TABLE}, type by type. */
final class SourceDefinitionsIT {
    private static final String EVERY_TYPE = """
            CREATE TABLE every_type (
              a01 TINYINT NOT NULL, a02 TINYINT(1), a03 TINYINT UNSIGNED, a04 SMALLINT, a05 SMALLINT UNSIGNED,
              a06 MEDIUMINT, a07 MEDIUMINT UNSIGNED, a08 INT, a09 INT UNSIGNED, a10 INT(5) ZEROFILL,
              a11 BIGINT NOT NULL, a12 BIGINT UNSIGNED NOT NULL, a13 BOOL, a14 BIT, a15 BIT(17),
              b01 FLOAT, b02 FLOAT(7,3), b03 DOUBLE, b04 DOUBLE(10,2) UNSIGNED, b05 REAL, b06 DECIMAL, b07 DECIMAL(65,30), b08 NUMERIC(9) UNSIGNED,
              c01 DATE NOT NULL, c02 TIME, c03 TIME(6), c04 DATETIME, c05 DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3),
              c06 TIMESTAMP NULL, c07 TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), c08 YEAR,
              d01 CHAR, d02 CHAR(255), d03 CHAR(60) CHARACTER SET latin1, d04 VARCHAR(64) NOT NULL, d05 VARCHAR(8) COLLATE utf8mb4_bin,
              d06 VARCHAR(8) CHARACTER SET gbk, d07 TINYTEXT, d08 TEXT, d09 MEDIUMTEXT CHARACTER SET ascii, d10 LONGTEXT,
              e01 BINARY, e02 BINARY(16), e03 VARBINARY(255), e04 TINYBLOB, e05 BLOB, e06 MEDIUMBLOB, e07 LONGBLOB,
              f01 ENUM('x','y') NOT NULL DEFAULT 'x', f02 ENUM('a) b','it''s','','(c','d,e'), f03 SET('r','g','b'), f04 ENUM('é') CHARACTER SET latin1,
              g01 JSON, g02 GEOMETRY, g03 POINT, g04 LINESTRING, g05 POLYGON, g06 MULTIPOINT, g07 MULTILINESTRING, g08 MULTIPOLYGON,
              h01 INT AS (a08 + 1) VIRTUAL, h02 VARCHAR(80) AS (CONCAT(d04, '!')) STORED,
              `odd name` INT, `back``tick` INT, `Grand` INT COMMENT 'it''s "quoted"',
              PRIMARY KEY (a11, a12))
            DEFAULT CHARSET=utf8mb4""";

    /** May be NULL, whatever the table says. */
    private static final String DATE = "c01";

    private static final MySqlServer SERVER = MySqlServer.shared();

    private final String schema = SERVER.createDatabase("definitions");

    @AfterEach
    void drop() {
        SERVER.dropDatabase(schema);
    }

    @Test
    void everyTypeIsReadAsTheParserReadsIt() throws SQLException {
        create(EVERY_TYPE);
        Table read = read("every_type").get(0);
        Table parsed = parsed("every_type");
        assertThat(facts(read))
                .filteredOn(fact -> !fact.contains(" " + DATE + " "))
                .containsExactlyElementsOf(facts(parsed).stream()
                        .filter(fact -> !fact.contains(" " + DATE + " "))
                        .toList());
        assertThat(read.columnWithName(DATE).typeName()).isEqualTo("DATE");
        assertThat(read.columnWithName(DATE).isOptional()).isTrue();
        assertThat(read.primaryKeyColumnNames()).isEqualTo(parsed.primaryKeyColumnNames());
        assertThat(read.id()).isEqualTo(parsed.id());
    }

    @Test
    void aColumnTakesTheCharacterSetOfItsTable() throws SQLException {
        create(
                "CREATE TABLE latin (k VARCHAR(8) NOT NULL PRIMARY KEY, t TEXT CHARACTER SET utf8mb4) DEFAULT CHARSET=latin1");
        assertThat(facts(read("latin").get(0))).containsExactlyElementsOf(facts(parsed("latin")));
        assertThat(read("latin").get(0).columnWithName("k").charsetName()).isEqualTo("latin1");
    }

    @Test
    void membersThatTheServerEscapesAreReadAsTheParserReadsThem() throws SQLException {
        create("CREATE TABLE escapes (e ENUM('back\\\\slash','new\\nline','quo''te') NOT NULL PRIMARY KEY)");
        assertThat(facts(read("escapes").get(0))).containsExactlyElementsOf(facts(parsed("escapes")));
    }

    @Test
    void onlyWhatIsWatchedAndThereIsRead() throws SQLException {
        create("CREATE TABLE one (id INT PRIMARY KEY)");
        create("CREATE TABLE two (id INT PRIMARY KEY)");
        assertThat(read("two", "three")).extracting(Table::id).containsExactly(new TableId(schema, null, "two"));
    }

    // What a converter chooses by; defaults and comments are no part of a change.
    private static List<String> facts(Table table) {
        return table.columns().stream()
                .map((Column column) -> column.position() + " " + column.name() + " " + column.typeName() + " jdbc "
                        + column.jdbcType() + ", length " + column.length() + ", scale " + column.scale() + ", charset "
                        + column.charsetName() + (column.isOptional() ? ", NULL " : ", NOT NULL ")
                        + column.enumValues())
                .toList();
    }

    private void create(String ddl) throws SQLException {
        try (Connection connection = SERVER.connect(schema);
                Statement statement = connection.createStatement()) {
            statement.execute(ddl);
        }
    }

    private List<Table> read(String... tables) throws SQLException {
        try (Connection connection = SERVER.connect(schema)) {
            return SourceDefinitions.read(
                    connection,
                    Set.copyOf(List.of(tables).stream()
                            .map(table -> new TableName(schema, table))
                            .toList()));
        }
    }

    private Table parsed(String table) throws SQLException {
        try (Connection connection = SERVER.connect(schema);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW CREATE TABLE " + table)) {
            row.next();
            Tables tables = new Tables();
            MySqlAntlrDdlParser parser = new MySqlAntlrDdlParser();
            parser.setCurrentDatabase(schema);
            parser.parse(row.getString(2), tables);
            return tables.forTable(new TableId(schema, null, table));
        }
    }
}
