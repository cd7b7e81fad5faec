package dev.cutover.chaos.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * How many cache-build tasks a second one instance does, from the first order to the last task done, beside the SQL alone: the same rows
 * inserted, and each changed twice by five hundred ids a statement, in one session and with nobody building anything. Then some more while
 * the instance is killed in the middle; behind each round every task is counted, and in the end Redis has each key. Used once, by one thread.
 */
final class CacheBuildBench {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LONGEST = Duration.ofMinutes(30);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
    private static final long FIRST_TEMPLATE = 910_000;
    private static final int TEMPLATES = 10;
    private static final int STORES = 10;
    private static final int PRODUCTS = 1_000;
    private static final int ORDER = TEMPLATES * STORES * PRODUCTS;
    private static final int KINDS = 3;
    private static final int MOST_KILLS = 10;
    private static final int BATCH = 500;
    private static final double MISSION = 8_333;

    private final Path folder;
    private final int orders;
    private final Consumer<String> says;
    private final HttpClient client = HttpClient.newHttpClient();

    /** @param tasks rounded up to whole orders of a hundred thousand */
    CacheBuildBench(Path folder, int tasks, Consumer<String> says) {
        this.folder = folder;
        this.orders = Math.max(1, (tasks + ORDER - 1) / ORDER);
        this.says = says;
    }

    List<Figure> run() {
        try (CouponStand stand = CouponStand.start(folder);
                RedisServer redis = RedisServer.start("cache-build-bench")) {
            for (int i = 0; i < TEMPLATES; i++) {
                stand.template(FIRST_TEMPLATE + i, 1, 4);
            }
            stand.execute(
                    DatabaseId.META,
                    "UPDATE coupon_template SET kind = 1 + template_id % " + KINDS + " WHERE template_id >= "
                            + FIRST_TEMPLATE);
            Map<String, String> settings = Map.of("REDIS_URI", redis.uri());
            URI address = stand.serve(settings);
            round(stand, address, "warm", 1);
            RedisTalk talk = new RedisTalk(redis.port());
            double floor = floor(stand);
            says.accept(String.format(Locale.ROOT, "the SQL alone: %,.0f tasks/s", floor));
            CouponStand.Processor before = stand.processor();
            double seconds = round(stand, address, "measured", orders);
            CouponStand.Processor used = stand.processor().minus(before);
            int tasks = orders * ORDER;
            List<Figure> figures = new ArrayList<>(List.of(
                    new Figure(
                            "cacheBuild.rate",
                            tasks / seconds,
                            "tasks/s",
                            new Figure.Floor("the same rows inserted and changed twice, in one session", floor)),
                    new Figure(
                            "cacheBuild.mission",
                            tasks / seconds,
                            "tasks/s",
                            new Figure.Floor("five million in ten minutes", MISSION)),
                    new Figure("cacheBuild.seconds", seconds, "s"),
                    new Figure("cacheBuild.processor.mysqld", used.servers() / tasks * 1e6, "us/task"),
                    new Figure("cacheBuild.processor.service", used.service() / tasks * 1e6, "us/task")));
            figures.addAll(killed(stand, address, settings));
            long keys = talk.number("DBSIZE");
            long built = number(stand, "SELECT COUNT(*) FROM cache_task WHERE state = 2");
            if (keys != built) {
                throw new ChaosFailedException("Redis has " + keys + " keys of " + built + " that were built.", null);
            }
            return figures;
        } catch (SQLException e) {
            throw new ChaosFailedException("Cache builds could not be measured: " + e.getMessage(), e);
        }
    }

    /** Tasks a second of the statements alone. */
    private double floor(CouponStand stand) throws SQLException {
        stand.execute(DatabaseId.META, "CREATE TABLE floor_task LIKE cache_task");
        try (Connection connection = stand.topology().database(DatabaseId.META).getConnection();
                Statement statement = connection.createStatement()) {
            long begun = System.nanoTime();
            statement.execute("INSERT INTO floor_task SELECT * FROM cache_task ORDER BY task_id LIMIT " + ORDER);
            long first = number(stand, "SELECT MIN(task_id) FROM floor_task");
            for (int state = 1; state <= 2; state++) {
                for (long from = first; from < first + ORDER; from += BATCH) {
                    StringBuilder ids = new StringBuilder();
                    for (long id = from; id < from + BATCH; id++) {
                        ids.append(id == from ? "" : ",").append(id);
                    }
                    // The measured rows are done, so the first change is back to running.
                    statement.execute("UPDATE floor_task SET state = " + (state == 1 ? 1 : 3)
                            + ", owner = 'floor', started_at = 1, attempts = attempts + 1 WHERE task_id IN (" + ids
                            + ")");
                }
            }
            return ORDER / ((System.nanoTime() - begun) / 1e9);
        } finally {
            stand.execute(DatabaseId.META, "DROP TABLE floor_task");
        }
    }

    /** Seconds from the first order to the last task done. */
    private double round(CouponStand stand, URI address, String name, int count) throws SQLException {
        long begun = System.nanoTime();
        for (int i = 0; i < count; i++) {
            order(address, name, i);
        }
        awaitDone(stand);
        double seconds = (System.nanoTime() - begun) / 1e9;
        check(stand, name, count);
        says.accept(String.format(Locale.ROOT, "%s: %,d tasks in %.2f s", name, count * ORDER, seconds));
        return seconds;
    }

    private List<Figure> killed(CouponStand stand, URI first, Map<String, String> settings) throws SQLException {
        int count = Math.max(1, orders / 10);
        long begun = System.nanoTime();
        for (int i = 0; i < count; i++) {
            order(first, "killed", i);
        }
        long done = number(stand, "SELECT COUNT(*) FROM cache_task WHERE state = 2");
        wait(() -> number(stand, "SELECT COUNT(*) FROM cache_task WHERE state = 2") > done + ORDER / 5);
        long taken = 0;
        // A kill between two turns of the workers finds nothing in their hands and shows nothing: then once more.
        for (int kills = 0; taken == 0 && kills < MOST_KILLS; kills++) {
            if (kills > 0) {
                var again = stand.serve(settings);
            }
            wait(() -> number(stand, "SELECT COUNT(*) FROM cache_task WHERE state = 1") > 0
                    || number(stand, "SELECT COUNT(*) FROM cache_task WHERE state < 2") == 0);
            stand.kill();
            taken = number(stand, "SELECT COUNT(*) FROM cache_task WHERE state = 1");
        }
        long dead = System.nanoTime();
        says.accept(String.format(Locale.ROOT, "killed with %,d tasks in its hands", taken));
        var unused = stand.serve(settings);
        awaitDone(stand);
        long end = System.nanoTime();
        check(stand, "killed", count);
        return List.of(
                new Figure("cacheBuild.killed.taken", taken, "tasks"),
                new Figure("cacheBuild.killed.seconds", (end - begun) / 1e9, "s"),
                new Figure("cacheBuild.killed.behindTheKill", (end - dead) / 1e9, "s"));
    }

    private void order(URI address, String name, int number) {
        ObjectNode body = JSON.createObjectNode()
                .put("build_no", name + "-" + number)
                .put("reason", "a bench")
                .put("weight", number % 3);
        ArrayNode templates = body.putArray("template_ids");
        for (int i = 0; i < TEMPLATES; i++) {
            templates.add("tpl_" + (FIRST_TEMPLATE + i));
        }
        ArrayNode stores = body.putArray("store_ids");
        for (int i = 0; i < STORES; i++) {
            stores.add(Integer.toString(100 + i));
        }
        ArrayNode products = body.putArray("products");
        for (int i = 0; i < PRODUCTS; i++) {
            products.addObject().put("product_id", name + "-" + (number * PRODUCTS + i));
        }
        JsonNode answer = answer(HttpRequest.newBuilder(address.resolve("/v1/cache_builds"))
                .header("X-Operator", "bench")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build());
        if (answer.path("progress").path("total").asInt() != ORDER) {
            throw new ChaosFailedException("The order was not taken: " + answer, null);
        }
    }

    private void check(CouponStand stand, String name, int count) throws SQLException {
        String those = "FROM cache_task WHERE product LIKE '" + name + "-%' AND state = 2 AND version IS NOT NULL";
        long done = number(stand, "SELECT COUNT(*) " + those);
        if (done != (long) count * ORDER) {
            throw new ChaosFailedException("Of " + count * ORDER + " tasks " + done + " are done.", null);
        }
    }

    private void awaitDone(CouponStand stand) {
        wait(() -> number(stand, "SELECT EXISTS(SELECT 1 FROM cache_build WHERE open = 1)") == 0
                && number(stand, "SELECT EXISTS(SELECT 1 FROM cache_task WHERE state = 0)") == 0
                && number(stand, "SELECT EXISTS(SELECT 1 FROM cache_task WHERE state = 1)") == 0);
    }

    /** What is asked of the database. */
    @FunctionalInterface
    private interface Question {
        boolean ask() throws SQLException;
    }

    private static void wait(Question question) {
        if (!Waiting.until(LONGEST, LOOK_AGAIN, () -> {
            try {
                return question.ask();
            } catch (SQLException e) {
                throw new ChaosFailedException("The tasks could not be counted: " + e.getMessage(), e);
            }
        })) {
            throw new ChaosFailedException("The tasks did not come to an end.", null);
        }
    }

    private static long number(CouponStand stand, String sql) throws SQLException {
        try (Connection connection = stand.topology().database(DatabaseId.META).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private JsonNode answer(HttpRequest request) {
        try {
            return JSON.readTree(
                    client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        } catch (IOException e) {
            throw new ChaosFailedException("The coupon service did not answer: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChaosFailedException("The measurement was interrupted.", e);
        }
    }
}
