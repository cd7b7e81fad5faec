package dev.cutover.coupon.detail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.redis.RedisPatience;
import dev.cutover.sandbox.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A real sentinel watches a master and its replica: when the master dies, details are kept by the replica. */
final class RedisSentinelIT {
    private static final Duration BOUND = Duration.ofSeconds(30);

    @Test
    void aMasterThatDiesIsFollowedByItsReplicaAndNothingOlderComesBack() {
        ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(1);
        try (RedisServer master = RedisServer.start("watched-master");
                RedisServer replica = RedisServer.start(
                        "watched-replica", 0, "--replicaof", "127.0.0.1", Integer.toString(master.port()));
                RedisServer sentinel = RedisServer.sentinel("sentinel", "mall", master.port());
                RedisDoor door = RedisDoor.open(
                        RedisAddress.parse("redis+sentinel://127.0.0.1:" + sentinel.port() + "/mall"),
                        RedisPatience.OF_A_PAGE,
                        scheduler)) {
            assertThat(replica.isRunning()).isTrue();
            Awaitility.await().atMost(BOUND).until(door::available);
            RedisDetails details = new RedisDetails(door, "s");
            DetailKey key = new DetailKey(new TemplateId(1), "8", "watched", null);
            Awaitility.await()
                    .atMost(BOUND)
                    .until(() -> details.put(1, Map.of(key, Detail.none(3))).orElse(0) == 1);
            // The sentinel learns of the replica from the master, every ten seconds at first.
            Awaitility.await()
                    .atMost(BOUND)
                    .until(() -> RedisClusterIT.ask(sentinel, "SENTINEL REPLICAS mall")
                            .contains(Integer.toString(replica.port())));
            master.kill();
            long begun = System.nanoTime();
            Awaitility.await()
                    .atMost(BOUND)
                    .until(() -> details.put(1, Map.of(key, Detail.none(4))).orElse(0) == 1);
            System.out.printf(
                    "a master that a sentinel watches killed: details can be put again behind %d ms%n",
                    (System.nanoTime() - begun) / 1_000_000);
            assertThat(details.put(1, Map.of(key, Detail.none(3)))).contains(0);
            assertThat(details.find(1, List.of(key))).containsEntry(key, Detail.none(4));
        } finally {
            scheduler.shutdownNow();
        }
    }
}
