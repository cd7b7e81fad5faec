package dev.cutover.chaos.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.topology.DatabaseId;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * How fast an instance of the coupon service issues to an audience, beside the plainest way to write as many such rows: INSERTs of a
 * thousand rows into one table of one server, one after the other, with nobody asking anything. Then the same once more while the instance is killed again and again; behind each
 * issuance the rows are counted: each user has exactly one coupon. Used once, by one thread.
 */
final class IssuanceBench {
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
    private final int kills;
    private final Consumer<String> says;
    private final HttpClient client = HttpClient.newHttpClient();

    IssuanceBench(Path folder, int users, int kills, Consumer<String> says) {
        this.folder = folder;
        this.users = users;
        this.kills = kills;
        this.says = says;
    }

    List<Figure> run() {
        try (CouponStand stand = CouponStand.start(folder)) {
            stand.template(TEMPLATE, 1, 4);
            double floor = floor(stand);
            says.accept(String.format(Locale.ROOT, "bare INSERTs: %,.0f rows/s", floor));
            URI address = stand.serve();
            issue(stand, address, "warm", 1, WARM, 0);
            CouponStand.Processor before = stand.processor();
            double seconds = issue(stand, address, "measured", 100_000_000, users, 0);
            CouponStand.Processor used = stand.processor().minus(before);
            List<Figure> figures = new ArrayList<>(List.of(
                    new Figure(
                            "issuance.rate",
                            users / seconds,
                            "rows/s",
                            new Figure.Floor("bare multi-row INSERT into one table of one server", floor)),
                    new Figure("issuance.seconds", seconds, "s"),
                    new Figure("issuance.processor.mysqld", used.servers() / users * 1e6, "us/row"),
                    new Figure("issuance.processor.service", used.service() / users * 1e6, "us/row")));
            if (kills > 0) {
                figures.add(new Figure(
                        "issuance.killed.seconds", issue(stand, address, "killed", 500_000_000, users, kills), "s"));
            }
            return figures;
        } catch (SQLException e) {
            throw new ChaosFailedException("The issuance could not be measured: " + e.getMessage(), e);
        }
    }

    /** Rows a second. */
    private double floor(CouponStand stand) throws SQLException {
        DatabaseId database = DatabaseId.shard(0);
        stand.execute(database, "CREATE TABLE floor_rows LIKE user_coupon_000");
        try (Connection connection = stand.topology().database(database).getConnection();
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
            stand.execute(database, "DROP TABLE floor_rows");
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

    /** Seconds from the order to the end of the issuance; the instance is killed so often on the way. */
    private double issue(CouponStand stand, URI first, String name, long from, int count, int deaths)
            throws SQLException {
        long begun = System.nanoTime();
        URI address = first;
        JsonNode ordered = answer(HttpRequest.newBuilder(address.resolve("/v1/issuances"))
                .header("X-Operator", "bench")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"issuance_no\":\"" + name + "\",\"template_id\":\"tpl_" + TEMPLATE
                                + "\",\"audience\":{\"range\":{\"from\":" + from + ",\"to\":" + (from + count - 1)
                                + "}}}"))
                .build());
        String one = "/v1/issuances/" + ordered.path("id").asText();
        for (int death = 1; death <= deaths; death++) {
            long enough = (long) count * death / (deaths + 1);
            await(address.resolve(one), task -> issued(task) >= enough);
            stand.kill();
            says.accept(String.format(Locale.ROOT, "%s: killed behind %,d users", name, enough));
            address = stand.serve();
        }
        JsonNode last =
                await(address.resolve(one), task -> task.path("state").asText().equals("DONE"));
        double seconds = (System.nanoTime() - begun) / 1e9;
        CouponStand.Given given = stand.given(TEMPLATE, from, from + count - 1);
        if (issued(last) != count || given.coupons() != count || given.users() != count) {
            throw new ChaosFailedException(
                    "Of " + count + " users not each has exactly one coupon: " + given + "; the task: " + last, null);
        }
        says.accept(String.format(Locale.ROOT, "%s: %,d users in %.2f s, each has one coupon", name, count, seconds));
        return seconds;
    }

    private static long issued(JsonNode task) {
        return task.path("progress").path("issued").asLong();
    }

    private JsonNode await(URI task, Predicate<JsonNode> there) {
        JsonNode[] last = new JsonNode[1];
        if (!Waiting.until(LONGEST, LOOK_AGAIN, () -> {
            last[0] = answer(HttpRequest.newBuilder(task).build());
            return there.test(last[0]);
        })) {
            throw new ChaosFailedException("The issuance did not come on: " + last[0], null);
        }
        return last[0];
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
}
