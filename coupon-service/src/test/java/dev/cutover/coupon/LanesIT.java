package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.Side;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Twice as many look as the instance can serve: orders are paid as if few did. */
final class LanesIT {
    /** What an order waits for its coupons at most, by our own promise, on two cores that the load shares. */
    private static final Duration LIMIT = ServiceSettings.USUAL_BUDGET;

    private static final Duration SATURATED = Duration.ofSeconds(4);
    private static final int CAPACITY_CLIENTS = 60;
    private static final int ORDERS_A_SECOND = 25;
    private static final int USERS = 50;

    private static SmallMall mall;
    private static CouponService service;
    private static HttpClient client;
    // What the many wait for in their own client is no wait of an order.
    private static HttpClient till;

    @BeforeAll
    static void open() {
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        service = CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0, "coupon-lanes-it", Optional.empty(), Duration.ofSeconds(5), InstantSource.system()));
        client = HttpClient.newHttpClient();
        till = HttpClient.newHttpClient();
    }

    @AfterAll
    static void close() {
        service.close();
        mall.close();
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path));
    }

    private static HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(request + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static HttpRequest post(String path, String body) {
        return request(path)
                .header("Idempotency-Key", UseRig.key())
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static HttpRequest look(long user) {
        return request("/v1/users/" + user + "/coupons?limit=100").build();
    }

    /** Pages a second that so many clients get, one after the other. */
    private static double capacity(List<Long> users) {
        AtomicInteger pages = new AtomicInteger();
        long begun = System.nanoTime();
        long end = begun + Duration.ofSeconds(2).toNanos();
        Parallel.run(CAPACITY_CLIENTS, thread -> {
            while (System.nanoTime() < end) {
                assertThat(send(look(users.get(pages.getAndIncrement() % users.size())))
                                .statusCode())
                        .isEqualTo(200);
            }
        });
        return pages.get() / ((System.nanoTime() - begun) / 1e9);
    }

    @Test
    void settlingIsWithinItsLimitWhileTwiceAsManyLookAsCanBeServed() {
        long template = mall.template(100_000, 0);
        List<Long> users = new ArrayList<>();
        List<String> coupons = new ArrayList<>();
        List<Long> owners = new ArrayList<>();
        for (int i = 0; i < USERS; i++) {
            long user = mall.user();
            users.add(user);
            String claimed = send(post(
                            "/v1/claims",
                            "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template
                                    + "\",\"quantity\":4}]}"))
                    .body();
            StoreConformance.json(claimed).path("coupons").forEach(coupon -> {
                coupons.add(coupon.path("id").asText());
                owners.add(user);
            });
        }
        var unused = capacity(users);
        double capacity = capacity(users);

        ConcurrentLinkedQueue<Long> settled = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<String> refused = new ConcurrentLinkedQueue<>();
        AtomicLong looked = new AtomicLong();
        AtomicLong shed = new AtomicLong();
        AtomicLong other = new AtomicLong();
        AtomicInteger sent = new AtomicInteger();
        ScheduledExecutorService pace = Executors.newScheduledThreadPool(2);
        AtomicInteger order = new AtomicInteger();
        long begun = System.nanoTime();
        try {
            var lookers = pace.scheduleAtFixedRate(
                    () -> {
                        // As many as twice the capacity would have sent by now, whether they were answered or not.
                        double due = (System.nanoTime() - begun) / 1e9 * capacity * 2;
                        while (sent.get() < due) {
                            var answer = client.sendAsync(
                                            look(users.get(sent.getAndIncrement() % users.size())),
                                            HttpResponse.BodyHandlers.discarding())
                                    .whenComplete((response, failure) -> (response == null
                                                    ? other
                                                    : response.statusCode() == 200
                                                            ? looked
                                                            : response.statusCode() == 503 ? shed : other)
                                            .incrementAndGet());
                        }
                    },
                    0,
                    5,
                    TimeUnit.MILLISECONDS);
            var orders = pace.scheduleAtFixedRate(
                    () -> {
                        int i = order.getAndIncrement();
                        long before = System.nanoTime();
                        var answer = till.sendAsync(
                                        post(
                                                "/v1/redemptions",
                                                "{\"user_id\":" + owners.get(i) + ",\"order_no\":\"lane-" + i
                                                        + "\",\"coupon_ids\":[\"" + coupons.get(i)
                                                        + "\"],\"order\":{\"amount_minor\":5000}}"),
                                        HttpResponse.BodyHandlers.ofString())
                                .whenComplete((response, failure) -> {
                                    settled.add(System.nanoTime() - before);
                                    if (response == null || response.statusCode() != 201) {
                                        refused.add(response == null ? String.valueOf(failure) : response.body());
                                    }
                                });
                    },
                    0,
                    1_000 / ORDERS_A_SECOND,
                    TimeUnit.MILLISECONDS);
            Awaitility.await()
                    .atMost(SATURATED.multipliedBy(3))
                    .until(() -> System.nanoTime() - begun > SATURATED.toNanos());
            lookers.cancel(false);
            orders.cancel(false);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() ->
                            settled.size() >= order.get() && looked.get() + shed.get() + other.get() >= sent.get());
        } finally {
            pace.shutdownNow();
        }
        List<Long> sorted = settled.stream().sorted().toList();
        long p99 = sorted.get((sorted.size() * 99 + 99) / 100 - 1);
        System.out.printf(
                "browsing: capacity %.0f pages/s, asked for twice that: %d shown, %d shed, %d failed; %d orders settled, p50 %d ms, p99 %d ms%n",
                capacity,
                looked.get(),
                shed.get(),
                other.get(),
                sorted.size(),
                sorted.get(sorted.size() / 2) / 1_000_000,
                p99 / 1_000_000);
        assertThat(refused).as("orders that were not paid").isEmpty();
        assertThat(sorted.size()).isGreaterThan((int) (SATURATED.toSeconds() * ORDERS_A_SECOND / 2));
        assertThat(Duration.ofNanos(p99)).isLessThan(LIMIT);
        assertThat(shed.get()).as("browsing that was refused").isPositive();
        assertThat(looked.get()).as("browsing that was served").isPositive();
        assertThat(other.get()).isZero();
    }
}
