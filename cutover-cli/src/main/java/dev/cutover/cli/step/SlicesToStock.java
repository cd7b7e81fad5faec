package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.plan.Stock;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/**
 * Folds the slices of every shard database, what is on its way between two of them, and what a counter outside has not given away of its
 * lots back into the counters of OLD.
 */
final class SlicesToStock {
    /** What a transfer of stock did in one shard database; a debit without its credit is stock on its way. */
    static final String TRANSFER_LEGS = "stock_transfer_leg";

    /** Stock that a counter outside hands out piece by piece, and the pieces it has handed out; taken from the slices. */
    static final String LOTS = "stock_lot";

    static final String PIECES = "stock_piece";

    private static final int DEBIT = 1;

    private final StepContext context;
    private final Stock stock;
    private final Epoch replicaEpoch;

    SlicesToStock(StepContext context, Stock stock, Epoch replicaEpoch) {
        this.context = context;
        this.stock = stock;
        this.replicaEpoch = replicaEpoch;
    }

    String finish() throws SQLException {
        Map<Long, Long> remaining = sums(context, stock);
        long onTheWay = 0;
        for (Map.Entry<Long, Long> debt : debitsWithoutCredit().entrySet()) {
            remaining.merge(debt.getKey(), debt.getValue(), Long::sum);
            onTheWay += debt.getValue();
        }
        int changed = write(remaining);
        long pieces = remaining.values().stream().mapToLong(Long::longValue).sum();
        return "stock of " + remaining.size() + " templates, " + pieces + " pieces (" + onTheWay
                + " on their way between databases), folded back into " + stock.table() + "." + stock.remaining() + ", "
                + changed + " counters moved";
    }

    /** Template to what its slices and open lots hold in all shard databases. */
    static Map<Long, Long> sums(StepContext context, Stock stock) throws SQLException {
        List<Callable<Map<Long, Long>>> tasks = new ArrayList<>();
        for (DatabaseId database : context.plan().shardDatabases()) {
            tasks.add(() -> {
                Map<Long, Long> sums = new HashMap<>();
                try (Connection connection =
                        context.topology().database(database).getConnection()) {
                    addSlices(connection, stock, sums);
                    if (hasTable(connection, LOTS)) {
                        addLots(connection, sums);
                    }
                }
                return sums;
            });
        }
        Map<Long, Long> all = new TreeMap<>();
        for (Map<Long, Long> sums : Together.call(context.threads(), tasks)) {
            sums.forEach((template, pieces) -> all.merge(template, pieces, Long::sum));
        }
        return all;
    }

    private static void addSlices(Connection connection, Stock stock, Map<Long, Long> sums) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT template_id, SUM(remaining) FROM "
                        + Identifier.quote(stock.sliceTable()) + " GROUP BY template_id")) {
            while (rows.next()) {
                sums.put(rows.getLong(1), rows.getLong(2));
            }
        }
    }

    private static void addLots(Connection connection, Map<Long, Long> sums) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT l.template_id, l.pieces - (SELECT COUNT(*) FROM " + Identifier.quote(PIECES)
                                + " p WHERE p.lot_id = l.lot_id) FROM " + Identifier.quote(LOTS) + " l")) {
            while (rows.next()) {
                sums.merge(rows.getLong(1), rows.getLong(2), Long::sum);
            }
        }
    }

    static boolean hasTable(Connection connection, String table) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?")) {
            select.setString(1, table);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    private Map<Long, Long> debitsWithoutCredit() throws SQLException {
        Map<Long, long[]> debits = new HashMap<>();
        Set<Long> credited = new HashSet<>();
        for (DatabaseId database : context.plan().shardDatabases()) {
            try (Connection connection = context.topology().database(database).getConnection()) {
                if (!hasTable(connection, TRANSFER_LEGS)) {
                    continue;
                }
                try (Statement statement = connection.createStatement();
                        ResultSet rows = statement.executeQuery("SELECT transfer_id, leg, template_id, quantity FROM "
                                + Identifier.quote(TRANSFER_LEGS))) {
                    while (rows.next()) {
                        if (rows.getInt(2) == DEBIT) {
                            debits.put(rows.getLong(1), new long[] {rows.getLong(3), rows.getLong(4)});
                        } else {
                            credited.add(rows.getLong(1));
                        }
                    }
                }
            }
        }
        Map<Long, Long> open = new TreeMap<>();
        debits.forEach((transfer, leg) -> {
            if (!credited.contains(transfer)) {
                open.merge(leg[0], leg[1], Long::sum);
            }
        });
        return open;
    }

    private int write(Map<Long, Long> remaining) throws SQLException {
        try (Connection old = context.topology().database(DatabaseId.OLD).getConnection()) {
            old.setAutoCommit(false);
            try {
                Fence.requireReplica(old, replicaEpoch);
                Map<Long, Long> moved = new TreeMap<>(remaining);
                try (Statement statement = old.createStatement();
                        ResultSet rows = statement.executeQuery("SELECT " + Identifier.quote(stock.key()) + ", "
                                + Identifier.quote(stock.remaining()) + " FROM " + Identifier.quote(stock.table()))) {
                    while (rows.next()) {
                        moved.remove(rows.getLong(1), rows.getLong(2));
                    }
                }
                if (!moved.isEmpty()) {
                    update(old, moved);
                }
                old.commit();
                return moved.size();
            } finally {
                old.rollback();
                old.setAutoCommit(true);
            }
        }
    }

    // One statement however many counters moved: the pause has no time for a round trip a template.
    private void update(Connection old, Map<Long, Long> counters) throws SQLException {
        List<String> rows = new ArrayList<>();
        counters.forEach((template, pieces) -> rows.add("SELECT " + template + " AS k, " + pieces + " AS v"));
        try (Statement statement = old.createStatement()) {
            statement.executeUpdate("UPDATE " + Identifier.quote(stock.table()) + " t JOIN ("
                    + String.join(" UNION ALL ", rows) + ") n ON n.k = t." + Identifier.quote(stock.key()) + " SET t."
                    + Identifier.quote(stock.remaining()) + " = n.v WHERE NOT (t."
                    + Identifier.quote(stock.remaining()) + " <=> n.v)");
        }
    }
}
