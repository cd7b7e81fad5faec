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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/**
 * Cuts the remaining stock of each template into slices in the shard databases.
 *
 * <p>Counting what was issued takes seconds, the pause has milliseconds. But a claim moves the counter and adds the row in one
 * transaction, so {@code drift = (total - issued) - remaining} does not change while the application writes: it is taken before the
 * pause in one snapshot, and under the closed fence only the counters are read. The slices are also written before the pause; inside it
 * only those of templates that moved meanwhile are written again. Owned by one attempt of a switch.
 */
final class StockToSlices {
    private static final int ROWS_A_STATEMENT = 1_000;

    private final StepContext context;
    private final Stock stock;
    private final Epoch replicaEpoch;
    private final Map<Long, Long> drift = new HashMap<>();
    private final Map<Long, Long> written = new HashMap<>();

    StockToSlices(StepContext context, Stock stock, Epoch replicaEpoch) {
        this.context = context;
        this.stock = stock;
        this.replicaEpoch = replicaEpoch;
    }

    void prepare() throws SQLException {
        Map<Long, Long> remaining;
        try (Connection old = context.topology().database(DatabaseId.OLD).getConnection()) {
            remaining = inOneSnapshot(old);
        }
        write(remaining, true);
    }

    String finish() throws SQLException {
        Map<Long, Long> remaining = new TreeMap<>();
        try (Connection old = context.topology().database(DatabaseId.OLD).getConnection()) {
            counters(old)
                    .forEach((template, counter) ->
                            remaining.put(template, Math.max(0, counter + drift.getOrDefault(template, 0L))));
        }
        Map<Long, Long> moved = new TreeMap<>(remaining);
        moved.entrySet().removeIf(entry -> entry.getValue().equals(written.get(entry.getKey())));
        write(moved, false);
        check(remaining);
        long pieces = remaining.values().stream().mapToLong(Long::longValue).sum();
        return "stock of " + remaining.size() + " templates, " + pieces + " pieces, cut into "
                + context.plan().shards().size() * stock.slicesPerDatabase() + " slices each (" + moved.size()
                + " moved in the pause)";
    }

    private Map<Long, Long> inOneSnapshot(Connection old) throws SQLException {
        Map<Long, Long> issued = new HashMap<>();
        Map<Long, Long> remaining = new TreeMap<>();
        old.setAutoCommit(false);
        try (Statement statement = old.createStatement()) {
            statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            statement.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
            try (ResultSet rows = statement.executeQuery("SELECT " + Identifier.quote(stock.issuedColumn())
                    + ", COUNT(*) FROM " + Identifier.quote(stock.issuedTable()) + " GROUP BY 1")) {
                while (rows.next()) {
                    issued.put(rows.getLong(1), rows.getLong(2));
                }
            }
            try (ResultSet rows = statement.executeQuery("SELECT " + Identifier.quote(stock.key()) + ", "
                    + Identifier.quote(stock.remaining()) + ", " + Identifier.quote(stock.total()) + " FROM "
                    + Identifier.quote(stock.table()) + " WHERE NOT (" + stock.unlimited() + ")")) {
                while (rows.next()) {
                    long template = rows.getLong(1);
                    long counter = rows.getLong(2);
                    long total = rows.getLong(3);
                    long derived = total - issued.getOrDefault(template, 0L);
                    // Without a total there is nothing to derive from; the counter is all there is.
                    long shift = rows.wasNull() ? 0 : derived - counter;
                    drift.put(template, shift);
                    remaining.put(template, Math.max(0, counter + shift));
                }
            }
        } finally {
            old.rollback();
            old.setAutoCommit(true);
        }
        return remaining;
    }

    private Map<Long, Long> counters(Connection old) throws SQLException {
        Map<Long, Long> counters = new TreeMap<>();
        try (Statement statement = old.createStatement();
                ResultSet rows = statement.executeQuery("SELECT " + Identifier.quote(stock.key()) + ", "
                        + Identifier.quote(stock.remaining()) + " FROM " + Identifier.quote(stock.table())
                        + " WHERE NOT (" + stock.unlimited() + ")")) {
            while (rows.next()) {
                counters.put(rows.getLong(1), rows.getLong(2));
            }
        }
        return counters;
    }

    private void write(Map<Long, Long> remaining, boolean replaceAll) throws SQLException {
        List<DatabaseId> databases = context.plan().shardDatabases();
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (int number = 0; number < databases.size(); number++) {
            DatabaseId database = databases.get(number);
            int position = number;
            tasks.add(() -> {
                try (Connection connection =
                        context.topology().database(database).getConnection()) {
                    connection.setAutoCommit(false);
                    try {
                        Fence.requireReplica(connection, replicaEpoch);
                        clear(connection, remaining, replaceAll);
                        insert(connection, remaining, position, databases.size());
                        connection.commit();
                    } finally {
                        connection.rollback();
                        connection.setAutoCommit(true);
                    }
                }
                return true;
            });
        }
        Together.call(context.threads(), tasks);
        written.putAll(remaining);
    }

    private void clear(Connection connection, Map<Long, Long> remaining, boolean all) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (all) {
                statement.execute("DELETE FROM " + Identifier.quote(stock.sliceTable()));
                // Legs of transfers belong to slices of an earlier epoch; their stock went back in the rollback.
                if (SlicesToStock.hasTable(connection, SlicesToStock.TRANSFER_LEGS)) {
                    statement.execute("DELETE FROM " + Identifier.quote(SlicesToStock.TRANSFER_LEGS));
                }
                // So do lots; a counter that still knows one is told by the database that it is gone.
                if (SlicesToStock.hasTable(connection, SlicesToStock.LOTS)) {
                    statement.execute("DELETE FROM " + Identifier.quote(SlicesToStock.PIECES));
                    statement.execute("DELETE FROM " + Identifier.quote(SlicesToStock.LOTS));
                }
            } else if (!remaining.isEmpty()) {
                statement.execute("DELETE FROM " + Identifier.quote(stock.sliceTable()) + " WHERE template_id IN ("
                        + String.join(
                                ", ",
                                remaining.keySet().stream().map(String::valueOf).toList())
                        + ")");
            }
        }
    }

    private void insert(Connection connection, Map<Long, Long> remaining, int database, int databases)
            throws SQLException {
        List<long[]> rows = new ArrayList<>();
        remaining.forEach((template, pieces) -> {
            for (int slice = 0; slice < stock.slicesPerDatabase(); slice++) {
                rows.add(new long[] {template, slice, share(pieces, slice * databases + database, databases)});
            }
        });
        for (int begin = 0; begin < rows.size(); begin += ROWS_A_STATEMENT) {
            List<long[]> batch = rows.subList(begin, Math.min(rows.size(), begin + ROWS_A_STATEMENT));
            String values =
                    String.join(", ", batch.stream().map(row -> "(?, ?, ?, ?)").toList());
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO "
                    + Identifier.quote(stock.sliceTable())
                    + " (template_id, slice_no, allotted, remaining) VALUES " + values)) {
                int index = 1;
                for (long[] row : batch) {
                    insert.setLong(index++, row[0]);
                    insert.setLong(index++, row[1]);
                    insert.setLong(index++, row[2]);
                    insert.setLong(index++, row[2]);
                }
                insert.executeUpdate();
            }
        }
    }

    /** The pieces of one slice: the sum over all slices is exact, no two slices differ by more than one. */
    private long share(long pieces, int slice, int databases) {
        int slices = databases * stock.slicesPerDatabase();
        return pieces / slices + (slice < pieces % slices ? 1 : 0);
    }

    private void check(Map<Long, Long> expected) throws SQLException {
        Map<Long, Long> found = SlicesToStock.sums(context, stock);
        List<String> wrong = new ArrayList<>();
        expected.forEach((template, pieces) -> {
            if (!pieces.equals(found.get(template))) {
                wrong.add("template " + template + ": " + found.get(template) + " in slices, " + pieces + " expected");
            }
        });
        if (!wrong.isEmpty() || found.size() != expected.size()) {
            throw new SwitchStoppedException("The slices do not add up to the stock.", wrong);
        }
    }
}
