package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The curl lines of the README, typed one after the other by somebody who copies the ids that the answers before have shown. */
final class ReadmeIT {
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");
    private static final Duration BOUND = Duration.ofSeconds(20);

    @Test
    void anEngineerCreatesATemplateClaimsRedeemsAndRefundsWithTheLinesOfTheReadme() throws IOException {
        try (SmallMall mall = SmallMall.open()) {
            mall.moveTruth(Side.NEW);
            try (CouponService service = CouponService.start(
                    mall.plan,
                    new CouponService.Options(
                            0, "coupon-readme-it", Optional.empty(), Duration.ofSeconds(2), InstantSource.system()))) {
                String address = "http://127.0.0.1:" + service.port();
                List<String> lines = lines();
                assertThat(lines).hasSize(6);
                String template = typed(address, lines.get(0)).path("id").asText();
                assertThat(template).startsWith("tpl_");
                List<String> named = lines.stream()
                        .map(line -> line.replace("tpl_10000000000", template))
                        .toList();
                assertThat(typed(address, named.get(1)).path("status").asText()).isEqualTo("PUBLISHED");
                String coupon = typed(address, named.get(2))
                        .findPath("coupons")
                        .path(0)
                        .path("id")
                        .asText();
                JsonNode redeemed = typed(address, named.get(3).replace("cpn_…", coupon));
                String redemption = found("rdm_\\w+", redeemed.toString());
                assertThat(redeemed.toString()).contains("500");
                JsonNode refunded = typed(address, named.get(4).replace("rdm_…", redemption));
                assertThat(refunded.toString()).contains(redemption).contains("500");
                Awaitility.await()
                        .atMost(BOUND)
                        .until(() -> send(address, named.get(5)).body().contains("\"refunded_minor\":500"));
            }
        }
    }

    private static List<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        Matcher line = Pattern.compile("(?m)^curl (?:[^'\\n]|'[^']*')+$")
                .matcher(Files.readString(Path.of("..", "README.md")));
        while (line.find()) {
            lines.add(line.group());
        }
        return lines;
    }

    private static JsonNode typed(String address, String line) {
        HttpResponse<String> answer = send(address, line);
        assertThat(answer.statusCode()).as(line + "\n" + answer.body()).isBetween(200, 299);
        return StoreConformance.json(answer.body());
    }

    /** What curl would send. */
    private static HttpResponse<String> send(String address, String line) {
        String method = "";
        String body = "";
        List<String> headers = new ArrayList<>();
        Optional<URI> where = Optional.empty();
        Matcher word = WORD.matcher(line);
        while (word.find()) {
            switch (word.group()) {
                case "curl", "-s" -> {}
                case "-X" -> method = next(word);
                case "-d" -> body = next(word);
                case "-H" -> headers.addAll(List.of(next(word).split(": ", 2)));
                default -> where = Optional.of(URI.create(word.group().replace("$B", address)));
            }
        }
        String usual = body.isEmpty() ? "GET" : "POST";
        HttpRequest.Builder request = HttpRequest.newBuilder(where.orElseThrow())
                .method(method.isEmpty() ? usual : method, HttpRequest.BodyPublishers.ofString(body));
        if (!headers.isEmpty()) {
            request.headers(headers.toArray(String[]::new));
        }
        try {
            return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(line + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String next(Matcher word) {
        assertThat(word.find()).isTrue();
        return word.group(1) == null ? word.group(2) : word.group(1);
    }

    private static String found(String pattern, String text) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        assertThat(found.find()).as(pattern + " in " + text).isTrue();
        return found.group();
    }
}
