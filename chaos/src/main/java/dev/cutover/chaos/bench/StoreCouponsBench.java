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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;

/**
 * How long a page of 500 coupons of three kinds takes over HTTP, with more clients each time until pages take longer than they may; then once
 * more while the Redis of one kind hangs. The keys are chosen at random out of more than an instance keeps by itself, so most come from Redis.
 * Used once, by one thread.
 */
final class StoreCouponsBench {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> KINDS = List.of("STORE", "FREIGHT", "RED_PACKET");
    private static final long FIRST_TEMPLATE = 920_000;
    private static final int TEMPLATES = 10;
    private static final int STORES = 20;
    private static final int PRODUCTS = 1_000;
    private static final int PAGE = 500;
    private static final double LIMIT_MILLIS = 100;
    private static final int SAMPLE = 500;
    private static final Duration WARM = Duration.ofSeconds(20);
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

    private final Path folder;
    private final Duration each;
    private final Consumer<String> says;

    StoreCouponsBench(Path folder, Duration each, Consumer<String> says) {
        this.folder = folder;
        this.each = each;
        this.says = says;
    }

    List<Figure> run() {
        try (CouponStand stand = CouponStand.start(folder);
                RedisServer redis = RedisServer.start("pages-bench");
                RedisServer freight = RedisServer.start("pages-bench-freight");
                CloseableHttpClient http = HttpClients.custom()
                        .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                                .setMaxConnPerRoute(64)
                                .setMaxConnTotal(64)
                                .build())
                        .disableCookieManagement()
                        .disableContentCompression()
                        .build()) {
            for (int i = 0; i < TEMPLATES * KINDS.size(); i++) {
                stand.template(FIRST_TEMPLATE + i, 1, 1);
            }
            stand.execute(
                    DatabaseId.META,
                    "UPDATE coupon_template SET kind = 1 + (template_id - " + FIRST_TEMPLATE + ") DIV " + TEMPLATES
                            + ", name = CONCAT('满减 ', template_id), metadata = '{\"badge\": \"11.11\", \"colour\": \"red\"}'"
                            + " WHERE template_id >= " + FIRST_TEMPLATE);
            URI service = stand.serve(Map.of("REDIS_URI", redis.uri(), "REDIS_URI_FREIGHT", freight.uri()));
            build(http, service);
            List<Figure> figures = new ArrayList<>(sizes(http, service, new RedisTalk(redis.port())));
            measure(http, service, 4, WARM);
            List<Pages> all = new ArrayList<>();
            for (int clients = 1; clients <= 16; clients *= 2) {
                CouponStand.Processor before = stand.processor();
                Pages pages = measure(http, service, clients, each);
                CouponStand.Processor used = stand.processor().minus(before);
                says.accept(String.format(
                        Locale.ROOT,
                        "%2d clients: %,.0f pages/s, %.1f MB/s, p50 %.1f, p99 %.1f ms, %d degraded; a page costs the service %.2f ms of processor",
                        clients,
                        pages.rate(),
                        pages.megabytes(),
                        pages.percentile(50),
                        pages.percentile(99),
                        pages.degraded(),
                        used.service() / pages.micros().size() * 1e3));
                all.add(pages);
            }
            Pages best = all.stream()
                    .filter(pages -> pages.percentile(99) < LIMIT_MILLIS)
                    .max(Comparator.comparingDouble(Pages::rate))
                    .orElse(all.get(0));
            figures.addAll(figures("storeCoupons", best));
            freight.stopProcess();
            Pages stalled = measure(http, service, best.clients(), each);
            freight.resumeProcess();
            figures.addAll(figures("storeCoupons.stalled", stalled));
            figures.add(new Figure("storeCoupons.stalled.complete", stalled.othersComplete() * 100.0, "%"));
            return figures;
        } catch (SQLException | IOException e) {
            throw new ChaosFailedException("Pages could not be measured: " + e.getMessage(), e);
        }
    }

    private void build(CloseableHttpClient http, URI service) {
        long begun = System.nanoTime();
        List<String> ids = new ArrayList<>();
        for (int part = 0; part < KINDS.size() * STORES / 10; part++) {
            ObjectNode body =
                    JSON.createObjectNode().put("build_no", "pages-" + part).put("reason", "a bench");
            ArrayNode templates = body.putArray("template_ids");
            for (int i = 0; i < TEMPLATES; i++) {
                templates.add("tpl_" + (FIRST_TEMPLATE + part % KINDS.size() * TEMPLATES + i));
            }
            ArrayNode stores = body.putArray("store_ids");
            for (int i = 0; i < 10; i++) {
                stores.add(Integer.toString(part / KINDS.size() * 10 + i));
            }
            ArrayNode products = body.putArray("products");
            for (int i = 0; i < PRODUCTS; i++) {
                products.addObject().put("product_id", "sku-" + i);
            }
            ids.add(post(http, service.resolve("/v1/cache_builds"), body.toString())
                    .json()
                    .path("id")
                    .asText());
        }
        for (String id : ids) {
            if (!Waiting.until(LONGEST, LOOK_AGAIN, () -> {
                JsonNode progress =
                        get(http, service.resolve("/v1/cache_builds/" + id)).path("progress");
                return progress.path("done").asLong() == progress.path("total").asLong();
            })) {
                throw new ChaosFailedException("The cache was not built: " + id, null);
            }
        }
        says.accept(String.format(
                Locale.ROOT,
                "%,d details built in %.1f s",
                ids.size() * 10 * PRODUCTS * TEMPLATES,
                (System.nanoTime() - begun) / 1e9));
    }

    /** What a key and a value take in Redis, beside a key and a value that a person can read. */
    private static List<Figure> sizes(CloseableHttpClient http, URI service, RedisTalk redis) {
        long keys = 0;
        long values = 0;
        for (int i = 0; i < SAMPLE; i++) {
            String key = redis.text("RANDOMKEY");
            keys += key.getBytes(StandardCharsets.UTF_8).length;
            values += redis.number("STRLEN " + key);
        }
        String readable =
                "coupon:detail:store:" + STORES / 2 + ":template:" + FIRST_TEMPLATE + ":product:sku-" + PRODUCTS / 2;
        JsonNode page = post(http, service.resolve("/v1/store_coupons"), page()).json();
        long elements = 0;
        long bytes = 0;
        for (String kind : KINDS) {
            for (JsonNode one : page.path("coupons").path(kind)) {
                elements++;
                bytes += one.toString().getBytes(StandardCharsets.UTF_8).length;
            }
        }
        return List.of(
                new Figure(
                        "storeCoupons.key",
                        keys / (double) SAMPLE,
                        "bytes",
                        new Figure.Floor("a key of whole words", readable.length())),
                new Figure(
                        "storeCoupons.value",
                        values / (double) SAMPLE,
                        "bytes",
                        new Figure.Floor("the JSON of the answer", bytes / (double) elements)));
    }

    /** @param othersComplete the part of the pages that had every coupon of the kinds that do not hang */
    private record Pages(
            int clients, double rate, double megabytes, List<Long> micros, long degraded, double othersComplete) {
        double percentile(int percent) {
            List<Long> sorted = micros.stream().sorted().toList();
            return sorted.get(Math.max(0, (sorted.size() * percent + 99) / 100 - 1)) / 1e3;
        }
    }

    private static List<Figure> figures(String name, Pages pages) {
        return List.of(
                new Figure(name + ".rate", pages.rate(), "pages/s"),
                new Figure(name + ".p50", pages.percentile(50), "ms"),
                new Figure(name + ".p99", pages.percentile(99), "ms"),
                new Figure(name + ".mbPerSecond", pages.megabytes(), "MB/s"),
                new Figure(name + ".clients", pages.clients(), "clients"),
                new Figure(name + ".degraded", pages.degraded(), "pages"));
    }

    private static Pages measure(CloseableHttpClient http, URI service, int clients, Duration time) {
        ConcurrentLinkedQueue<Long> micros = new ConcurrentLinkedQueue<>();
        AtomicLong bytes = new AtomicLong();
        AtomicLong degraded = new AtomicLong();
        AtomicLong complete = new AtomicLong();
        URI pages = service.resolve("/v1/store_coupons");
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        long begun = System.nanoTime();
        long end = begun + time.toNanos();
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                all.add(threads.submit(() -> {
                    while (System.nanoTime() < end) {
                        String body = page();
                        long before = System.nanoTime();
                        Answer answer = post(http, pages, body);
                        micros.add((System.nanoTime() - before) / 1_000);
                        bytes.addAndGet(answer.text().length);
                        String tail = new String(
                                answer.text(),
                                Math.max(0, answer.text().length - 60),
                                Math.min(60, answer.text().length),
                                StandardCharsets.UTF_8);
                        String late = tail.substring(tail.indexOf("\"degraded\""));
                        degraded.addAndGet(late.contains("[]") ? 0 : 1);
                        complete.addAndGet(late.contains("STORE") || late.contains("RED_PACKET") ? 0 : 1);
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChaosFailedException("The measurement was interrupted.", e);
        } catch (ExecutionException e) {
            throw new ChaosFailedException("A client of the pages failed: " + e.getCause(), e);
        } finally {
            threads.shutdownNow();
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        return new Pages(
                clients,
                micros.size() / seconds,
                bytes.get() / seconds / 1e6,
                List.copyOf(micros),
                degraded.get(),
                complete.get() / (double) micros.size());
    }

    private static String page() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        StringBuilder body = new StringBuilder("{\"store_id\":\"")
                .append(random.nextInt(STORES))
                .append("\",\"coupons\":{");
        for (int kind = 0; kind < KINDS.size(); kind++) {
            body.append(kind == 0 ? "\"" : ",\"").append(KINDS.get(kind)).append("\":[");
            int count = (PAGE + kind) / KINDS.size();
            for (int i = 0; i < count; i++) {
                body.append(i == 0 ? "" : ",")
                        .append("{\"template_id\":\"tpl_")
                        .append(FIRST_TEMPLATE + kind * TEMPLATES + random.nextInt(TEMPLATES))
                        .append("\",\"product_id\":\"sku-")
                        .append(random.nextInt(PRODUCTS))
                        .append("\"}");
            }
            body.append(']');
        }
        return body.append("}}").toString();
    }

    private record Answer(byte[] text) {
        JsonNode json() {
            try {
                return JSON.readTree(text);
            } catch (IOException e) {
                throw new ChaosFailedException("The service did not answer with JSON: " + e.getMessage(), e);
            }
        }
    }

    private static Answer post(CloseableHttpClient http, URI uri, String body) {
        HttpPost request = new HttpPost(uri);
        request.setHeader("X-Operator", "bench");
        request.setEntity(new StringEntity(body, StandardCharsets.UTF_8));
        try {
            return http.execute(request, response -> {
                byte[] text = EntityUtils.toByteArray(response.getEntity());
                if (response.getCode() >= 300) {
                    throw new ChaosFailedException(
                            "The service answered " + response.getCode() + ": "
                                    + new String(text, StandardCharsets.UTF_8),
                            null);
                }
                return new Answer(text);
            });
        } catch (IOException e) {
            throw new ChaosFailedException("The service did not answer: " + e.getMessage(), e);
        }
    }

    private static JsonNode get(CloseableHttpClient http, URI uri) {
        try {
            return http.execute(
                    new HttpGet(uri), response -> JSON.readTree(EntityUtils.toByteArray(response.getEntity())));
        } catch (IOException e) {
            throw new ChaosFailedException("The service did not answer: " + e.getMessage(), e);
        }
    }
}
