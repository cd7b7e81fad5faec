package dev.cutover.chaos.bench;

import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.TargetColumn;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.stage.Job;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.migrator.MigrationWorker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * How fast a worker copies and applies, with its own JVM as the worker. A copy stands beside the plainest ways to get as many rows of the
 * same table from one place to another: {@code INSERT … SELECT} on the legacy server, and rows read and written one by one over JDBC. Used
 * once, by one thread.
 */
final class MigrateBench {
    private static final String FROM = "mall_coupon_user";
    private static final Duration LONGEST = Duration.ofMinutes(20);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);
    private static final int ONE_BY_ONE = 50_000;
    private static final int BATCH = 1_000;
    private static final int ROWS_A_TRANSACTION = 20;
    private static final int LAG_RATE = 2_000;
    private static final Epoch FIRST = new Epoch(1);

    private final Path folder;
    private final int rows;
    private final Duration load;
    private final Consumer<String> says;

    /**
     * A bench over so many coupons.
     *
     * @param load how long writers write where the lag is measured
     */
    MigrateBench(Path folder, int rows, Duration load, Consumer<String> says) {
        this.folder = folder;
        this.rows = rows;
        this.load = load;
        this.says = says;
    }

    List<Figure> copy() {
        List<Figure> figures = new ArrayList<>();
        for (CopiedMall.Shards shards : List.of(CopiedMall.USUAL, new CopiedMall.Shards(8, 128))) {
            try (CopiedMall mall = CopiedMall.empty(folder, rows, shards)) {
                figures.addAll(copy(mall, "copy." + shards.databases() + "x" + shards.tables()));
            } catch (SQLException e) {
                throw failed(e);
            }
        }
        return figures;
    }

    private List<Figure> copy(CopiedMall mall, String name) throws SQLException {
        double floor = insertSelect(mall);
        says.accept(String.format(Locale.ROOT, "%s: INSERT SELECT %,.0f rows/s", name, floor));
        double shaped = shaped(mall);
        says.accept(String.format(Locale.ROOT, "%s: INSERT SELECT into the new shape %,.0f rows/s", name, shaped));
        double plain = oneByOne(mall);
        says.accept(String.format(Locale.ROOT, "%s: rows one by one %,.0f rows/s", name, plain));
        try (Running worker = Running.start(mall)) {
            drain(mall);
            Duration servers = servers(mall);
            Duration own = own();
            long begun = System.nanoTime();
            copied(mall);
            double seconds = (System.nanoTime() - begun) / 1e9;
            long copied = mall.plan().dynamicTables().stream()
                    .flatMap(table -> mall.control().chunks(table.name()).stream())
                    .mapToLong(Chunk::rows)
                    .sum();
            says.accept(String.format(Locale.ROOT, "%s: %,d rows in %.1f s", name, copied, seconds));
            double rate = copied / seconds;
            return List.of(
                    new Figure(name, rate, "rows/s", new Figure.Floor("INSERT … SELECT into one table", floor)),
                    new Figure(
                            name + ".shape",
                            rate,
                            "rows/s",
                            new Figure.Floor(
                                    "INSERT … SELECT of the plan's expressions into one table of the new shape",
                                    shaped)),
                    new Figure(name + ".jdbc", rate, "rows/s", new Figure.Floor("row by row over JDBC", plain)),
                    new Figure(name + ".processor.mysqld", micros(servers(mall).minus(servers), copied), "us/row"),
                    new Figure(name + ".processor.worker", micros(own().minus(own), copied), "us/row"));
        }
    }

    List<Figure> apply() {
        try (CopiedMall mall = CopiedMall.empty(folder, rows, CopiedMall.USUAL);
                Running worker = Running.start(mall)) {
            copied(mall);
            drain(mall);
            List<Figure> figures = new ArrayList<>(backlog(mall));
            figures.addAll(lag(mall));
            return figures;
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    /** Every coupon is changed once, by transactions of a few rows, as fast as one session can; then the stream comes to its end. */
    private List<Figure> backlog(CopiedMall mall) throws SQLException {
        long last = newest(mall);
        Duration servers = servers(mall);
        Duration own = own();
        long begun = System.nanoTime();
        long changed = 0;
        try (Connection old = mall.topology().database(DatabaseId.OLD).getConnection()) {
            for (long id = 0; id < last; id += ROWS_A_TRANSACTION) {
                changed += change(old, id, id + ROWS_A_TRANSACTION);
            }
        }
        double written = (System.nanoTime() - begun) / 1e9;
        drain(mall);
        double applied = (System.nanoTime() - begun) / 1e9;
        says.accept(
                String.format(Locale.ROOT, "%,d rows changed in %.1f s, applied in %.1f s", changed, written, applied));
        return List.of(
                new Figure(
                        "apply.rate",
                        changed / applied,
                        "rows/s",
                        new Figure.Floor("the rate they were changed at", changed / written)),
                new Figure("apply.processor.mysqld", micros(servers(mall).minus(servers), changed), "us/row"),
                new Figure("apply.processor.worker", micros(own().minus(own), changed), "us/row"));
    }

    /** A steady load, and again and again the way of a marker to every shard. */
    private List<Figure> lag(CopiedMall mall) throws SQLException {
        long last = newest(mall);
        List<Long> lags = Collections.synchronizedList(new ArrayList<>());
        AtomicBoolean over = new AtomicBoolean();
        Thread asking = new Thread(() -> ask(mall, lags, over), "bench-lag");
        long changed = 0;
        long begun = System.nanoTime();
        try (Connection old = mall.topology().database(DatabaseId.OLD).getConnection()) {
            asking.start();
            long id = 0;
            while (System.nanoTime() - begun < load.toNanos()) {
                changed += change(old, id, id + ROWS_A_TRANSACTION);
                id = (id + ROWS_A_TRANSACTION) % last;
                long due = begun + changed * TimeUnit.SECONDS.toNanos(1) / LAG_RATE;
                LockSupport.parkNanos(due - System.nanoTime());
            }
        } finally {
            over.set(true);
        }
        join(asking);
        return List.of(
                new Figure("apply.lag.load", changed / ((System.nanoTime() - begun) / 1e9), "rows/s"),
                Figure.percentile("apply.lag", lags, 50),
                Figure.percentile("apply.lag", lags, 99),
                Figure.percentile("apply.lag", lags, 100));
    }

    private static void ask(CopiedMall mall, List<Long> lags, AtomicBoolean over) {
        try {
            while (!over.get()) {
                lags.add(drain(mall).toMillis());
            }
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join(Duration.ofSeconds(30).toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int change(Connection old, long above, long to) throws SQLException {
        try (PreparedStatement update = old.prepareStatement(
                "UPDATE " + FROM + " SET update_time = update_time + INTERVAL 1 SECOND WHERE id > ? AND id <= ?")) {
            update.setLong(1, above);
            update.setLong(2, to);
            return update.executeUpdate();
        }
    }

    private static long newest(CopiedMall mall) throws SQLException {
        try (Connection old = mall.topology().database(DatabaseId.OLD).getConnection();
                Statement statement = old.createStatement();
                ResultSet row = statement.executeQuery("SELECT MAX(id) FROM " + FROM)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Rows a second into a table of the same shape on the same server. */
    private double insertSelect(CopiedMall mall) throws SQLException {
        try (Connection old = mall.topology().database(DatabaseId.OLD).getConnection();
                Statement statement = old.createStatement()) {
            statement.execute("CREATE TABLE floor_rows LIKE " + FROM);
            long begun = System.nanoTime();
            int copied = statement.executeUpdate("INSERT INTO floor_rows SELECT * FROM " + FROM);
            double seconds = (System.nanoTime() - begun) / 1e9;
            statement.execute("DROP TABLE floor_rows");
            return copied / seconds;
        }
    }

    /** Rows a second into one table as NEW has them, through the plan's expressions, on the legacy server. */
    private double shaped(CopiedMall mall) throws SQLException {
        TablePlan table = mall.plan().table("user_coupon");
        Projection projection = Projection.forward(mall.topology(), table);
        String physical = mall.plan().physicalTable(table, 0);
        String ddl;
        try (Connection shard = mall.topology().database(DatabaseId.shard(0)).getConnection()) {
            ddl = ddl(shard, physical);
        }
        List<String> names = new ArrayList<>();
        List<String> expressions = new ArrayList<>();
        for (TargetColumn column : projection.columns()) {
            names.add(Identifier.quote(column.name()));
            expressions.add(projection.selectExpression(column.name()));
        }
        try (Connection old = mall.topology().database(DatabaseId.OLD).getConnection();
                Statement statement = old.createStatement()) {
            statement.execute(ddl);
            long begun = System.nanoTime();
            int copied = statement.executeUpdate("INSERT INTO " + Identifier.quote(physical) + " ("
                    + String.join(", ", names) + ") SELECT " + String.join(", ", expressions) + " FROM "
                    + projection.fromClause() + " WHERE NOT " + projection.rejectCondition());
            double seconds = (System.nanoTime() - begun) / 1e9;
            statement.execute("DROP TABLE " + Identifier.quote(physical));
            return copied / seconds;
        }
    }

    /** Rows a second into a table of the same shape on another server: read as they come, written one by one, committed by the thousand. */
    private double oneByOne(CopiedMall mall) throws SQLException {
        try (Connection old = mall.topology().database(DatabaseId.OLD).getConnection();
                Connection shard = mall.topology().units(DatabaseId.shard(0)).getConnection();
                Statement create = shard.createStatement();
                Statement read = old.createStatement()) {
            String ddl = ddl(old, FROM);
            create.execute(ddl.replace("CREATE TABLE `" + FROM + "`", "CREATE TABLE floor_rows"));
            read.setFetchSize(Integer.MIN_VALUE);
            long copied = 0;
            long begun = System.nanoTime();
            try (ResultSet row = read.executeQuery("SELECT * FROM " + FROM + " LIMIT " + ONE_BY_ONE)) {
                int columns = row.getMetaData().getColumnCount();
                try (PreparedStatement insert =
                        shard.prepareStatement("INSERT INTO floor_rows VALUES (?" + ", ?".repeat(columns - 1) + ")")) {
                    while (row.next()) {
                        for (int column = 1; column <= columns; column++) {
                            insert.setString(column, row.getString(column));
                        }
                        insert.addBatch();
                        if (++copied % BATCH == 0) {
                            insert.executeBatch();
                            shard.commit();
                        }
                    }
                    insert.executeBatch();
                    shard.commit();
                }
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            create.execute("DROP TABLE floor_rows");
            return copied / seconds;
        }
    }

    private static String ddl(Connection connection, String table) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW CREATE TABLE " + Identifier.quote(table))) {
            row.next();
            return row.getString(2);
        }
    }

    private static void copied(CopiedMall mall) {
        mall.control().requestJob("copy-dynamic", "bench", null);
        boolean done = Waiting.until(LONGEST, LOOK_AGAIN, () -> {
            Job.State state = mall.control().job("copy-dynamic").orElseThrow().state();
            if (state == Job.State.FAILED) {
                throw new ChaosFailedException("The copy failed.", null);
            }
            return state == Job.State.DONE;
        });
        if (!done) {
            throw new ChaosFailedException("The copy did not come to its end.", null);
        }
    }

    /** Writes a marker on OLD and waits until every shard has applied it; how long that took. */
    private static Duration drain(CopiedMall mall) throws SQLException {
        try (Connection old = mall.topology().database(DatabaseId.OLD).getConnection()) {
            long begun = System.nanoTime();
            String gtid = Fence.writeMarker(old, "old", FIRST, UUID.randomUUID().toString());
            for (DatabaseId shard : mall.plan().shardDatabases()) {
                try (Connection connection = mall.topology().database(shard).getConnection()) {
                    while (Positions.read(connection, "old")
                            .filter(position -> position.set().containsGtid(gtid))
                            .isEmpty()) {
                        if (Thread.currentThread().isInterrupted() || System.nanoTime() - begun > LONGEST.toNanos()) {
                            throw new SQLException("The stream did not come to its end.");
                        }
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                    }
                }
            }
            return Duration.ofNanos(System.nanoTime() - begun);
        }
    }

    private static double micros(Duration worked, long rows) {
        return worked.toNanos() / 1e3 / rows;
    }

    private static Duration own() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    private static Duration servers(CopiedMall mall) {
        return mall.servers().stream()
                .map(server -> server.info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(Duration.ZERO, Duration::plus);
    }

    private static ChaosFailedException failed(SQLException e) {
        return new ChaosFailedException("The migrator could not be measured: " + e.getMessage(), e);
    }

    /** A worker in this JVM. */
    private record Running(MigrationWorker worker, Thread thread) implements AutoCloseable {
        static Running start(CopiedMall mall) throws SQLException {
            mall.intoDualWrite();
            // The plan rests to leave the processors to the demo's service; nobody else is here.
            mall.control().setSetting("copy.nice_ratio", "0");
            for (TablePlan table : mall.plan().dynamicTables()) {
                mall.control().planChunks(table.name(), List.of());
            }
            MigrationWorker worker = new MigrationWorker(
                    mall.plan(),
                    mall.topology(),
                    mall.control(),
                    "bench-worker",
                    new SimpleMeterRegistry(),
                    Failpoints.NONE);
            Thread thread = new Thread(worker::run, "bench-worker");
            thread.setDaemon(true);
            thread.start();
            return new Running(worker, thread);
        }

        @Override
        public void close() {
            worker.close();
            join(thread);
        }
    }
}
