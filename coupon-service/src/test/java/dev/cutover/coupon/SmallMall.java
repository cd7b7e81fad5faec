package dev.cutover.coupon;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.row.RowWriter;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.SqlScript;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.mall.MallSchema;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The databases of a small mall on the shared server: mall, meta, two shard databases of four tables, control. OLD holds the truth. */
public final class SmallMall implements AutoCloseable {
    static final int DATABASES = 2;
    static final int TABLES = 4;
    private static final int SLICES = 4;

    private final MySqlServer server = MySqlServer.shared();
    private final String prefix =
            "c" + Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
    private final AtomicLong users = new AtomicLong(1000);
    public final MigrationPlan plan;
    public final Topology topology;
    public final ControlDatabase control;

    private SmallMall() throws SQLException, IOException {
        for (String name : names()) {
            server.execute("CREATE DATABASE `" + name + "` CHARACTER SET utf8mb4");
        }
        plan = PlanReader.read(planFile("\"" + server.rootPassword() + "\""), true);
        topology = Topology.preparing(plan, "coupon-test", CouponService.STATEMENTS);
        try (Connection connection = server.connect(prefix + "_mall")) {
            MallSchema.createLegacy(connection);
            Fence.install(connection, Role.PRIMARY, new Epoch(1), "test");
        }
        run(DatabaseId.META, SqlScript.read("sql/coupon/meta.sql").statements());
        for (DatabaseId shard : plan.shardDatabases()) {
            run(shard, SqlScript.read("sql/coupon/shard.sql").statements(TABLES));
        }
        for (DatabaseId database : plan.newDatabases()) {
            try (Connection connection = topology.database(database).getConnection()) {
                Fence.install(connection, Role.REPLICA, new Epoch(1), "test");
            }
        }
        control = new MySqlControlDatabase(topology.control());
        control.install();
        control.initialise(plan);
        execute(
                DatabaseId.META,
                "INSERT INTO id_sequence VALUES ('user_coupon', 100000), ('coupon_redemption', 100000)");
    }

    public static SmallMall open() {
        try {
            return new SmallMall();
        } catch (SQLException | IOException e) {
            throw new IllegalStateException("The small mall could not be built: " + e.getMessage(), e);
        }
    }

    /** All of its databases as a filter of replication names them. */
    String databases() {
        return prefix + "\\_%.%";
    }

    private List<String> names() {
        return List.of(prefix + "_mall", prefix + "_meta", prefix + "_s0", prefix + "_s1", prefix + "_ctl");
    }

    /** The plan as a file, as a process reads it; the password in the notation of the plan. */
    Path planFile(String password) throws IOException {
        try (InputStream stream = SmallMall.class.getResourceAsStream("/coupon-plan.yaml")) {
            String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("@SERVER@", server.host() + ":" + server.port())
                    .replace("@DB@", prefix)
                    .replace("@USER@", server.rootUser())
                    .replace("\"@PASSWORD@\"", password);
            Path file = Files.createTempFile("coupon-plan", ".yaml");
            file.toFile().deleteOnExit();
            return Files.writeString(file, text);
        }
    }

    /** The same plan with the shard databases behind another port of this machine. */
    MigrationPlan planWithShardsAt(int port) throws IOException {
        Path file = planFile("\"" + server.rootPassword() + "\"");
        String text = Files.readString(file);
        String shards = "/" + prefix + "_s{";
        return PlanReader.read(
                Files.writeString(
                        file, text.replace(server.host() + ":" + server.port() + shards, "127.0.0.1:" + port + shards)),
                true);
    }

    private void run(DatabaseId database, List<String> statements) throws SQLException {
        try (Connection connection = topology.database(database).getConnection()) {
            SqlScript.run(connection, statements);
        }
    }

    public int execute(DatabaseId database, String sql, @Nullable Object... values) {
        try (Connection connection = topology.database(database).getConnection()) {
            return Sql.update(connection, sql, values);
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }

    public long number(DatabaseId database, String sql, @Nullable Object... values) {
        try (Connection connection = topology.database(database).getConnection()) {
            return Sql.first(connection, row -> row.getLong(1), sql, values).orElseThrow();
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }

    /** Begins to count statements anew: the server has room for so many shapes only, and those of every test are among them. */
    void forgetStatements() {
        execute(DatabaseId.OLD, "TRUNCATE TABLE performance_schema.events_statements_summary_by_digest");
        execute(DatabaseId.OLD, "TRUNCATE TABLE performance_schema.prepared_statements_instances");
    }

    /** How many statements of this shape the mall's and the shard databases were given since then, as text and prepared ones. */
    long statements(String like) {
        return number(
                DatabaseId.OLD,
                "SELECT COALESCE((SELECT SUM(count_star) FROM performance_schema.events_statements_summary_by_digest"
                        + " WHERE schema_name LIKE ? AND REPLACE(digest_text, '`', '') LIKE ?), 0)"
                        + " + COALESCE((SELECT SUM(count_execute) FROM performance_schema.prepared_statements_instances"
                        + " JOIN performance_schema.threads ON thread_id = owner_thread_id"
                        + " WHERE processlist_db LIKE ? AND REPLACE(sql_text, '`', '') LIKE ?), 0)",
                prefix + "\\_%",
                like,
                prefix + "\\_%",
                like);
    }

    /** A user nobody has used before. */
    public long user() {
        return users.incrementAndGet();
    }

    /**
     * A template of the mall, valid three days from a claim, and the same on the new side, its stock cut into slices.
     *
     * @param number how many, -1 for unlimited
     * @param perLimit how many one user may have, 0 for no limit
     */
    long template(long number, int perLimit) {
        return template(number, perLimit, Map.of());
    }

    /** The same with other values for some columns of {@code mall_coupon}. */
    long template(long number, int perLimit, Map<String, Object> columns) {
        long id = templateOfTheMall(number, perLimit, columns);
        try {
            copyForward(plan.table("coupon_template"));
        } catch (SQLException e) {
            throw new IllegalStateException("A template could not be copied: " + e.getMessage(), e);
        }
        if (number >= 0) {
            cut("stock_slice", id, number);
        }
        return id;
    }

    /** The same on the old side alone, for a migration to bring to the new one. */
    public long templateOfTheMall(long number, int perLimit) {
        return templateOfTheMall(number, perLimit, Map.of());
    }

    private long templateOfTheMall(long number, int perLimit, Map<String, Object> columns) {
        Map<String, Object> all = new HashMap<>(Map.of(
                "coupon_name",
                "满减",
                "type",
                0,
                "amount",
                "5.00",
                "min_point",
                "30.00",
                "num",
                number,
                "publish_count",
                Math.max(0, number),
                "per_limit",
                perLimit,
                "time_type",
                0,
                "days",
                3,
                "add_time",
                "2026-01-02 03:04:05"));
        all.putAll(columns);
        List<String> names = List.copyOf(all.keySet());
        List<Object> values = names.stream().map(all::get).toList();
        try (Connection connection = topology.database(DatabaseId.OLD).getConnection()) {
            return Sql.insert(
                            connection,
                            "INSERT INTO mall_coupon (" + String.join(", ", names) + ") VALUES "
                                    + Sql.tuples(1, names.size()),
                            values.toArray())
                    .get(0);
        } catch (SQLException e) {
            throw new IllegalStateException("A template could not be made: " + e.getMessage(), e);
        }
    }

    /** A template whose stock has no end, and whose coupons may take off this much in all: a budget as the new side would have cut it. */
    long budgeted(long amountMinor) {
        return budgeted(-1, amountMinor);
    }

    long budgeted(long number, long amountMinor) {
        long id = template(number, 0);
        budget(id, amountMinor);
        return id;
    }

    /** Gives a template a budget of which nobody has used a coupon yet. */
    public void budget(long template, long amountMinor) {
        execute(DatabaseId.META, "INSERT INTO template_budget VALUES (?, ?)", template, amountMinor);
        cut("budget_slice", template, amountMinor);
    }

    /** What is left of a template's budget in all slices. */
    long left(long template) {
        long sum = 0;
        for (DatabaseId shard : plan.shardDatabases()) {
            sum += number(
                    shard, "SELECT COALESCE(SUM(remaining), 0) FROM budget_slice WHERE template_id = ?", template);
        }
        return sum;
    }

    private void cut(String table, long template, long number) {
        int slices = DATABASES * SLICES;
        for (int slice = 0; slice < slices; slice++) {
            long share = number / slices + (slice < number % slices ? 1 : 0);
            execute(
                    DatabaseId.shard(slice / SLICES),
                    "INSERT INTO " + table + " VALUES (?, ?, ?, ?)",
                    template,
                    slice % SLICES,
                    share,
                    share);
        }
    }

    /** Stock of a template in all slices and in open lots. */
    public long remaining(long template) {
        long sum = 0;
        for (DatabaseId shard : plan.shardDatabases()) {
            sum += number(shard, "SELECT COALESCE(SUM(remaining), 0) FROM stock_slice WHERE template_id = ?", template);
            sum += number(shard, "SELECT COALESCE(SUM(pieces), 0) FROM stock_lot WHERE template_id = ?", template);
            sum -= number(
                    shard,
                    "SELECT COUNT(*) FROM stock_piece JOIN stock_lot USING (lot_id) WHERE template_id = ?",
                    template);
        }
        return sum;
    }

    /** Coupons of a template on one side. */
    public long issued(Side side, long template) {
        if (side == Side.OLD) {
            return number(DatabaseId.OLD, "SELECT COUNT(*) FROM mall_coupon_user WHERE coupon_id = ?", template);
        }
        long sum = 0;
        for (int slot = 0; slot < DATABASES * TABLES; slot++) {
            sum += number(
                    DatabaseId.shard(plan.layout().databaseOf(slot)),
                    "SELECT COUNT(*) FROM " + plan.layout().physicalTable("user_coupon", slot)
                            + " WHERE template_id = ?",
                    template);
        }
        return sum;
    }

    void copyForwardAll() {
        plan.dynamicTables().forEach(table -> {
            try {
                copyForward(table);
            } catch (SQLException e) {
                throw new IllegalStateException(table.name() + ": " + e.getMessage(), e);
            }
        });
    }

    void copyBackAll() {
        plan.dynamicTables().forEach(table -> {
            try {
                copyBack(table);
            } catch (SQLException e) {
                throw new IllegalStateException(table.name() + ": " + e.getMessage(), e);
            }
        });
    }

    /** Copies a whole table through the plan's projection, as the migrator does. */
    void copyForward(TablePlan table) throws SQLException {
        Projection projection = Projection.forward(topology, table);
        List<ProjectedRow> rows;
        try (Connection source = topology.database(DatabaseId.OLD).getConnection()) {
            rows = new RowReader().byRange(source, projection, table.fromTable(), KeyRange.ALL);
        }
        Map<Integer, List<ProjectedRow>> bySlot = new HashMap<>();
        for (ProjectedRow row : rows) {
            if (!row.rejected()) {
                bySlot.computeIfAbsent(row.slot(), slot -> new ArrayList<>()).add(row);
            }
        }
        for (Map.Entry<Integer, List<ProjectedRow>> slot : bySlot.entrySet()) {
            try (Connection target =
                    topology.database(plan.databaseOf(table, slot.getKey())).getConnection()) {
                String physical = plan.physicalTable(table, slot.getKey());
                new RowWriter()
                        .delete(
                                target,
                                projection,
                                physical,
                                slot.getKey(),
                                slot.getValue().stream()
                                        .map(ProjectedRow::sourceKey)
                                        .toList());
                new RowWriter().insert(target, projection, physical, slot.getValue());
            }
        }
    }

    /** Copies a dynamic table back through the plan's projection. */
    void copyBack(TablePlan table) throws SQLException {
        Projection projection = Projection.backward(topology, table);
        for (int slot = 0; slot < DATABASES * TABLES; slot++) {
            List<ProjectedRow> rows;
            try (Connection source =
                    topology.database(plan.databaseOf(table, slot)).getConnection()) {
                rows = new RowReader().byRange(source, projection, plan.physicalTable(table, slot), KeyRange.ALL);
            }
            if (rows.isEmpty()) {
                continue;
            }
            try (Connection target = topology.database(DatabaseId.OLD).getConnection()) {
                new RowWriter()
                        .delete(
                                target,
                                projection,
                                table.fromTable(),
                                slot,
                                rows.stream().map(ProjectedRow::sourceKey).toList());
                new RowWriter().insert(target, projection, table.fromTable(), rows);
            }
        }
    }

    /** Moves the truth: closes the side being left, moves the register, opens the other. Copies nothing. */
    public void moveTruth(Side to) {
        Register before = control.read();
        Register claimed = before.claimed(to, "test", control.now().plusSeconds(60));
        move(before, claimed);
        closeFences(to.other(), claimed.epoch().number());
        move(control.read(), control.read().decided(Register.Decision.COMMIT));
        openFences(to, claimed.epoch().number());
        move(control.read(), control.read().settled(to));
    }

    /** Turns mirrors on in both directions, with positions as a copy would have left them. */
    void mirror() {
        Register before = control.read();
        long epoch = before.epoch().number();
        for (DatabaseId database : plan.databases()) {
            for (String stream : List.of("old", "new-0")) {
                execute(
                        database,
                        "INSERT INTO cutover_position (stream, epoch, owner, gtid_set) VALUES (?, ?, 1, '')",
                        stream,
                        epoch);
            }
        }
        move(before, before.withMirror(true));
    }

    /** Freezes the back office, or lets it work again. */
    void freeze(boolean frozen) {
        Register before = control.read();
        move(before, before.withFrozen(frozen));
    }

    private void move(Register from, Register next) {
        if (!control.compareAndSet(from, next, new EventDraft("test", "test", "moved by a test", "", "", null, null))) {
            throw new IllegalStateException("The register was moved by somebody else.");
        }
    }

    /** Nobody may write to these databases until {@link #openFences}. */
    void closeFences(Side side, long epoch) {
        databases(side).forEach(database -> fence(database, "closing", epoch));
    }

    /** The application may write to this side, only the applier to the other. */
    void openFences(Side side, long epoch) {
        databases(side).forEach(database -> fence(database, "primary", epoch));
        databases(side.other()).forEach(database -> fence(database, "replica", epoch));
    }

    private List<DatabaseId> databases(Side side) {
        return side == Side.OLD ? List.of(DatabaseId.OLD) : plan.newDatabases();
    }

    private void fence(DatabaseId database, String role, long epoch) {
        execute(database, "UPDATE cutover_fence SET role = ?, epoch = ? WHERE id = 1", role, epoch);
    }

    @Override
    public void close() {
        topology.close();
        names().forEach(server::dropDatabase);
    }
}
