package dev.cutover.coupon.detail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.template.Discount;
import dev.cutover.sandbox.RedisServer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A real Redis keeps the newest of what it is told, in whatever order it is told. */
final class RedisDetailsIT {
    private static RedisServer redis;
    private static ScheduledExecutorService scheduler;
    private static RedisDoor door;

    @BeforeAll
    static void open() {
        redis = RedisServer.start("details");
        scheduler = Executors.newScheduledThreadPool(1);
        door = RedisDoor.open(redis.uri(), scheduler);
        Awaitility.await().until(door::available);
    }

    @AfterAll
    static void close() {
        door.close();
        scheduler.shutdownNow();
        redis.close();
    }

    private static DetailKey key(long template, String product) {
        return new DetailKey(new TemplateId(template), "8", product, null);
    }

    private static Detail detail(int version) {
        return new Detail(
                version,
                new Detail.Offer(
                        "v" + version, new Discount(1, 1, 500L, null, 0, null), 3L, null, null, null, null, null));
    }

    @Test
    void anOldVersionThatComesLateIsRefusedAndTheTwinThatDoesNotLookTakesIt() {
        RedisDetails details = new RedisDetails(door, "s");
        DetailKey key = key(1, "late");
        assertThat(details.put(1, Map.of(key, detail(2)))).contains(1);
        assertThat(details.put(1, Map.of(key, detail(1)))).contains(0);
        assertThat(details.find(1, List.of(key))).containsEntry(key, detail(2));
        assertThat(details.put(1, Map.of(key, detail(2)))).as("again").contains(1);
        assertThat(details.put(1, Map.of(key, Detail.none(300)))).contains(1);
        assertThat(details.put(1, Map.of(key, detail(299)))).contains(0);
        assertThat(details.find(1, List.of(key))).containsEntry(key, Detail.none(300));

        RedisDetails twin = new RedisDetails(door, "s", RedisDetails.PUTS_OLDER_ONES);
        assertThat(twin.put(1, Map.of(key, detail(1)))).contains(1);
        assertThat(details.find(1, List.of(key))).containsEntry(key, detail(1));
    }

    @Test
    void manyGoInAndComeOutTogetherEachKindAndEpochByItself() {
        RedisDetails details = new RedisDetails(door, "f");
        Map<DetailKey, Detail> many = new LinkedHashMap<>();
        for (int i = 0; i < 1_000; i++) {
            many.put(key(i % 7 + 1, "p" + i), detail(i));
        }
        assertThat(details.put(5, many)).contains(1_000);
        List<DetailKey> asked = new ArrayList<>(many.keySet());
        asked.add(key(9, "unknown"));
        assertThat(details.find(5, asked)).isEqualTo(many);
        assertThat(details.find(6, asked)).isEmpty();
        assertThat(new RedisDetails(door, "r").find(5, asked)).isEmpty();
    }
}
