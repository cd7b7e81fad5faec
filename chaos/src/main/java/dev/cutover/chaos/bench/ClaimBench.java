package dev.cutover.chaos.bench;

import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;

/**
 * Claims over HTTP beside the same statements sent bare over JDBC, in turns: many templates, ten coupons a claim, and one template that
 * everybody wants, its stock in four rows of a shard database, in one, or counted by Redis (bare: the four rows); and what is sold out (bare:
 * the look whether it was claimed before). Used once, by one thread.
 */
final class ClaimBench {
    private static final int CLIENTS = 16;
    private static final int TEMPLATES = 64;
    private static final long MANY = 900_100;
    private static final long BATCH = 900_200;
    private static final long SPLIT = 900_300;
    private static final long ROW = 900_400;
    private static final long REDIS = 900_500;
    private static final long SOLD_OUT = 900_600;
    private static final int CREATED = 201;
    private static final int CONFLICT = 409;
    private static final int BATCH_SIZE = 10;
    private static final Duration WARM = Duration.ofSeconds(60);

    private final Path folder;
    private final Duration each;
    private final Consumer<String> says;
    private final AtomicLong users = new AtomicLong(10_000_000);

    ClaimBench(Path folder, Duration each, Consumer<String> says) {
        this.folder = folder;
        this.each = each;
        this.says = says;
    }

    /**
     * One way to claim.
     *
     * @param templates how many, from the first on
     * @param oneDatabase whether all users are of the first shard database, so that they meet in its rows
     */
    private record Way(String name, long first, int templates, int quantity, boolean oneDatabase) {
        long template() {
            return first + (templates == 1 ? 0 : ThreadLocalRandom.current().nextInt(templates));
        }
    }

    /** One claim of one client. */
    @FunctionalInterface
    private interface Claim {
        void run(long user, long template, int quantity) throws SQLException, IOException;
    }

    private record Measured(double rate, List<Long> micros) {}

    List<Figure> run() {
        try (CouponStand stand = CouponStand.start(folder);
                CloseableHttpClient http = HttpClients.custom()
                        .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                                .setMaxConnPerRoute(CLIENTS)
                                .setMaxConnTotal(CLIENTS)
                                .build())
                        .disableCookieManagement()
                        .disableContentCompression()
                        .build()) {
            for (int i = 0; i < TEMPLATES; i++) {
                stand.template(MANY + i, 1, 4);
            }
            stand.template(BATCH, 0, 4);
            stand.template(SPLIT, 1, 4);
            stand.template(ROW, 1, 1);
            stand.template(REDIS, 1, 4);
            stand.template(SOLD_OUT, 1, 4, 0);
            URI service = stand.serve();
            Claim served = served(http, service, CREATED);
            ShardLayout layout = stand.topology().plan().layout();
            Claim bare = (user, template, quantity) -> bare(stand, layout, user, template, quantity);
            List<Way> ways = List.of(
                    new Way("claim.single", MANY, TEMPLATES, 1, false),
                    new Way("claim.batch10", BATCH, 1, BATCH_SIZE, false),
                    new Way("claim.hot.split", SPLIT, 1, 1, true),
                    new Way("claim.hot.row", ROW, 1, 1, true));
            measure(ways.get(0), layout, served, WARM);
            measure(ways.get(0), layout, bare, WARM.dividedBy(4));
            List<Figure> figures = new ArrayList<>();
            for (Way way : ways) {
                figures.addAll(figures(stand, way, layout, served, bare));
            }
            figures.addAll(figures(
                    stand,
                    new Way("claim.soldout", SOLD_OUT, 1, 1, false),
                    layout,
                    served(http, service, CONFLICT),
                    (user, template, quantity) -> bareLook(stand, layout, user)));
            stand.kill();
            try (RedisServer redis = RedisServer.start("claim-bench")) {
                Claim counted =
                        served(http, stand.serve(Map.of("REDIS_URI", redis.uri(), "COUPON_STOCK", "redis")), CREATED);
                Way way = new Way("claim.hot.redis", REDIS, 1, 1, true);
                measure(way, layout, counted, WARM);
                figures.addAll(figures(stand, way, layout, counted, bare));
            }
            return figures;
        } catch (SQLException | IOException e) {
            throw new ChaosFailedException("Claims could not be measured: " + e.getMessage(), e);
        }
    }

    private static Claim served(CloseableHttpClient http, URI service, int answered) {
        URI claims = service.resolve("/v1/claims");
        return (user, template, quantity) -> post(http, claims, user, template, quantity, answered);
    }

    private List<Figure> figures(CouponStand stand, Way way, ShardLayout layout, Claim served, Claim bare) {
        // Bare, served, served, bare: a machine that grows slower is not told from us otherwise.
        Measured firstBare = measure(way, layout, bare, each.dividedBy(2));
        CouponStand.Processor before = stand.processor();
        Measured ours = measure(way, layout, served, each);
        CouponStand.Processor used = stand.processor().minus(before);
        Measured lastBare = measure(way, layout, bare, each.dividedBy(2));
        double floor = (firstBare.rate() + lastBare.rate()) / 2;
        long claims = ours.micros().size();
        says.accept(String.format(
                Locale.ROOT,
                "%-16s %,.0f claims/s, bare %,.0f and %,.0f; a claim costs mysqld %.2f ms and the service %.2f ms of processor",
                way.name(),
                ours.rate(),
                firstBare.rate(),
                lastBare.rate(),
                used.servers() / claims * 1e3,
                used.service() / claims * 1e3));
        return List.of(
                new Figure(
                        way.name(), ours.rate(), "claims/s", new Figure.Floor("the same statements over JDBC", floor)),
                percentile(way.name(), ours.micros(), 50),
                percentile(way.name(), ours.micros(), 99));
    }

    private static Figure percentile(String name, List<Long> micros, int percent) {
        List<Long> sorted = micros.stream().sorted().toList();
        return new Figure(
                name + ".p" + percent, sorted.get(Math.max(0, (sorted.size() * percent + 99) / 100 - 1)) / 1e3, "ms");
    }

    private Measured measure(Way way, ShardLayout layout, Claim claim, Duration time) {
        ConcurrentLinkedQueue<Long> micros = new ConcurrentLinkedQueue<>();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        long begun = System.nanoTime();
        long end = begun + time.toNanos();
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                running.add(clients.submit(() -> {
                    while (System.nanoTime() - end < 0) {
                        long user = user(way, layout);
                        long asked = System.nanoTime();
                        claim.run(user, way.template(), way.quantity());
                        micros.add((System.nanoTime() - asked) / 1_000);
                    }
                    return null;
                }));
            }
            for (Future<?> one : running) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new ChaosFailedException(way.name() + " failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChaosFailedException("The measurement was interrupted.", e);
        } finally {
            clients.shutdownNow();
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        return new Measured(micros.size() / seconds, List.copyOf(micros));
    }

    /** Nobody who has claimed before. */
    private long user(Way way, ShardLayout layout) {
        while (true) {
            long user = users.incrementAndGet();
            if (!way.oneDatabase() || layout.databaseOf(layout.slot(user)) == 0) {
                return user;
            }
        }
    }

    private static void post(CloseableHttpClient http, URI claims, long user, long template, int quantity, int answered)
            throws IOException {
        HttpPost request = new HttpPost(claims);
        request.setHeader("Idempotency-Key", "b-" + user);
        request.setEntity(new StringEntity(
                "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template + "\",\"quantity\":"
                        + quantity + "}]}",
                ContentType.APPLICATION_JSON));
        http.execute(request, response -> {
            String body = EntityUtils.toString(response.getEntity());
            if (response.getCode() != answered) {
                throw new IOException("A claim was answered " + response.getCode() + ": " + body);
            }
            return body;
        });
    }

    // ---- the floor: what a claim of the service sends to its database, and nothing around it

    private static void bare(CouponStand stand, ShardLayout layout, long user, long template, int quantity)
            throws SQLException {
        int slot = layout.slot(user);
        try (Connection connection = unit(stand, layout, slot)) {
            fence(connection);
            select(
                    connection,
                    "SELECT template_id, COUNT(*), MAX(claim_seq) FROM " + layout.physicalTable("user_coupon", slot)
                            + " WHERE user_id = ? AND template_id IN (?) GROUP BY template_id",
                    user,
                    template);
            long now = System.currentTimeMillis() / 1000 * 1000;
            update(
                    connection,
                    "INSERT INTO " + layout.physicalTable("coupon_operation", slot)
                            + " (user_id, op_id, fingerprint, result, created_at) VALUES (?, ?, ?, ?, ?)",
                    user,
                    "claim:b-" + user,
                    "f".repeat(64),
                    "{\"coupons\":[" + "x".repeat(300 + 120 * quantity) + "]}",
                    now);
            List<Object> coupons = new ArrayList<>();
            List<Object> entries = new ArrayList<>();
            for (int i = 0; i < quantity; i++) {
                long coupon = (user * BATCH_SIZE + i) << 10 | slot;
                Collections.addAll(
                        coupons,
                        coupon,
                        user,
                        template,
                        "abcdefghijkl" + i,
                        1,
                        1,
                        now,
                        now + 1_000,
                        now,
                        now,
                        1,
                        1,
                        500,
                        3000,
                        i + 1,
                        "claim:b-" + user,
                        i,
                        1);
                Collections.addAll(entries, 1, coupon, user, template, 1, 0, "claim:b-" + user, 0, now);
            }
            update(
                    connection,
                    "INSERT INTO " + layout.physicalTable("user_coupon", slot)
                            + " (coupon_id, user_id, template_id, coupon_sn, source, status, valid_from, valid_to, created_at,"
                            + " updated_at, kind, discount_type, amount_off_minor, threshold_minor, claim_seq, request_no,"
                            + " item_no, rule_version) VALUES " + tuples(quantity, 18),
                    coupons.toArray());
            update(
                    connection,
                    "INSERT INTO coupon_ledger (act, coupon_id, user_id, template_id, source, use_round, business_no,"
                            + " amount_minor, created_at) VALUES " + tuples(quantity, 9),
                    entries.toArray());
            List<Long> slices = select(
                    connection,
                    "SELECT slice_no FROM stock_slice WHERE template_id = ? AND remaining >= ? ORDER BY slice_no",
                    template,
                    quantity);
            update(
                    connection,
                    "UPDATE stock_slice SET remaining = remaining - ? WHERE template_id = ? AND slice_no = ? AND remaining >= ?",
                    quantity,
                    template,
                    slices.get(ThreadLocalRandom.current().nextInt(slices.size())),
                    quantity);
            connection.commit();
        }
    }

    private static void bareLook(CouponStand stand, ShardLayout layout, long user) throws SQLException {
        int slot = layout.slot(user);
        try (Connection connection = unit(stand, layout, slot)) {
            fence(connection);
            select(
                    connection,
                    "SELECT fingerprint, result FROM " + layout.physicalTable("coupon_operation", slot)
                            + " WHERE user_id = ? AND op_id = ?",
                    user,
                    "claim:b-" + user);
            connection.commit();
        }
    }

    private static Connection unit(CouponStand stand, ShardLayout layout, int slot) throws SQLException {
        return stand.topology().units(DatabaseId.shard(layout.databaseOf(slot))).getConnection();
    }

    private static void fence(Connection connection) throws SQLException {
        select(connection, "SELECT epoch, role FROM cutover_fence WHERE id = 1 FOR SHARE");
    }

    private static String tuples(int rows, int columns) {
        return String.join(
                ", ", Collections.nCopies(rows, "(" + String.join(", ", Collections.nCopies(columns, "?")) + ")"));
    }

    private static List<Long> select(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            try (ResultSet row = statement.executeQuery()) {
                List<Long> first = new ArrayList<>();
                while (row.next()) {
                    first.add(row.getLong(1));
                }
                return first;
            }
        }
    }

    private static void update(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            statement.executeUpdate();
        }
    }

    private static void bind(PreparedStatement statement, Object[] values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
    }
}
