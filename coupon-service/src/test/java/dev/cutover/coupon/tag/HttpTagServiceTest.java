package dev.cutover.coupon.tag;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real service of tags that keeps everybody waiting, and those who ask it. */
final class HttpTagServiceTest {
    private static final int MOST_AT_ONCE = 32;
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final Tag VIP = new Tag("vip", Tag.Source.SERVICE, false, Tag.Policy.DENY, Optional.empty());

    private final Semaphore asked = new Semaphore(0);
    private final CountDownLatch hangs = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;
    private HttpTagService tags;

    @BeforeEach
    void open() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
        tags = new HttpTagService(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/"),
                DEADLINE,
                new SimpleMeterRegistry());
    }

    @AfterEach
    void close() {
        hangs.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            asked.release();
            hangs.await();
            byte[] body = "{\"tags\": {\"vip\": \"true\"}}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void soManyWaitForAServiceThatHangsAndTheNextIsToldAtOnce() throws ExecutionException, InterruptedException {
        List<Future<Map<String, Reading>>> waiting = new ArrayList<>();
        for (int user = 0; user < MOST_AT_ONCE; user++) {
            long one = user;
            waiting.add(threads.submit(() -> tags.read(one, List.of(VIP))));
        }
        assertThat(asked.tryAcquire(MOST_AT_ONCE, DEADLINE.toSeconds(), TimeUnit.SECONDS))
                .isTrue();

        long began = System.nanoTime();
        Reading refused = vip(tags.read(MOST_AT_ONCE, List.of(VIP)));

        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(DEADLINE.dividedBy(4));
        assertThat(refused.value()).isEmpty();
        assertThat(refused.why()).contains("too many ask");
        assertThat(asked.availablePermits())
                .as("the service was not asked once more")
                .isZero();

        hangs.countDown();
        for (Future<Map<String, Reading>> one : waiting) {
            assertThat(vip(one.get()).value()).hasValue("true");
        }
        assertThat(vip(tags.read(MOST_AT_ONCE, List.of(VIP))).value()).hasValue("true");
    }

    private static Reading vip(Map<String, Reading> readings) {
        return Objects.requireNonNull(readings.get("vip"));
    }
}
