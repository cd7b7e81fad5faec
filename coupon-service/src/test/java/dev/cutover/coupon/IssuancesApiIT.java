package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.topology.Side;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The routes of issuances and codes over a real socket, worked on by the instance's own threads. */
final class IssuancesApiIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static SmallMall mall;
    private static CouponService service;

    @BeforeAll
    static void open() throws IOException {
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        Path keys = Files.createTempFile("code-keys", ".txt");
        keys.toFile().deleteOnExit();
        Files.writeString(keys, "# made by a test\nk1 " + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        service = CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0,
                        "coupon-issuances-it",
                        Optional.empty(),
                        Duration.ofSeconds(2),
                        InstantSource.system(),
                        Optional.empty(),
                        Optional.of(keys)));
    }

    @AfterAll
    static void close() {
        service.close();
        mall.close();
    }

    private static HttpResponse<String> send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .header("X-Operator", "anna")
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(path + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static JsonNode json(HttpResponse<String> response) {
        try {
            return JSON.readTree(response.body());
        } catch (IOException e) {
            throw new AssertionError(response.body(), e);
        }
    }

    private static String code(HttpResponse<String> response) {
        return json(response).path("error").path("code").asText();
    }

    private static JsonNode awaitState(String path, String state) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> json(send("GET", path, "")).path("state").asText().equals(state));
        return json(send("GET", path, ""));
    }

    @Test
    void anIssuanceIsOrderedWatchedTunedAndListed() {
        long template = mall.template(1000, 1);
        String body = "{\"issuance_no\":\"api-1\",\"template_id\":\"tpl_" + template
                + "\",\"audience\":{\"user_ids\":[101,102,103,102]},\"message_users\":2,"
                + "\"channel\":\"sms\",\"partner_id\":\"p-1\"}";
        HttpResponse<String> ordered = send("POST", "/v1/issuances", body);
        assertThat(ordered.statusCode()).as(ordered.body()).isEqualTo(201);
        HttpResponse<String> again = send("POST", "/v1/issuances", body);
        assertThat(again.statusCode()).isEqualTo(200);
        assertThat(again.headers().firstValue("idempotent-replayed")).contains("true");
        String path = "/v1/issuances/" + json(ordered).path("id").asText();
        JsonNode done = awaitState(path, "DONE");
        assertThat(done.path("progress").path("total").asLong()).isEqualTo(4);
        assertThat(done.path("progress").path("issued").asLong()).isEqualTo(3);
        assertThat(done.path("progress").path("duplicate").asLong()).isEqualTo(1);
        assertThat(done.path("progress").path("pending").asLong()).isZero();
        assertThat(done.path("messages").path("waiting").asLong()).isPositive();
        assertThat(done.path("messages").path("message_centre").asText()).contains("none configured");
        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(json(send("GET", "/v1/templates/tpl_" + template + "/stats?group=channel", ""))
                                        .path("data")
                                        .toString())
                                .startsWith("[{\"channel\":\"sms\",\"partner_id\":\"p-1\",\"issued\":3,"));
        assertThat(code(send("POST", "/v1/issuances", body.replace("p-1", "p-2"))))
                .isEqualTo("idempotency_key_reused");
        assertThat(code(send("PATCH", path, "{\"rate\":5}"))).isEqualTo("issuance_state_conflict");
        assertThat(code(send("POST", path + "/pause", ""))).isEqualTo("issuance_state_conflict");
        assertThat(json(send("GET", path + "/failures", "")).path("data")).isEmpty();
        assertThat(json(send("GET", path + "/failures?starting_after=x", ""))
                        .path("error")
                        .path("code")
                        .asText())
                .isEqualTo("cursor_invalid");
        assertThat(json(send("GET", "/v1/issuances?limit=1", "")).path("data")).hasSize(1);
        assertThat(code(send("GET", "/v1/issuances/iss_999", ""))).isEqualTo("issuance_not_found");
        assertThat(code(send("POST", "/v1/issuances", body.replace("103", "104"))))
                .isEqualTo("idempotency_key_reused");
        assertThat(code(send(
                        "POST", "/v1/issuances", body.replace("api-1", "api-2").replace("103", "0"))))
                .isEqualTo("parameter_invalid");
    }

    @Test
    void whatGoesOnByItselfIsAnOperationWhateverItIs() {
        long template = mall.template(-1, 0);
        JsonNode issuance = json(send(
                "POST",
                "/v1/issuances",
                "{\"issuance_no\":\"op-1\",\"template_id\":\"tpl_" + template
                        + "\",\"audience\":{\"upload\":\"csv\"}}"));
        String path = "/v1/operations/op_" + issuance.path("id").asText();
        JsonNode waiting = json(send("GET", path, ""));
        assertThat(waiting.path("object").asText()).isEqualTo("operation");
        assertThat(waiting.path("kind").asText()).isEqualTo("issuance");
        assertThat(waiting.path("state").asText()).isEqualTo("WAITING");
        assertThat(send("GET", waiting.path("resource").asText(), "").statusCode())
                .isEqualTo(200);
        assertThat(send("POST", waiting.path("cancel").asText(), "").statusCode())
                .isEqualTo(200);
        assertThat(awaitState(path, "CANCELLED").path("cancel").isNull()).isTrue();
        assertThat(send("POST", path + "/cancel", "").statusCode()).as("again").isEqualTo(200);

        JsonNode batch = json(send(
                "POST",
                "/v1/code_batches",
                "{\"batch_no\":\"op-1\",\"template_id\":\"tpl_" + template + "\",\"import\":true}"));
        String codes = "/v1/operations/op_" + batch.path("id").asText();
        assertThat(json(send("GET", codes, "")).path("kind").asText()).isEqualTo("code_batch");
        assertThat(code(send("POST", codes + "/cancel", ""))).isEqualTo("code_batch_state_conflict");

        for (String none : List.of("op_iss_999", "iss_1", "op_7", "op_", "op_tpl_1")) {
            assertThat(code(send("GET", "/v1/operations/" + none, ""))).as(none).isEqualTo("issuance_not_found");
        }
        assertThat(code(send("GET", "/v1/operations/op_cbt_999", ""))).isEqualTo("code_batch_not_found");
    }

    @Test
    void anAudienceIsUploadedAsCsvWholeOrNotAtAll() {
        long template = mall.template(-1, 0);
        String path = "/v1/issuances/"
                + json(send(
                                "POST",
                                "/v1/issuances",
                                "{\"issuance_no\":\"csv-1\",\"template_id\":\"tpl_" + template
                                        + "\",\"audience\":{\"upload\":\"csv\"},\"rate\":100000}"))
                        .path("id")
                        .asText();
        assertThat(json(send("GET", path, "")).path("state").asText()).isEqualTo("AWAITING_AUDIENCE");
        for (String wrong : List.of("user_id\n5\nsix\n", "-5\n7\n", "customer\n7\n", "7\n,Ann\n")) {
            HttpResponse<String> refused = send("PUT", path + "/audience", wrong);
            assertThat(code(refused)).as(wrong).isEqualTo("parameter_invalid");
            assertThat(refused.body()).contains("in line ");
        }
        // Larger than what any other body may be, and as a spreadsheet saves it.
        String csv = "\uFEFFuser_id,name\r\n"
                + LongStream.rangeClosed(1_000_001, 1_012_000)
                        .mapToObj(user -> user + ",x\r\n")
                        .collect(Collectors.joining());
        assertThat(send("PUT", path + "/audience", csv).statusCode()).isEqualTo(200);
        assertThat(send("PUT", path + "/audience", csv).statusCode()).isEqualTo(200);
        assertThat(code(send("PUT", path + "/audience", "7\n"))).isEqualTo("issuance_state_conflict");
        JsonNode done = awaitState(path, "DONE");
        assertThat(done.path("progress").path("issued").asLong()).isEqualTo(12_000);
        assertThat(mall.issued(Side.NEW, template)).isEqualTo(12_000);
    }

    @Test
    void codesAreMadeExportedAndRedeemedAndWhoGuessesWaits() throws Exception {
        long template = mall.template(50, 0);
        HttpResponse<String> ordered = send(
                "POST",
                "/v1/code_batches",
                "{\"batch_no\":\"b-1\",\"template_id\":\"tpl_" + template + "\",\"count\":20,\"length\":12}");
        assertThat(ordered.statusCode()).as(ordered.body()).isEqualTo(201);
        String path = "/v1/code_batches/" + json(ordered).path("id").asText();
        awaitState(path, "READY");
        HttpResponse<String> export = send("GET", path + "/export", "");
        assertThat(export.headers().firstValue("content-type").orElse("")).startsWith("text/csv");
        assertThat(export.headers().firstValue("x-content-sha256"))
                .contains(java.util.HexFormat.of()
                        .formatHex(java.security.MessageDigest.getInstance("SHA-256")
                                .digest(export.body().getBytes(java.nio.charset.StandardCharsets.US_ASCII))));
        assertThat(code(send("GET", path + "/export", ""))).isEqualTo("code_batch_state_conflict");
        String first = export.body().lines().skip(1).findFirst().orElseThrow();

        String body = "{\"user_id\":77,\"code\":\"" + first + "\"}";
        assertThat(json(send("POST", "/v1/codes/validate", body)).path("valid").asBoolean())
                .isTrue();
        HttpResponse<String> redeemed = send("POST", "/v1/codes/redeem", body, "Idempotency-Key", "k-1");
        assertThat(redeemed.statusCode()).as(redeemed.body()).isEqualTo(201);
        HttpResponse<String> replayed = send("POST", "/v1/codes/redeem", body, "Idempotency-Key", "k-1");
        assertThat(replayed.statusCode()).isEqualTo(200);
        assertThat(replayed.body()).isEqualTo(redeemed.body());
        HttpResponse<String> used = send("POST", "/v1/codes/redeem", body, "Idempotency-Key", "k-2");
        assertThat(used.statusCode()).isEqualTo(409);
        assertThat(code(used)).isEqualTo("code_already_used");

        String guess = "{\"user_id\":78,\"code\":\"AAAABBBBCCCC\"}";
        for (int i = 0; i < 5; i++) {
            HttpResponse<String> miss = send("POST", "/v1/codes/redeem", guess, "Idempotency-Key", "g-" + i);
            assertThat(miss.statusCode()).isEqualTo(404);
            assertThat(code(miss)).isEqualTo("code_invalid");
        }
        HttpResponse<String> blocked = send("POST", "/v1/codes/redeem", guess, "Idempotency-Key", "g-5");
        assertThat(blocked.statusCode()).isEqualTo(429);
        assertThat(code(blocked)).isEqualTo("too_many_failed_attempts");
        assertThat(Integer.parseInt(blocked.headers().firstValue("retry-after").orElse("0")))
                .isBetween(30, 60);
    }
}
