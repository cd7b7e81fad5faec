package dev.cutover.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.chaos.checker.Layout.Place;
import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writes a made-up run to a real server, transaction by transaction, and has the checker judge what that leaves. */
class WholeCheckIT {
    private static final Map<String, String> COLUMNS = Map.of(
            "cutover_fence", "id, epoch, role, map_version, server_uuid, updated_by",
            "cutover_position", "stream, epoch, owner, gtid_set",
            "cutover_origin", "slot, gtid",
            "cutover_register", "id, version, migration, plan_hash, epoch, truth, phase, switch_to, decision");
    private static final Map<BankTable, String> BANK_COLUMNS = Map.of(
            BankTable.COUPON,
                    "user_id INT, template_id INT, status TINYINT, version INT, last_op VARCHAR(24) CHARACTER SET ascii, epoch BIGINT",
            BankTable.PROBE,
                    "user_id INT, k INT, seq INT, hist MEDIUMTEXT CHARACTER SET ascii, last_op VARCHAR(24) CHARACTER SET ascii,"
                            + " epoch BIGINT, PRIMARY KEY (user_id, k)",
            BankTable.REDEMPTION,
                    "user_id INT, order_id VARCHAR(24) CHARACTER SET ascii, coupon_id BIGINT, last_op VARCHAR(24) CHARACTER SET"
                            + " ascii, epoch BIGINT, PRIMARY KEY (user_id, order_id)",
            BankTable.OPERATION,
                    "user_id INT, op_id VARCHAR(24) CHARACTER SET ascii, kind VARCHAR(10) CHARACTER SET ascii, result BIGINT,"
                            + " epoch BIGINT, PRIMARY KEY (user_id, op_id)");

    @Test
    void aHealthyRunOnARealServerPassesAndALostRowDoesNot(@TempDir Path folder) throws IOException, SQLException {
        SyntheticRun run = PlantedBugsTest.healthy(new SyntheticRun());
        Path history = folder.resolve("history.jsonl");
        try (HistoryWriter writer = HistoryWriter.create(history)) {
            // The server's clock is not the run's: no answer may seem to come before a close it follows.
            run.history.forEach(entry -> writer.write(later(entry)));
        }
        try (MySqlServer server = MySqlServer.start("whole-check")) {
            prepare(server, run);
            try (Connection connection = server.connect()) {
                connection.setAutoCommit(false);
                for (LoggedTransaction transaction : run.logs.values().stream()
                        .flatMap(Collection::stream)
                        .sorted(Comparator.comparingLong(LoggedTransaction::committedMicros))
                        .toList()) {
                    for (RowChange change : transaction.rows()) {
                        write(connection, change);
                    }
                    connection.commit();
                }
            }
            ServerEvidence evidence = new ServerEvidence(
                    "one",
                    Optional.of(new ServerEvidence.Login(server.jdbcUrl(""), server.rootUser(), server.rootPassword())),
                    server.folder());
            Layout layout = onOne(run.layout());

            CheckReport report = Checker.check(history, List.of(evidence), layout);

            assertThat(SyntheticRun.named(report)).isEmpty();
            CheckReport expected = run.check();
            assertThat(report.counts().acknowledged())
                    .isEqualTo(expected.counts().acknowledged());
            assertThat(report.counts().appended())
                    .isEqualTo(expected.counts().appended())
                    .isPositive();
            assertThat(Objects.requireNonNull(report.counts().servers().get("one"))
                            .application())
                    .isEqualTo(expected.counts().servers().values().stream()
                            .mapToLong(CheckReport.ServerCounts::application)
                            .sum());
            assertThat(report.closedWindows()).hasSameSizeAs(expected.closedWindows());

            server.execute("DELETE FROM shard_0.operation_000 LIMIT 1", "DELETE FROM shard_1.operation_000 LIMIT 1");
            CheckReport spoiled = Checker.check(history, List.of(evidence), layout);
            assertThat(spoiled.totals()).containsKeys("I1", "I8");
        }
    }

    private static HistoryRecord later(HistoryRecord entry) {
        long wall = entry.wall() + 3_000_000_000_000L;
        if (entry instanceof HistoryRecord.Invoke it) {
            return new HistoryRecord.Invoke(it.at(), wall, it.process(), it.op(), it.user(), it.request());
        } else if (entry instanceof HistoryRecord.Ok it) {
            return new HistoryRecord.Ok(
                    it.at(), wall, it.process(), it.op(), it.epoch(), it.side(), it.result(), it.lists());
        }
        return entry;
    }

    private static Layout onOne(Layout layout) {
        return new Layout(
                one(layout.old()),
                one(layout.meta()),
                layout.shards().stream().map(WholeCheckIT::one).toList(),
                layout.tablesPerShard(),
                layout.control().map(WholeCheckIT::one),
                layout.ending());
    }

    private static Place one(Place place) {
        return new Place("one", place.schema());
    }

    private static void prepare(MySqlServer server, SyntheticRun run) throws IOException {
        List<String> sql = new ArrayList<>();
        for (String schema : List.of("bank", "meta", "shard_0", "shard_1", "control")) {
            sql.add("CREATE DATABASE " + schema);
            sql.add("USE " + schema);
            sql.addAll(script(schema.equals("control") ? "control/V1__control.sql" : "fence/fence.sql"));
        }
        for (BankTable table : BankTable.values()) {
            String columns = Objects.requireNonNull(BANK_COLUMNS.get(table));
            boolean coupon = table == BankTable.COUPON;
            sql.add("CREATE TABLE bank.bank_" + table.word() + " ("
                    + (coupon ? "id INT AUTO_INCREMENT PRIMARY KEY, " : "") + columns + ")");
            for (int number = 0; number < SyntheticRun.TABLES; number++) {
                for (String shard : List.of("shard_0", "shard_1")) {
                    sql.add("CREATE TABLE " + shard + "." + table.word() + "_00" + number + " ("
                            + (coupon ? "coupon_id BIGINT PRIMARY KEY, " : "") + columns + ")");
                }
            }
        }
        sql.add("CREATE TABLE bank.bank_template (id INT PRIMARY KEY, title VARCHAR(40), total INT, stock INT)");
        sql.add("CREATE TABLE meta.template_info (template_id INT PRIMARY KEY, title VARCHAR(40), total INT)");
        for (String shard : List.of("shard_0", "shard_1")) {
            sql.add("CREATE TABLE " + shard + ".stock_slice (template_id BIGINT, slice_no SMALLINT, allotted BIGINT,"
                    + " remaining BIGINT, PRIMARY KEY (template_id, slice_no))");
        }
        run.totals.forEach((id, total) -> {
            long left = Objects.requireNonNull(run.left.get(id));
            sql.add("INSERT INTO bank.bank_template VALUES (" + id + ", 't', " + total + ", " + left + ")");
            sql.add("INSERT INTO meta.template_info VALUES (" + id + ", 't', " + total + ")");
            if (left > 0) {
                sql.add("INSERT INTO shard_0.stock_slice VALUES (" + id + ", 0, " + left + ", " + (left - 1) + ")");
                sql.add("INSERT INTO shard_1.stock_slice VALUES (" + id + ", 0, " + left + ", 1)");
            }
        });
        server.execute(sql.toArray(new String[0]));
    }

    private static List<String> script(String name) throws IOException {
        String text = Files.readString(Path.of("..", "sql").resolve(name)).replaceAll("(?m)^--.*$", "");
        List<String> statements = new ArrayList<>();
        for (String statement : text.split(";\\s*\\n", -1)) {
            if (!statement.isBlank()) {
                statements.add(statement);
            }
        }
        return statements;
    }

    private static void write(Connection connection, RowChange change) throws SQLException {
        String table = change.schema() + "." + change.table();
        RowImage after = change.after();
        RowImage before = change.before();
        String columns = COLUMNS.get(change.table());
        if (columns != null && after != null) {
            boolean register = change.table().equals("cutover_register");
            List<@Nullable Object> cells = cells(after, columns.split(",", -1).length);
            StringBuilder updates = new StringBuilder();
            for (String column : columns.split(", ", -1)) {
                updates.append(updates.isEmpty() ? "" : ", ").append(column + " = VALUES(" + column + ")");
            }
            execute(
                    connection,
                    "INSERT INTO " + table + " (" + columns
                            + (register ? ", stage, mirror, read_percent, shadow_percent, frozen" : "") + ") VALUES ("
                            + marks(cells.size()) + (register ? ", 'SWITCHED', 1, 0, 0, 0" : "")
                            + ") ON DUPLICATE KEY UPDATE " + updates,
                    cells);
            return;
        }
        boolean coupon = change.table().contains("coupon");
        if (before != null && after == null) {
            String key = coupon ? (change.schema().equals("bank") ? "id" : "coupon_id") : "user_id";
            String second = change.table().contains("probe")
                    ? " AND k = ?"
                    : change.table().contains("redemption") ? " AND order_id = ?" : coupon ? "" : " AND op_id = ?";
            execute(
                    connection,
                    "DELETE FROM " + table + " WHERE " + key + " = ?" + second,
                    cells(before, second.isEmpty() ? 1 : 2));
        } else if (after != null) {
            List<@Nullable Object> cells =
                    cells(after, coupon ? 7 : change.table().contains("probe") ? 6 : 5);
            execute(
                    connection,
                    (before == null ? "INSERT" : "REPLACE") + " INTO " + table + " VALUES (" + marks(cells.size())
                            + ")",
                    cells);
        }
    }

    private static List<@Nullable Object> cells(RowImage row, int count) {
        List<@Nullable Object> cells = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            cells.add(row.isNull(i) ? null : row.text(i));
        }
        return cells;
    }

    private static String marks(int count) {
        return "?" + ", ?".repeat(count - 1);
    }

    private static void execute(Connection connection, String sql, List<@Nullable Object> cells) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < cells.size(); i++) {
                statement.setObject(i + 1, cells.get(i));
            }
            statement.executeUpdate();
        }
    }
}
