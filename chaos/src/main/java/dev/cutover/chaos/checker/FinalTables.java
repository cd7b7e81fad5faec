package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FinalDatabase.Coupon;
import dev.cutover.chaos.checker.FinalDatabase.Found;
import dev.cutover.chaos.checker.FinalDatabase.Operation;
import dev.cutover.chaos.checker.FinalDatabase.Probe;
import dev.cutover.chaos.checker.FinalDatabase.Redemption;
import dev.cutover.chaos.checker.FinalDatabase.Slice;
import dev.cutover.chaos.checker.FinalDatabase.Template;
import dev.cutover.chaos.checker.Layout.Place;
import dev.cutover.chaos.history.Side;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Reads the final tables of all databases by plain JDBC. Stateless. */
final class FinalTables {
    private FinalTables() {}

    /** The databases of those servers that can still be asked. */
    static List<FinalDatabase> read(List<ServerEvidence> servers, Layout layout) {
        Map<String, ServerEvidence.Login> logins = new HashMap<>();
        servers.forEach(server -> server.login().ifPresent(login -> logins.put(server.name(), login)));
        List<FinalDatabase> databases = new ArrayList<>();
        database(logins, layout.old(), Side.OLD, false, layout).ifPresent(databases::add);
        database(logins, layout.meta(), Side.NEW, true, layout).ifPresent(databases::add);
        for (Place shard : layout.shards()) {
            database(logins, shard, Side.NEW, false, layout).ifPresent(databases::add);
        }
        return databases;
    }

    private static Optional<FinalDatabase> database(
            Map<String, ServerEvidence.Login> logins, Place place, Side side, boolean meta, Layout layout) {
        ServerEvidence.Login login = logins.get(place.server());
        if (login == null) {
            return Optional.empty();
        }
        Properties account = new Properties();
        account.setProperty("user", login.user());
        account.setProperty("password", login.password());
        try (Connection connection = DriverManager.getConnection(login.jdbcUrl(), account)) {
            connection.setCatalog(place.schema());
            try (Statement statement =
                    connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
                // The driver hands rows on as they come instead of keeping all of them.
                statement.setFetchSize(Integer.MIN_VALUE);
                return Optional.of(contents(statement, place, side, meta, layout.tablesPerShard()));
            }
        } catch (SQLException e) {
            throw new EvidenceUnreadableException(
                    "The final tables of " + place + " cannot be read as " + login + ": " + e.getMessage(), e);
        }
    }

    private static FinalDatabase contents(Statement statement, Place place, Side side, boolean meta, int tables)
            throws SQLException {
        List<Coupon> coupons = new ArrayList<>();
        List<Probe> probes = new ArrayList<>();
        List<Redemption> redemptions = new ArrayList<>();
        List<Operation> operations = new ArrayList<>();
        List<Template> templates = new ArrayList<>();
        List<Slice> slices = new ArrayList<>();
        if (meta) {
            each(
                    statement,
                    "SELECT template_id, total FROM template_info",
                    row -> templates.add(new Template(row.getInt(1), row.getLong(2), 0)));
        } else {
            for (int number = 0; number < (side == Side.OLD ? 1 : tables); number++) {
                Found found = new Found(place, number);
                String before = side == Side.OLD ? "bank_" : "";
                String after = side == Side.OLD ? "" : String.format("_%03d", number);
                String id = side == Side.OLD ? "id" : "coupon_id";
                each(
                        statement,
                        "SELECT " + id + ", user_id, template_id, status, version, last_op, epoch FROM " + before
                                + "coupon" + after,
                        row -> coupons.add(new Coupon(
                                found,
                                row.getLong(1),
                                side == Side.OLD ? row.getLong(1) : row.getLong(1) >> 10,
                                row.getLong(2),
                                row.getInt(3),
                                row.getInt(4),
                                row.getInt(5),
                                text(row, 6),
                                row.getLong(7))));
                each(
                        statement,
                        "SELECT user_id, k, seq, hist, last_op, epoch FROM " + before + "probe" + after,
                        row -> probes.add(new Probe(
                                found,
                                row.getLong(1),
                                row.getInt(2),
                                row.getLong(3),
                                text(row, 4),
                                text(row, 5),
                                row.getLong(6))));
                each(
                        statement,
                        "SELECT user_id, order_id, coupon_id, last_op, epoch FROM " + before + "redemption" + after,
                        row -> redemptions.add(new Redemption(
                                found, row.getLong(1), text(row, 2), row.getLong(3), text(row, 4), row.getLong(5))));
                each(
                        statement,
                        "SELECT user_id, op_id, kind, result, epoch FROM " + before + "operation" + after,
                        row -> operations.add(new Operation(
                                found, row.getLong(1), text(row, 2), text(row, 3), row.getLong(4), row.getLong(5))));
            }
            if (side == Side.OLD) {
                each(
                        statement,
                        "SELECT id, total, stock FROM bank_template",
                        row -> templates.add(new Template(row.getInt(1), row.getLong(2), row.getLong(3))));
            } else {
                each(
                        statement,
                        "SELECT template_id, remaining FROM stock_slice",
                        row -> slices.add(new Slice(row.getInt(1), row.getLong(2))));
            }
        }
        return new FinalDatabase(place, coupons, probes, redemptions, operations, templates, slices);
    }

    @FunctionalInterface
    private interface Rows {
        void take(ResultSet row) throws SQLException;
    }

    private static void each(Statement statement, String sql, Rows rows) throws SQLException {
        try (ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                rows.take(result);
            }
        }
    }

    private static String text(ResultSet row, int column) throws SQLException {
        @Nullable String value = row.getString(column);
        return value == null ? "" : value;
    }
}
