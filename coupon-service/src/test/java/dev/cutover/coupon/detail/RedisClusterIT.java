package dev.cutover.coupon.detail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.redis.RedisPatience;
import dev.cutover.coupon.template.Discount;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A real cluster of three masters, one of them with a replica that takes over when it dies. */
public final class RedisClusterIT {
    private static final int SLOTS = 16_384;
    private static final int MASTERS = 3;
    private static final Duration BOUND = Duration.ofSeconds(30);

    private static final List<RedisServer> NODES = new ArrayList<>();
    private static ScheduledExecutorService scheduler;
    private static RedisDoor door;

    @BeforeAll
    static void open() {
        for (int i = 0; i <= MASTERS; i++) {
            NODES.add(
                    RedisServer.start("cluster-" + i, 0, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000"));
        }
        for (int i = 0; i < MASTERS; i++) {
            ask(
                    i,
                    "CLUSTER ADDSLOTS "
                            + IntStream.range(i * SLOTS / MASTERS, (i + 1) * SLOTS / MASTERS)
                                    .mapToObj(Integer::toString)
                                    .collect(Collectors.joining(" ")));
            ask(i, "CLUSTER SET-CONFIG-EPOCH " + (i + 1));
        }
        for (int i = 1; i <= MASTERS; i++) {
            ask(0, "CLUSTER MEET 127.0.0.1 " + NODES.get(i).port());
        }
        String first = ask(0, "CLUSTER MYID").lines().skip(1).findFirst().orElseThrow();
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> ask(MASTERS, "CLUSTER REPLICATE " + first).startsWith("+OK"));
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> IntStream.rangeClosed(0, MASTERS)
                                .allMatch(node -> ask(node, "CLUSTER INFO").contains("cluster_state:ok"))
                        && ask(MASTERS, "INFO replication").contains("master_link_status:up"));
        scheduler = Executors.newScheduledThreadPool(1);
        door = RedisDoor.open(
                RedisAddress.parse("redis+cluster://"
                        + NODES.stream().map(node -> "127.0.0.1:" + node.port()).collect(Collectors.joining(","))),
                RedisPatience.OF_A_PAGE,
                scheduler);
        Awaitility.await().atMost(BOUND).until(door::available);
    }

    @AfterAll
    static void close() {
        door.close();
        scheduler.shutdownNow();
        NODES.forEach(RedisServer::close);
    }

    private static String ask(int node, String words) {
        return ask(NODES.get(node), words);
    }

    /** What a person would be answered who types it. */
    public static String ask(RedisServer server, String words) {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.getOutputStream().write((words + "\r\nQUIT\r\n").getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("Redis does not answer '" + words.split(" ")[0] + "'", e);
        }
    }

    private static Map<DetailKey, Detail> details(int version) {
        Map<DetailKey, Detail> many = new LinkedHashMap<>();
        for (int i = 0; i < 500; i++) {
            many.put(
                    new DetailKey(new TemplateId(i % 5 + 1), "8", "sku-" + i / 5, null),
                    new Detail(
                            version,
                            new Detail.Offer(
                                    "v" + version,
                                    new Discount(1, 1, 500L, null, 0, null),
                                    3L,
                                    null,
                                    null,
                                    null,
                                    null,
                                    null)));
        }
        return many;
    }

    @Test
    void fiveHundredKeysAreSpreadOverTheNodesAndComeBackTogetherAlsoBehindADeathOfOne() {
        RedisDetails redis = new RedisDetails(door, "s");
        Map<DetailKey, Detail> first = details(1);
        List<DetailKey> keys = List.copyOf(first.keySet());
        assertThat(redis.put(1, first)).contains(500);
        assertThat(redis.find(1, keys)).isEqualTo(first);
        for (int i = 0; i < MASTERS; i++) {
            assertThat(Integer.parseInt(ask(i, "DBSIZE").split("[:\r]")[1]))
                    .as("keys of node %d", i)
                    .isBetween(80, 260);
        }
        assertThat(redis.put(1, details(0))).as("older ones").contains(0);

        NODES.get(0).kill();
        long begun = System.nanoTime();
        Map<DetailKey, Detail> second = details(2);
        // Slower, never wrong: until the replica has taken over nobody is told anything that was not put.
        Awaitility.await().atMost(BOUND).until(() -> {
            redis.find(1, keys)
                    .values()
                    .forEach(detail -> assertThat(detail.version()).isBetween(1, 2));
            return redis.put(1, second).orElse(0) == 500;
        });
        Awaitility.await().atMost(BOUND).until(() -> redis.find(1, keys).equals(second));
        System.out.printf(
                "a master killed: all keys could be written again behind %d ms%n",
                (System.nanoTime() - begun) / 1_000_000);
        assertThat(redis.put(1, first))
                .as("older ones, on the node that took over too")
                .contains(0);
    }
}
