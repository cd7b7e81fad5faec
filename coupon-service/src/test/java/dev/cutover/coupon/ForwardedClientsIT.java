package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.http.TrustedProxies;
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
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whose misses count for whom: this test is the gateway that all requests come by. */
final class ForwardedClientsIT {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final int MOST_OF_ADDRESS = 50;
    private static final int CODE_INVALID = 404;
    private static final int TOO_MANY = 429;

    private static SmallMall mall;
    private static CouponService trusting;
    private static CouponService wary;

    @BeforeAll
    static void open() throws IOException {
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        Path keys = Files.createTempFile("code-keys", ".txt");
        keys.toFile().deleteOnExit();
        Files.writeString(keys, "k1 " + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        CouponService.Options options = new CouponService.Options(
                0,
                "forwarded",
                Optional.empty(),
                Duration.ofSeconds(2),
                InstantSource.system(),
                Optional.empty(),
                Optional.of(keys));
        trusting = CouponService.start(mall.plan, options.behind(TrustedProxies.parse("127.0.0.0/8, 10.1.2.3")));
        wary = CouponService.start(mall.plan, options.behind(TrustedProxies.parse("10.1.2.3")));
    }

    @AfterAll
    static void close() {
        wary.close();
        trusting.close();
        mall.close();
    }

    /** A guess of somebody new. */
    private static int guess(CouponService service, String... forwarded) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + service.port() + "/v1/codes/validate"))
                .POST(HttpRequest.BodyPublishers.ofString("{\"user_id\":" + mall.user() + ",\"code\":\"guess\"}"));
        for (String line : forwarded) {
            request.header("X-Forwarded-For", line);
        }
        try {
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Test
    void behindATrustedProxyEachForwardedClientWaitsForItselfAndNobodyIsBelievedWhoIsNone() {
        for (int i = 0; i < MOST_OF_ADDRESS; i++) {
            // What a client says of itself, its proxy leaves standing.
            assertThat(guess(trusting, "203.0.113." + i + ", 198.51.100.7")).isEqualTo(CODE_INVALID);
        }
        assertThat(guess(trusting, "198.51.100.7")).isEqualTo(TOO_MANY);
        assertThat(guess(trusting, "198.51.100.7:4711")).isEqualTo(TOO_MANY);
        assertThat(guess(trusting, "203.0.113.1, 198.51.100.7")).isEqualTo(TOO_MANY);
        assertThat(guess(trusting, "203.0.113.1", "198.51.100.7"))
                .as("a proxy that writes a line of its own")
                .isEqualTo(TOO_MANY);
        assertThat(guess(trusting, "198.51.100.7, 10.1.2.3"))
                .as("behind two proxies")
                .isEqualTo(TOO_MANY);
        assertThat(guess(trusting, "198.51.100.7, 198.51.100.8")).isEqualTo(CODE_INVALID);
        assertThat(guess(trusting, "198.51.100.7, nonsense")).isEqualTo(CODE_INVALID);
        assertThat(guess(trusting)).isEqualTo(CODE_INVALID);

        // Two misses of the proxy itself were counted above.
        for (int i = 2; i < MOST_OF_ADDRESS; i++) {
            assertThat(guess(wary, "198.51.100.7")).isEqualTo(CODE_INVALID);
        }
        assertThat(guess(wary, "203.0.113.1")).isEqualTo(TOO_MANY);
        assertThat(guess(trusting, "203.0.113.1")).isEqualTo(CODE_INVALID);
    }
}
