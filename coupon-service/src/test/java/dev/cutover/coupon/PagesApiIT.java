package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pages of stores and cache builds as their callers see them: a running service, its own workers, a real Redis. */
final class PagesApiIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final Duration BOUND = Duration.ofSeconds(20);

    private static SmallMall mall;
    private static RedisServer redis;
    private static CouponService service;

    @BeforeAll
    static void open() {
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        redis = RedisServer.start("pages-api");
        service = CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0, "coupon-pages-it", Optional.of(redis.uri()), Duration.ofSeconds(5), InstantSource.system()));
    }

    @AfterAll
    static void close() {
        service.close();
        redis.close();
        mall.close();
    }

    private record Reply(int status, JsonNode body, HttpResponse<String> raw) {
        String code() {
            return body.path("error").path("code").asText();
        }

        String param() {
            return body.path("error").path("param").asText();
        }
    }

    private static Reply send(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .header("X-Operator", "ann")
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), JSON.readTree(response.body()), response);
        } catch (IOException e) {
            throw new AssertionError(request + " was not answered with JSON", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String order(String number, String template, String rest) {
        return "{\"build_no\":\"" + number + "\",\"reason\":\"a test\",\"template_ids\":[\"" + template
                + "\"],\"store_ids\":[\"88\",\"89\"]," + rest + "}";
    }

    private static final String PRODUCTS =
            "\"products\":[{\"product_id\":\"SN-1\"},{\"product_id\":\"SN-2\",\"category_id\":\"7\"}]";

    private static Reply done(String id) {
        Reply[] last = new Reply[1];
        Awaitility.await().atMost(BOUND).until(() -> {
            last[0] = send("GET", "/v1/cache_builds/" + id, "");
            JsonNode progress = last[0].body().path("progress");
            return progress.path("done").asInt() + progress.path("dead").asInt()
                    == progress.path("total").asInt();
        });
        return last[0];
    }

    @Test
    void anOrderIsTakenBuiltAndTracedAndItsPageIsShown() {
        String template = "tpl_" + mall.template(1000, 0);
        String number = UseRig.key();
        Reply ordered = send("POST", "/v1/cache_builds", order(number, template, PRODUCTS));
        assertThat(ordered.status()).isEqualTo(202);
        String id = ordered.body().path("id").asText();
        assertThat(ordered.body().path("object").asText()).isEqualTo("cache_build");
        assertThat(ordered.body().path("ordered_by").asText()).isEqualTo("ann");
        assertThat(ordered.body().path("weight").asInt()).isZero();
        JsonNode progress = done(id).body().path("progress");
        assertThat(progress.path("total").asInt()).isEqualTo(4);
        assertThat(progress.path("done").asInt()).isEqualTo(4);

        Reply again = send("POST", "/v1/cache_builds", order(number, template, PRODUCTS));
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body().path("id").asText()).isEqualTo(id);
        assertThat(again.raw().headers().firstValue("Idempotent-Replayed")).contains("true");
        assertThat(send("POST", "/v1/cache_builds", order(number, template, PRODUCTS + ",\"weight\":1"))
                        .code())
                .isEqualTo("idempotency_key_reused");

        List<JsonNode> tasks = new ArrayList<>();
        String after = "";
        boolean more = true;
        while (more) {
            JsonNode page = send("GET", "/v1/cache_tasks?limit=3&state=DONE&build_id=" + id + after, "")
                    .body();
            page.path("data").forEach(tasks::add);
            more = page.path("has_more").asBoolean();
            after = "&starting_after=" + page.path("next_cursor").asText();
        }
        assertThat(tasks).hasSize(4);
        assertThat(tasks.stream()
                        .map(task -> task.path("store_id").asText() + " "
                                + task.path("product_id").asText() + " "
                                + task.path("category_id").asText())
                        .collect(Collectors.toSet()))
                .containsExactlyInAnyOrder("88 SN-1 null", "89 SN-1 null", "88 SN-2 7", "89 SN-2 7");
        JsonNode one = send("GET", "/v1/cache_tasks/" + tasks.get(0).path("id").asText(), "")
                .body();
        assertThat(one.path("reason").asText()).isEqualTo("a test");
        assertThat(one.path("ordered_by").asText()).isEqualTo("ann");
        assertThat(one.path("owner").asText()).startsWith("coupon-pages-it/");
        assertThat(one.path("attempts").asInt()).isEqualTo(1);
        assertThat(one.path("version").isInt()).isTrue();
        assertThat(send("POST", "/v1/cache_tasks/" + tasks.get(0).path("id").asText() + "/retry", "")
                        .code())
                .isEqualTo("cache_task_state_conflict");

        JsonNode page = send(
                        "POST",
                        "/v1/store_coupons",
                        "{\"store_id\":\"88\",\"coupons\":{\"STORE\":[{\"template_id\":\"" + template
                                + "\",\"product_id\":\"SN-1\"}],\"FREIGHT\":[{\"template_id\":\"" + template
                                + "\",\"product_id\":\"SN-1\"}]}}")
                .body();
        assertThat(page.path("degraded")).isEmpty();
        assertThat(page.path("coupons").path("FREIGHT")).isEmpty();
        JsonNode shown = page.path("coupons").path("STORE").path(0);
        assertThat(shown.path("template_id").asText()).isEqualTo(template);
        assertThat(shown.path("discount").path("amount_off_minor").asInt()).isEqualTo(500);
        assertThat(shown.path("validity").path("type").asText()).isEqualTo("DAYS");
    }

    @Test
    void whatIsDeadIsFoundAndTriedAgainByAPerson() {
        String id = send("POST", "/v1/cache_builds", order(UseRig.key(), "tpl_987654321", PRODUCTS))
                .body()
                .path("id")
                .asText();
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> mall.execute(
                                DatabaseId.META,
                                "UPDATE cache_task SET attempts = 4, due = 0 WHERE build_id = ? AND state = 0 AND attempts > 0",
                                Long.parseLong(id.substring(4)))
                        > 0);
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> !send("GET", "/v1/cache_tasks?state=DEAD&build_id=" + id, "")
                        .body()
                        .path("data")
                        .isEmpty());
        JsonNode dead = send("GET", "/v1/cache_tasks?state=dead&template_id=tpl_987654321", "")
                .body()
                .path("data")
                .path(0);
        assertThat(dead.path("error").asText()).isEqualTo("There is no template tpl_987654321.");
        assertThat(send("GET", "/v1/cache_tasks?state=DEAD", "").body().path("data"))
                .as("of all there are")
                .isNotEmpty();
        Reply retried = send("POST", "/v1/cache_tasks/" + dead.path("id").asText() + "/retry", "");
        assertThat(retried.status()).isEqualTo(200);
        assertThat(retried.body().path("state").asText()).isEqualTo("READY");
        assertThat(retried.body().path("attempts").asInt()).isZero();
    }

    @Test
    void badOrdersAndPagesAreToldWhatIsWrongWhereAndChangeNothing() {
        String template = "tpl_" + mall.template(1000, 0);
        String products = IntStream.range(0, 1_000)
                .mapToObj(i -> "{\"product_id\":\"p" + i + "\"}")
                .collect(Collectors.joining(",", "\"products\":[", "]"));
        String stores = IntStream.range(0, 101)
                .mapToObj(i -> "\"" + i + "\"")
                .collect(Collectors.joining(",", "\"store_ids\":[", "]"));
        long before = mall.number(DatabaseId.META, "SELECT COUNT(*) FROM cache_build");
        Map<String, String> wrong = Map.ofEntries(
                Map.entry(order("x", "coupon-1", PRODUCTS), "template_ids[0]"),
                Map.entry(order("x", template, "\"products\":[]"), "products"),
                Map.entry(order("x", template, "\"products\":[{\"product_id\":\" \"}]"), "products[0].product_id"),
                Map.entry(
                        order("x", template, "\"products\":[{\"product_id\":\"a\"},{\"product_id\":\"a\"}]"),
                        "products"),
                Map.entry(order("x", template, PRODUCTS + ",\"weight\":101"), "weight"),
                Map.entry(order("x", template, PRODUCTS + ",\"queue\":1"), "queue"),
                Map.entry(order("x y", template, PRODUCTS), "build_no"),
                Map.entry(order("x", template, PRODUCTS).replace("\"88\"", "\"a b\""), "store_ids[0]"),
                Map.entry(order("x", template, PRODUCTS).replace("a test", ""), "reason"),
                Map.entry(order("x", template, products).replace("\"store_ids\":[\"88\",\"89\"]", stores), "products"));
        wrong.forEach((body, param) -> {
            Reply reply = send("POST", "/v1/cache_builds", body);
            assertThat(reply.status())
                    .as(body.substring(0, Math.min(200, body.length())))
                    .isEqualTo(400);
            assertThat(reply.param()).isEqualTo(param);
        });
        assertThat(mall.number(DatabaseId.META, "SELECT COUNT(*) FROM cache_build"))
                .isEqualTo(before);
        String key = "{\"template_id\":\"" + template + "\",\"product_id\":\"a\"}";
        Map<String, String> pages = Map.of(
                "{\"store_id\":\"88\",\"coupons\":{}}",
                "coupons",
                "{\"store_id\":\"8 8\",\"coupons\":{\"STORE\":[" + key + "]}}",
                "store_id",
                "{\"store_id\":\"88\",\"coupons\":{\"CASH\":[" + key + "]}}",
                "coupons.CASH",
                "{\"store_id\":\"88\",\"coupons\":{\"STORE\":[{\"template_id\":\"x\",\"product_id\":\"a\"}]}}",
                "coupons.STORE[0].template_id",
                "{\"store_id\":\"88\",\"coupons\":{\"STORE\":[" + String.join(",", Collections.nCopies(501, key))
                        + "]}}",
                "coupons");
        pages.forEach((body, param) -> {
            Reply reply = send("POST", "/v1/store_coupons", body);
            assertThat(reply.status()).isEqualTo(400);
            assertThat(reply.param()).isEqualTo(param);
        });
        assertThat(send("GET", "/v1/cache_builds/cab_999999", "").code()).isEqualTo("cache_build_not_found");
        assertThat(send("GET", "/v1/cache_tasks/17", "").code()).isEqualTo("cache_task_not_found");
        assertThat(send("GET", "/v1/cache_tasks?state=LOST", "").param()).isEqualTo("state");
        assertThat(send("PUT", "/v1/cache_queues", "{\"queues\":65}").param()).isEqualTo("queues");
    }

    @Test
    void theNumberOfQueuesIsToldChangedAndWrittenDown() {
        assertThat(send("PUT", "/v1/cache_queues", "{\"queues\":5}")
                        .body()
                        .path("queues")
                        .asInt())
                .isEqualTo(5);
        assertThat(send("GET", "/v1/cache_queues", "").body().path("queues").asInt())
                .isEqualTo(5);
        assertThat(mall.number(
                        DatabaseId.META,
                        "SELECT COUNT(*) FROM coupon_audit WHERE about = 'cache_queues' AND operator = 'ann'"
                                + " AND became->'$.queues' = 5"))
                .isEqualTo(1);
    }
}
