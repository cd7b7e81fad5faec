package dev.cutover.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BinlogReadingIT {
    private static final String UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    private static final AtomicReference<MySqlServer> SERVER = new AtomicReference<>();
    private static final AtomicInteger ACKNOWLEDGED = new AtomicInteger();

    @BeforeAll
    static void writeKillAndWriteAgain() {
        MySqlServer server = MySqlServer.start("binlog-reading");
        SERVER.set(server);
        server.execute(
                "CREATE DATABASE bank",
                "CREATE DATABASE shard_0",
                "CREATE DATABASE elsewhere",
                "CREATE TABLE elsewhere.notes (id INT PRIMARY KEY, body TEXT)",
                "CREATE TABLE bank.bank_probe (user_id INT, k INT, seq INT, hist MEDIUMTEXT CHARACTER SET ascii,"
                        + " last_op VARCHAR(24) CHARACTER SET ascii, epoch BIGINT, PRIMARY KEY (user_id, k))",
                "CREATE TABLE bank.bank_operation (user_id INT, op_id VARCHAR(24) CHARACTER SET ascii, kind VARCHAR(10)"
                        + " CHARACTER SET ascii, result BIGINT, epoch BIGINT, PRIMARY KEY (user_id, op_id))",
                "CREATE TABLE shard_0.probe_001 LIKE bank.bank_probe",
                "CREATE TABLE shard_0.operation_001 LIKE bank.bank_operation");
        for (String schema : List.of("bank", "shard_0")) {
            server.execute(
                    "USE " + schema,
                    "CREATE TABLE cutover_fence (id TINYINT NOT NULL, epoch BIGINT NOT NULL, role VARCHAR(10) CHARACTER SET ascii NOT NULL,"
                            + " map_version INT NOT NULL DEFAULT 1, server_uuid CHAR(36) CHARACTER SET ascii NOT NULL, updated_by VARCHAR(120)"
                            + " NOT NULL, updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"
                            + " PRIMARY KEY (id))",
                    "CREATE TABLE cutover_position (stream VARCHAR(64) CHARACTER SET ascii NOT NULL, epoch BIGINT NOT NULL, owner BIGINT NOT NULL,"
                            + " gtid_set LONGTEXT CHARACTER SET ascii NOT NULL, updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),"
                            + " PRIMARY KEY (stream))",
                    "CREATE TABLE cutover_origin (slot SMALLINT NOT NULL, gtid VARCHAR(80) CHARACTER SET ascii NOT NULL,"
                            + " updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), PRIMARY KEY (slot))",
                    "INSERT INTO cutover_fence (id, epoch, role, server_uuid, updated_by) VALUES (1, 1, '"
                            + (schema.equals("bank") ? "primary" : "replica") + "', @@server_uuid, 'test')");
        }
        transaction(
                "INSERT INTO bank.bank_probe VALUES (7, 0, 1, 'aa', 'aa', 1)",
                "INSERT INTO bank.bank_operation VALUES (7, 'aa', 'append', 0, 1)");
        transaction(
                "INSERT INTO shard_0.cutover_position (stream, epoch, owner, gtid_set) VALUES ('old', 1, 1, '" + UUID
                        + ":1-5')",
                "INSERT INTO shard_0.probe_001 VALUES (7, 0, 1, 'aa', 'aa', 1)",
                "INSERT INTO elsewhere.notes VALUES (1, 'not asked for')",
                "INSERT INTO shard_0.operation_001 VALUES (7, 'aa', 'append', 0, 1)");
        transaction(
                "INSERT INTO shard_0.cutover_origin (slot, gtid) VALUES (9, '" + UUID + ":6')",
                "UPDATE shard_0.probe_001 SET seq = 2, hist = 'aa,bb', last_op = 'bb' WHERE user_id = 7");
        server.execute("TRUNCATE TABLE shard_0.operation_001");
        server.execute("SET binlog_rows_query_log_events = 1");
        killUnderLoad();
        transaction("DELETE FROM bank.bank_probe WHERE user_id = 7");
        transaction("UPDATE bank.cutover_fence SET epoch = 2, role = 'closing'");
    }

    private static MySqlServer server() {
        return Objects.requireNonNull(SERVER.get());
    }

    private static void transaction(String... statements) {
        List<String> all = new ArrayList<>(List.of("BEGIN"));
        all.addAll(List.of(statements));
        all.add("COMMIT");
        server().execute(all.toArray(new String[0]));
    }

    private static void killUnderLoad() {
        AtomicInteger committed = new AtomicInteger();
        CompletableFuture<Void> load = CompletableFuture.runAsync(() -> {
            try (Connection connection = server().connect("bank");
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                for (int i = 1; i < 1_000_000; i++) {
                    statement.execute(
                            "INSERT INTO bank_probe VALUES (" + (1000 + i) + ", 0, 1, REPEAT('x', 2000), 'l', 1)");
                    statement.execute(
                            "INSERT INTO bank_operation VALUES (" + (1000 + i) + ", 'l" + i + "', 'append', 0, 1)");
                    connection.commit();
                    committed.set(i);
                }
            } catch (SQLException e) {
                assertThat(server().isRunning()).as("%s", e).isFalse();
            }
        });
        Awaitility.await().until(() -> committed.get() > 300);
        server().kill();
        load.join();
        ACKNOWLEDGED.set(committed.get());
        server().restart();
    }

    @AfterAll
    static void end() {
        server().close();
    }

    private static List<LoggedTransaction> read(Path folder) {
        List<LoggedTransaction> found = new ArrayList<>();
        try (BinlogFolder log = new BinlogFolder("a", folder, (schema, table) -> !schema.equals("elsewhere"))) {
            for (Optional<LoggedTransaction> next = log.next(); next.isPresent(); next = log.next()) {
                found.add(next.get());
            }
            assertThat(log.missing()).isEmpty();
        }
        return found;
    }

    private static RowImage image(
            LoggedTransaction transaction, int row, Function<RowChange, @Nullable RowImage> which) {
        return Objects.requireNonNull(which.apply(transaction.rows().get(row)));
    }

    @Test
    void readsTheFilesInTheOrderTheServerListsThem() throws SQLException {
        List<String> listed = new ArrayList<>();
        try (Connection connection = server().connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SHOW BINARY LOGS")) {
            while (rows.next()) {
                listed.add(rows.getString(1));
            }
        }

        assertThat(BinlogFiles.of(server().folder()))
                .extracting(file -> file.getFileName().toString())
                .isEqualTo(listed);
        assertThat(listed).hasSizeGreaterThan(1);
    }

    @Test
    void everyTransactionOfEveryKindIsReadAcrossTheKill() throws SQLException {
        List<LoggedTransaction> all = read(server().folder());
        List<LoggedTransaction> rows =
                all.stream().filter(t -> !t.rows().isEmpty()).toList();

        assertThat(rows.get(0).rows().get(0).table()).isEqualTo("cutover_fence");
        RowImage fence = image(rows.get(0), 0, RowChange::after);
        assertThat(fence.number(1)).isEqualTo(1);
        assertThat(fence.text(2)).isEqualTo("primary");
        assertThat(Math.abs(fence.number(6) - rows.get(0).committedMicros() / 1000))
                .isLessThan(60_000);
        LoggedTransaction application = rows.get(2);
        assertThat(application.rows()).extracting(RowChange::table).containsExactly("bank_probe", "bank_operation");
        assertThat(image(application, 0, RowChange::after).text(3)).isEqualTo("aa");
        LoggedTransaction applier = rows.get(3);
        assertThat(applier.rows())
                .extracting(RowChange::table)
                .containsExactly("cutover_position", "probe_001", "operation_001");
        assertThat(image(applier, 0, RowChange::after).text(3)).isEqualTo(UUID + ":1-5");
        LoggedTransaction mirror = rows.get(4);
        assertThat(mirror.rows()).extracting(RowChange::table).containsExactly("cutover_origin", "probe_001");
        assertThat(image(mirror, 1, RowChange::before).text(3)).isEqualTo("aa");
        assertThat(image(mirror, 1, RowChange::after).text(3)).isEqualTo("aa,bb");
        assertThat(all).anySatisfy(t -> assertThat(t.statement()).contains("TRUNCATE TABLE shard_0.operation_001"));
        LoggedTransaction last = rows.get(rows.size() - 1);
        assertThat(image(last, 0, RowChange::before).text(2)).isEqualTo("primary");
        assertThat(image(last, 0, RowChange::after).text(2)).isEqualTo("closing");
        assertThat(last.file()).isNotEqualTo(rows.get(0).file());
        assertThat(rows.get(rows.size() - 2).rows().get(0).after()).isNull();
        long ledger;
        try (Connection connection = server().connect("bank");
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM bank_operation")) {
            count.next();
            ledger = count.getLong(1);
        }
        assertThat(rows.stream()
                        .filter(t -> t.rows().stream().anyMatch(r -> r.table().equals("bank_operation"))))
                .hasSize((int) ledger)
                .hasSizeGreaterThanOrEqualTo(ACKNOWLEDGED.get() + 1);
        assertThat(all).extracting(LoggedTransaction::gtid).doesNotHaveDuplicates();
        assertThat(all).isSortedAccordingTo((a, b) -> Long.compare(a.committedMicros(), b.committedMicros()));
    }

    @Test
    void aFileThatEndsAnywhereWithinItsLastTransactionEndsBeforeIt(@TempDir Path folder) throws IOException {
        List<Path> files = BinlogFiles.of(server().folder());
        for (Path file : files) {
            Files.copy(file, folder.resolve(file.getFileName().toString()));
        }
        List<LoggedTransaction> whole = read(folder);
        LoggedTransaction last = whole.get(whole.size() - 1);
        Path torn = folder.resolve(last.file());

        for (long size = Files.size(torn) - 1; size >= last.position(); size -= 3) {
            try (RandomAccessFile file = new RandomAccessFile(torn.toFile(), "rw")) {
                file.setLength(size);
            }
            assertThat(read(folder)).as("cut at %s", size).hasSize(whole.size() - 1);
        }
    }

    @Test
    void anEarlierFileThatEndsWithinAnEventIsRefused(@TempDir Path folder) throws IOException {
        for (Path file : BinlogFiles.of(server().folder())) {
            Files.copy(file, folder.resolve(file.getFileName().toString()));
        }
        Path first = BinlogFiles.of(folder).get(0);
        try (RandomAccessFile file = new RandomAccessFile(first.toFile(), "rw")) {
            file.setLength(file.length() / 2 + 1);
        }

        assertThatThrownBy(() -> read(folder))
                .isInstanceOf(EvidenceUnreadableException.class)
                .hasMessageContaining(first.toString());
    }
}
