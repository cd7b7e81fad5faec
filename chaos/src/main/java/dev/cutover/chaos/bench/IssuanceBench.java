package dev.cutover.chaos.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.JavaProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * How fast an instance of the coupon service issues to an audience, beside the plainest way to write as many such rows: INSERTs of a
 * thousand rows into one table of one server, one after the other, with nobody asking anything. Used once, by one thread.
 */
final class IssuanceBench {
    private static final String SERVICE_MAIN = "dev.cutover.coupon.CouponServiceMain";
    private static final String READY = "coupon-service ready on ";
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
    private static final long TEMPLATE = 900_001;
    private static final int WARM = 40_000;
    private static final int BATCH = 1_000;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String COLUMNS =
            "(coupon_id, user_id, template_id, coupon_sn, source, status, valid_from, valid_to, created_at, updated_at, kind,"
                    + " discount_type, amount_off_minor, percent_off_bp, threshold_minor, claim_seq, request_no, item_no,"
                    + " rule_version, discount_cap_minor)";

    private final Path folder;
    private final int users;
    private final Consumer<String> says;
    private final HttpClient client = HttpClient.newHttpClient();

    IssuanceBench(Path folder, int users, Consumer<String> says) {
        this.folder = folder;
        this.users = users;
        this.says = says;
    }

    List<Figure> run() {
        try (CopiedMall mall = CopiedMall.start(folder, BATCH, "coupon_template")) {
            truthToNew(mall);
            double floor = floor(mall);
            says.accept(String.format(Locale.ROOT, "bare INSERTs: %,.0f rows/s", floor));
            try (JavaProcess service = service()) {
                URI address = address(service);
                issue(address, "warm", 1, WARM);
                double before = processor(mall.servers());
                double serviceBefore = processor(service);
                double seconds = issue(address, "measured", 100_000_000, users);
                double rate = users / seconds;
                List<Figure> figures = new ArrayList<>();
                figures.add(new Figure(
                        "issuance.rate",
                        rate,
                        "rows/s",
                        new Figure.Floor("bare multi-row INSERT into one table of one server", floor)));
                figures.add(new Figure("issuance.seconds", seconds, "s"));
                figures.add(new Figure(
                        "issuance.processor.mysqld", (processor(mall.servers()) - before) / users * 1e6, "us/row"));
                figures.add(new Figure(
                        "issuance.processor.service", (processor(service) - serviceBefore) / users * 1e6, "us/row"));
                return figures;
            }
        } catch (SQLException e) {
            throw new ChaosFailedException("The issuance could not be measured: " + e.getMessage(), e);
        }
    }

    /** NEW holds the truth and OLD takes nothing, as behind a switch that is completed. */
    private static void truthToNew(CopiedMall mall) throws SQLException {
        ControlDatabase control = mall.control();
        Register before = control.read();
        Register claimed = before.claimed(Side.NEW, "bench", control.now().plusSeconds(60));
        move(control, before, claimed);
        move(control, control.read(), control.read().decided(Register.Decision.COMMIT));
        for (DatabaseId database : mall.plan().databases()) {
            execute(
                    mall,
                    database,
                    "UPDATE cutover_fence SET role = '" + (database.equals(DatabaseId.OLD) ? "replica" : "primary")
                            + "', epoch = " + claimed.epoch().number());
        }
        move(control, control.read(), control.read().settled(Side.NEW));
        execute(
                mall,
                DatabaseId.META,
                "INSERT INTO id_sequence (name, next_value) VALUES ('user_coupon', 1000000), ('coupon_redemption', 1000000)");
        execute(
                mall,
                DatabaseId.META,
                "INSERT INTO coupon_template (template_id, name, kind, discount_type, amount_off_minor, threshold_minor,"
                        + " total_quantity, per_user_limit, validity_type, valid_days, scope, status) VALUES ("
                        + TEMPLATE
                        + ", 'bench', 1, 1, 500, 3000, 100000000, 1, 0, 30, 0, 1)");
        int databases = mall.plan().layout().databases();
        for (int database = 0; database < databases; database++) {
            for (int slice = 0; slice < 4; slice++) {
                long share = 100_000_000L / databases / 4;
                execute(
                        mall,
                        DatabaseId.shard(database),
                        "INSERT INTO stock_slice VALUES (" + TEMPLATE + ", " + slice + ", " + share + ", " + share
                                + ")");
            }
        }
    }

    private static void move(ControlDatabase control, Register from, Register next) {
        if (!control.compareAndSet(
                from, next, new EventDraft("bench", "bench", "moved by a bench", "", "", null, null))) {
            throw new ChaosFailedException("The register was moved by somebody else.", null);
        }
    }

    private static void execute(CopiedMall mall, DatabaseId database, String sql) throws SQLException {
        try (Connection connection = mall.topology().database(database).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Rows a second. */
    private double floor(CopiedMall mall) throws SQLException {
        DatabaseId database = DatabaseId.shard(0);
        execute(mall, database, "CREATE TABLE floor_rows LIKE user_coupon_000");
        try (Connection connection = mall.topology().database(database).getConnection();
                PreparedStatement insert = connection.prepareStatement("INSERT INTO floor_rows " + COLUMNS + " VALUES "
                        + String.join(
                                ", ",
                                java.util.Collections.nCopies(
                                        BATCH, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")))) {
            insert(insert, 0, WARM);
            long begun = System.nanoTime();
            insert(insert, WARM, users);
            double seconds = (System.nanoTime() - begun) / 1e9;
            return (users / BATCH * BATCH) / seconds;
        } finally {
            execute(mall, database, "DROP TABLE floor_rows");
        }
    }

    private static void insert(PreparedStatement insert, long first, int rows) throws SQLException {
        long now = System.currentTimeMillis() / 1000 * 1000;
        for (int batch = 0; batch < rows / BATCH; batch++) {
            int at = 1;
            for (int row = 0; row < BATCH; row++) {
                long user = first + (long) batch * BATCH + row + 1;
                insert.setLong(at++, user << 10);
                insert.setLong(at++, user);
                insert.setLong(at++, TEMPLATE);
                insert.setString(at++, Long.toString(user * 0x9E3779B97F4A7C15L >>> 1 | 1L << 62, 16));
                insert.setInt(at++, 0);
                insert.setInt(at++, 1);
                insert.setLong(at++, now);
                insert.setLong(at++, now + Duration.ofDays(30).toMillis());
                insert.setLong(at++, now);
                insert.setLong(at++, now);
                insert.setInt(at++, 1);
                insert.setInt(at++, 1);
                insert.setLong(at++, 500);
                insert.setObject(at++, null);
                insert.setLong(at++, 3000);
                insert.setLong(at++, 1);
                insert.setString(at++, "ISSUE-1");
                insert.setInt(at++, 0);
                insert.setInt(at++, 1);
                insert.setObject(at++, null);
            }
            insert.executeUpdate();
        }
    }

    private JavaProcess service() {
        return JavaProcess.named("coupon-service", folder, SERVICE_MAIN)
                .withClassPath(classPath())
                .withEnvironment(Map.of(
                        "CUTOVER_CONFIG",
                        folder.resolve("cutover.yaml").toString(),
                        "COUPON_PORT",
                        "0",
                        "COUPON_INSTANCE",
                        "coupon-service-bench",
                        "COUPON_WRITE_BUDGET",
                        "5s"))
                .start();
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

    private static URI address(JavaProcess service) {
        var unused = Waiting.until(START, LOOK_AGAIN, () -> service.line(READY).isPresent() || !service.alive());
        return URI.create(service.line(READY)
                .orElseThrow(() ->
                        new ChaosFailedException("The coupon service did not start:\n" + service.lastWords(), null))
                .substring(READY.length())
                .strip());
    }

    /** Seconds from the order to the end of the issuance. */
    private double issue(URI address, String name, long from, int count) {
        long begun = System.nanoTime();
        JsonNode ordered = answer(HttpRequest.newBuilder(address.resolve("/v1/issuances"))
                .header("X-Operator", "bench")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"issuance_no\":\"" + name + "\",\"template_id\":\"tpl_" + TEMPLATE
                                + "\",\"audience\":{\"range\":{\"from\":" + from + ",\"to\":" + (from + count - 1)
                                + "}}}"))
                .build());
        URI one = address.resolve("/v1/issuances/" + ordered.path("id").asText());
        boolean done = Waiting.until(
                LONGEST,
                LOOK_AGAIN,
                () -> answer(HttpRequest.newBuilder(one).build())
                        .path("state")
                        .asText()
                        .equals("DONE"));
        double seconds = (System.nanoTime() - begun) / 1e9;
        JsonNode last = answer(HttpRequest.newBuilder(one).build());
        if (!done || last.path("progress").path("issued").asLong() != count) {
            throw new ChaosFailedException("The issuance did not come to its end: " + last, null);
        }
        says.accept(String.format(Locale.ROOT, "%s: %,d users in %.2f s", name, count, seconds));
        return seconds;
    }

    private JsonNode answer(HttpRequest request) {
        try {
            return JSON.readTree(
                    client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        } catch (JsonProcessingException e) {
            throw new ChaosFailedException("The coupon service did not answer with JSON: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ChaosFailedException("The coupon service did not answer: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChaosFailedException("The measurement was interrupted.", e);
        }
    }

    private static double processor(JavaProcess service) {
        return processor(List.of(ProcessHandle.of(service.pid()).orElseThrow()));
    }

    private static double processor(List<ProcessHandle> processes) {
        return processes.stream()
                .mapToDouble(process ->
                        process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3)
                .sum();
    }
}
