package dev.cutover.chaos.bench;

import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.JavaProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Servers on which NEW holds the truth, as behind a switch that is completed, and one instance of the coupon service. Owned by one thread. */
final class CouponStand implements AutoCloseable {
    private static final String SERVICE_MAIN = "dev.cutover.coupon.CouponServiceMain";
    private static final String READY = "coupon-service ready on ";
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
    private static final int COUPONS = 1_000;
    private static final long STOCK = 100_000_000;

    private final Path folder;
    private final CopiedMall mall;
    private @Nullable JavaProcess service;

    private CouponStand(Path folder, CopiedMall mall) {
        this.folder = folder;
        this.mall = mall;
    }

    static CouponStand start(Path folder) throws SQLException {
        CouponStand stand = new CouponStand(folder, CopiedMall.start(folder, COUPONS, "coupon_template"));
        try {
            stand.truthToNew();
            return stand;
        } catch (SQLException | RuntimeException e) {
            stand.close();
            throw e;
        }
    }

    private void truthToNew() throws SQLException {
        ControlDatabase control = mall.control();
        Register before = control.read();
        Register claimed = before.claimed(Side.NEW, "bench", control.now().plusSeconds(60));
        move(before, claimed);
        move(control.read(), control.read().decided(Register.Decision.COMMIT));
        for (DatabaseId database : mall.plan().databases()) {
            execute(
                    database,
                    "UPDATE cutover_fence SET role = '" + (database.equals(DatabaseId.OLD) ? "replica" : "primary")
                            + "', epoch = " + claimed.epoch().number());
        }
        move(control.read(), control.read().settled(Side.NEW));
        execute(
                DatabaseId.META,
                "INSERT INTO id_sequence (name, next_value) VALUES ('user_coupon', 1000000), ('coupon_redemption', 1000000)");
    }

    private void move(Register from, Register next) {
        if (!mall.control()
                .compareAndSet(from, next, new EventDraft("bench", "bench", "moved by a bench", "", "", null, null))) {
            throw new ChaosFailedException("The register was moved by somebody else.", null);
        }
    }

    void execute(DatabaseId database, String sql) throws SQLException {
        try (Connection connection = topology().database(database).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /**
     * A published template with more stock than anybody takes.
     *
     * @param perUser how many one user may have, 0 for no limit
     * @param slices how many rows the stock is cut into in each shard database
     */
    void template(long id, int perUser, int slices) throws SQLException {
        template(id, perUser, slices, STOCK);
    }

    void template(long id, int perUser, int slices, long stock) throws SQLException {
        execute(
                DatabaseId.META,
                "INSERT INTO coupon_template (template_id, name, kind, discount_type, amount_off_minor, threshold_minor,"
                        + " total_quantity, per_user_limit, validity_type, valid_days, scope, status) VALUES (" + id
                        + ", 'bench', 1, 1, 500, 3000, " + stock + ", " + (perUser == 0 ? "NULL" : perUser)
                        + ", 0, 30, 0, 1)");
        int databases = mall.plan().layout().databases();
        for (int database = 0; database < databases; database++) {
            for (int slice = 0; slice < slices; slice++) {
                long share = stock / databases / slices;
                execute(
                        DatabaseId.shard(database),
                        "INSERT INTO stock_slice VALUES (" + id + ", " + slice + ", " + share + ", " + share + ")");
            }
        }
    }

    /** Ends the service as a failed machine does. */
    void kill() {
        Objects.requireNonNull(service).kill();
    }

    /**
     * Counted over all physical tables.
     *
     * @param coupons of one template that users of a range have
     * @param users of the range who have one
     */
    record Given(long coupons, long users) {}

    Given given(long template, long firstUser, long lastUser) throws SQLException {
        long coupons = 0;
        long users = 0;
        for (int slot = 0; slot < mall.plan().layout().slots(); slot++) {
            DatabaseId database = DatabaseId.shard(mall.plan().layout().databaseOf(slot));
            try (Connection connection = topology().database(database).getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT COUNT(*), COUNT(DISTINCT user_id) FROM "
                            + Identifier.quote(mall.plan().layout().physicalTable("user_coupon", slot))
                            + " WHERE template_id = " + template + " AND user_id BETWEEN " + firstUser + " AND "
                            + lastUser)) {
                row.next();
                coupons += row.getLong(1);
                users += row.getLong(2);
            }
        }
        return new Given(coupons, users);
    }

    /** Starts the service and tells where it listens. */
    URI serve() {
        return serve(Map.of());
    }

    /** The same with these settings besides. */
    URI serve(Map<String, String> settings) {
        JavaProcess started = JavaProcess.named("coupon-service", folder, SERVICE_MAIN)
                .withClassPath(classPath())
                .asDeployed()
                .withEnvironment(Map.of(
                        "CUTOVER_CONFIG",
                        folder.resolve("cutover.yaml").toString(),
                        "COUPON_PORT",
                        "0",
                        "COUPON_INSTANCE",
                        "coupon-service-bench",
                        "COUPON_WRITE_BUDGET",
                        "5s"))
                .withEnvironment(settings)
                .start();
        service = started;
        var unused = Waiting.until(START, LOOK_AGAIN, () -> started.line(READY).isPresent() || !started.alive());
        return URI.create(started.line(READY)
                .orElseThrow(() ->
                        new ChaosFailedException("The coupon service did not start:\n" + started.lastWords(), null))
                .substring(READY.length())
                .strip());
    }

    private static String classPath() {
        Path target = Path.of(
                java.util.Objects.requireNonNullElse(System.getenv("CUTOVER_HOME"), "."), "coupon-service", "target");
        try (Stream<Path> jars = Files.list(target)) {
            return jars.map(Path::toString)
                            .filter(name -> name.matches(".*coupon-service-[^/]*\\.jar"))
                            .filter(name -> !name.matches(".*-(sources|javadoc|tests)\\.jar"))
                            .findFirst()
                            .orElseThrow(
                                    () -> new ChaosFailedException("There is no coupon-service jar in " + target, null))
                    + ":" + target.resolve("lib") + "/*";
        } catch (IOException e) {
            throw new ChaosFailedException("The coupon service was not built: " + e.getMessage(), e);
        }
    }

    Topology topology() {
        return mall.topology();
    }

    /**
     * Processor time so far, in seconds.
     *
     * @param servers of all database servers
     */
    record Processor(double servers, double service) {
        Processor minus(Processor before) {
            return new Processor(servers - before.servers, service - before.service);
        }
    }

    Processor processor() {
        JavaProcess running = service;
        return new Processor(
                seconds(mall.servers()),
                running == null
                        ? 0
                        : seconds(List.of(ProcessHandle.of(running.pid()).orElseThrow())));
    }

    private static double seconds(List<ProcessHandle> processes) {
        return processes.stream()
                .mapToDouble(process ->
                        process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3)
                .sum();
    }

    @Override
    public void close() {
        if (service != null) {
            service.close();
        }
        mall.close();
    }
}
