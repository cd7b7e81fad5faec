package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.code.CodeHashes;
import dev.cutover.coupon.code.CodeKeys;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes that are killed while they make a batch of codes, and one with little memory that exports it. A million codes and two kills with
 * {@code CUTOVER_FAULTS=full}, else fewer and one.
 */
final class CodeBatchDeathIT {
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));
    private static final int CODES = FULL ? 1_000_000 : 12_000;
    private static final int KILLS = FULL ? 2 : 1;
    private static final int EXPORTS = FULL ? 6 : 1;
    private static final Duration BOUND = Duration.ofMinutes(5);
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @Test
    void aBatchWhoseMakersAreKilledHasExactlyItsCodesAndIsExportedByAServiceThatCouldNotHoldThem(@TempDir Path folder)
            throws IOException {
        Path keys = Files.writeString(
                folder.resolve("keys"), "first " + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        try (SmallMall mall = SmallMall.open()) {
            mall.moveTruth(Side.NEW);
            long template = mall.template(-1, 0);
            for (int kill = 0; kill < KILLS; kill++) {
                int behind = kill * CODES / 4;
                try (JavaProcess maker = instance(mall, folder, "maker-" + kill)) {
                    ask(
                            maker,
                            "POST",
                            "/v1/code_batches",
                            "{\"batch_no\":\"b\",\"template_id\":\"tpl_" + template + "\",\"count\":" + CODES
                                    + ",\"length\":12}");
                    Awaitility.await().atMost(BOUND).until(() -> made(mall) > behind);
                    maker.kill();
                }
            }
            try (JavaProcess exporter = instance(mall, folder, "exporter")) {
                Awaitility.await()
                        .atMost(BOUND)
                        .until(() -> ask(exporter, "GET", "/v1/code_batches/cbt_1", "")
                                .path("state")
                                .asText()
                                .equals("READY"));
                Set<String> codes = new HashSet<>();
                long sum = 0;
                CodeKeys known = CodeKeys.read(keys);
                for (String code : exported(exporter, "first")) {
                    codes.add(code);
                    CRC32 crc = new CRC32();
                    crc.update(CodeHashes.of(known, code));
                    sum ^= crc.getValue();
                }
                assertThat(codes).hasSize(CODES);
                long rows = 0;
                long kept = 0;
                for (DatabaseId shard : mall.plan.shardDatabases()) {
                    rows += mall.number(shard, "SELECT COUNT(*) FROM coupon_code");
                    kept ^= mall.number(shard, "SELECT BIT_XOR(CRC32(code_hash)) FROM coupon_code");
                }
                assertThat(rows).isEqualTo(CODES);
                assertThat(kept).isEqualTo(sum);
                // Together they are more than its memory has room for.
                Parallel.run(EXPORTS, i -> {
                    long lines = 0;
                    for (String code : exported(exporter, "again-" + i)) {
                        lines += code.isEmpty() ? 0 : 1;
                    }
                    assertThat(lines).isEqualTo(CODES);
                });
                assertThat(exporter.alive()).isTrue();
            }
        }
    }

    private static JavaProcess instance(SmallMall mall, Path folder, String name) throws IOException {
        return JavaProcess.named(name, folder, CouponServiceMain.class.getName())
                .withEnvironment(Map.of(
                        "CUTOVER_CONFIG",
                        mall.planFile("{env: MALL_PASSWORD}").toString(),
                        "MALL_PASSWORD",
                        MySqlServer.shared().rootPassword(),
                        "COUPON_CODE_KEYS",
                        folder.resolve("keys").toString(),
                        "COUPON_PORT",
                        "0",
                        "COUPON_INSTANCE",
                        name,
                        "JAVA_TOOL_OPTIONS",
                        "-Xmx128m"))
                .start();
    }

    private static long made(SmallMall mall) {
        return mall.number(DatabaseId.META, "SELECT COALESCE(MAX(made), 0) FROM coupon_code_batch");
    }

    private static HttpRequest request(JavaProcess process, String method, String path, String body) {
        String ready = "coupon-service ready on ";
        Awaitility.await().atMost(BOUND).until(() -> process.line(ready).isPresent() || !process.alive());
        String line = process.line(ready).orElseThrow(() -> new AssertionError(process.lastWords()));
        return HttpRequest.newBuilder(URI.create(line.substring(ready.length()) + path))
                .header("X-Operator", "ann@mall")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        try {
            return CLIENT.send(request, handler);
        } catch (IOException e) {
            throw new AssertionError(request + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static JsonNode ask(JavaProcess process, String method, String path, String body) {
        return StoreConformance.json(send(request(process, method, path, body), HttpResponse.BodyHandlers.ofString())
                .body());
    }

    /** The codes as they come in, behind the last of which their checksum is compared with the one that was promised. */
    private static Iterable<String> exported(JavaProcess process, String reason) {
        HttpResponse<java.util.stream.Stream<String>> response = send(
                request(process, "GET", "/v1/code_batches/cbt_1/export?reason=" + reason, ""),
                HttpResponse.BodyHandlers.ofLines());
        assertThat(response.statusCode()).isEqualTo(200);
        String promised = response.headers().firstValue("X-Content-SHA256").orElseThrow();
        MessageDigest digest = sha256();
        Iterator<String> lines = response.body().iterator();
        assertThat(lines.next()).isEqualTo("code");
        digest.update("code\n".getBytes(StandardCharsets.US_ASCII));
        return () -> new Iterator<>() {
            @Override
            public boolean hasNext() {
                boolean more = lines.hasNext();
                if (!more) {
                    assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(promised);
                }
                return more;
            }

            @Override
            public String next() {
                String line = lines.next();
                digest.update((line + "\n").getBytes(StandardCharsets.US_ASCII));
                return line;
            }
        };
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}
