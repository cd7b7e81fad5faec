package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.sandbox.MySqlServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process as an operator starts and ends it. */
final class CouponServiceMainIT {
    @TempDir
    private Path folder;

    private Process start(Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                CouponServiceMain.class.getName());
        builder.environment().putAll(environment);
        builder.redirectError(folder.resolve("errors").toFile());
        return builder.start();
    }

    @Test
    void saysWhereItListensAndEndsInOrder() throws IOException, InterruptedException {
        try (SmallMall mall = SmallMall.open()) {
            Process process = start(Map.of(
                    "CUTOVER_CONFIG",
                    mall.planFile("{env: MALL_PASSWORD}").toString(),
                    "MALL_PASSWORD",
                    MySqlServer.shared().rootPassword(),
                    "COUPON_PORT",
                    "0",
                    "COUPON_INSTANCE",
                    "coupon-main-it"));
            try (BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                String line = String.valueOf(output.readLine());
                assertThat(line)
                        .as(Files.readString(folder.resolve("errors")))
                        .matches("coupon-service ready on http://127\\.0\\.0\\.1:\\d+");
                URI ready = URI.create(line.substring(line.indexOf("http")) + "/readyz");
                assertThat(HttpClient.newHttpClient()
                                .send(HttpRequest.newBuilder(ready).build(), HttpResponse.BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(200);
                // Not destroy() of the process: that closes its output too.
                process.toHandle().destroy();
                assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
                assertThat(output.readLine()).isNull();
            } finally {
                process.destroyForcibly();
            }
        }
    }

    @Test
    void refusesASettingInOneSentence() throws IOException, InterruptedException {
        Process process = start(Map.of("COUPON_PORT", "x", "COUPON_WRITE_BUDGET", "soon"));
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(Files.readString(folder.resolve("errors")))
                .contains("COUPON_PORT", "COUPON_WRITE_BUDGET")
                .doesNotContain("\tat ");
    }
}
