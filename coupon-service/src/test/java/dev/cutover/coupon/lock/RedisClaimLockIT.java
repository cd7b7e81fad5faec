package dev.cutover.coupon.lock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.Planted;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.sandbox.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/** The claim locks on a real Redis. */
final class RedisClaimLockIT {
    private static final long USER = 7;

    private RedisServer server;
    private ScheduledExecutorService scheduler;
    private RedisDoor door;
    private RedisClaimLock lock;
    private RedissonClient look;

    @BeforeEach
    void open() {
        server = RedisServer.start("claim-lock");
        scheduler = Executors.newSingleThreadScheduledExecutor();
        door = RedisDoor.open(server.uri(), scheduler);
        lock = new RedisClaimLock(door, Failpoints.NONE);
        Config config = new Config();
        config.useSingleServer().setAddress(server.uri());
        look = Redisson.create(config);
        Awaitility.await().until(door::available);
    }

    @AfterEach
    void close() {
        look.shutdown();
        door.close();
        scheduler.shutdownNow();
        server.close();
    }

    private static List<TemplateId> templates(long... numbers) {
        return LongStream.of(numbers).mapToObj(TemplateId::new).toList();
    }

    private List<String> keys() {
        List<String> keys = new ArrayList<>();
        look.getKeys().getKeys().forEach(keys::add);
        return keys;
    }

    @Test
    void aClaimOfSeveralTemplatesTakesALockOfEachAndGivesThemBack() {
        try (ClaimLock.Hold hold = lock.hold(USER, templates(1, 2, 3))) {
            assertThat(keys()).containsExactlyInAnyOrder("lk:{7}:1", "lk:{7}:2", "lk:{7}:3");
        }
        assertThat(keys()).isEmpty();
    }

    @Test
    void aClaimThatCannotHaveOneLockTakesNoneAndEndsNobodyElses() {
        try (ClaimLock.Hold first = lock.hold(USER, templates(2))) {
            // Advisory: it goes on without after a moment.
            try (ClaimLock.Hold second = lock.hold(USER, templates(1, 2, 3))) {
                assertThat(keys()).containsExactly("lk:{7}:2");
            }
            assertThat(keys()).containsExactly("lk:{7}:2");
        }
    }

    @Test
    void aLockWhoseLeaseRanOutIsNotEndedByItsFormerHolder() {
        try (ClaimLock.Hold late = lock.hold(USER, templates(1))) {
            look.getKeys().delete("lk:{7}:1");
            ClaimLock.Hold next = lock.hold(USER, templates(1));
            late.close();
            assertThat(keys()).containsExactly("lk:{7}:1");
            next.close();
        }
        assertThat(keys()).isEmpty();
    }

    @Test
    void aTwinThatDoesNotLookAtTheTokenEndsTheLockOfTheNextHolder() {
        RedisClaimLock twin = new RedisClaimLock(door, Planted.alone("lock.endsAnybodys"));
        try (ClaimLock.Hold late = twin.hold(USER, templates(1))) {
            look.getKeys().delete("lk:{7}:1");
            assertThat(twin.hold(USER, templates(1))).isInstanceOf(RedisClaimLock.Held.class);
            late.close();
            assertThat(keys()).isEmpty();
        }
    }

    @Test
    void aStormInAllOrdersLeavesNoKeyAndNeverHoldsATemplateTwice()
            throws ExecutionException, InterruptedException, TimeoutException {
        assertThat(heldTogether(lock)).isZero();
        assertThat(keys()).isEmpty();
    }

    @Test
    void aTwinThatLooksFirstAndTakesThenHoldsATemplateTwice() {
        RedisClaimLock twin = new RedisClaimLock(door, Planted.alone("lock.takesAfterALook"));
        Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> heldTogether(twin) > 0);
    }

    /** How often two had the lock of one template, in a storm of claims that name them in all orders. */
    private static int heldTogether(RedisClaimLock lock)
            throws ExecutionException, InterruptedException, TimeoutException {
        AtomicInteger[] inside = {new AtomicInteger(), new AtomicInteger(), new AtomicInteger(), new AtomicInteger()};
        AtomicInteger together = new AtomicInteger();
        long[][] orders = {{0, 1, 2, 3}, {3, 2, 1, 0}, {0}, {1}};
        ExecutorService executor = Executors.newFixedThreadPool(4);
        List<Future<?>> calls = new ArrayList<>();
        for (long[] order : orders) {
            calls.add(executor.submit(() -> {
                for (int i = 0; i < 200; i++) {
                    try (ClaimLock.Hold hold = lock.hold(USER, templates(order))) {
                        // Only who really has the locks counts; the others went on without.
                        boolean mine = hold instanceof RedisClaimLock.Held;
                        for (long template : order) {
                            if (mine && inside[(int) template].incrementAndGet() > 1) {
                                together.incrementAndGet();
                            }
                        }
                        for (long template : order) {
                            if (mine) {
                                inside[(int) template].decrementAndGet();
                            }
                        }
                    }
                }
            }));
        }
        for (Future<?> call : calls) {
            call.get(60, TimeUnit.SECONDS);
        }
        executor.shutdown();
        return together.get();
    }

    @Test
    void aHolderThatIsGoneBlocksItsUserForNoLongerThanTheLease() {
        ClaimLock.Hold abandoned = lock.hold(USER, templates(1));
        assertThat(abandoned).isInstanceOf(RedisClaimLock.Held.class);
        Awaitility.await().until(() -> {
            try (ClaimLock.Hold next = lock.hold(USER, templates(1))) {
                return next instanceof RedisClaimLock.Held;
            }
        });
    }

    @Test
    void withoutRedisClaimsGoOn() {
        server.close();
        try (ClaimLock.Hold hold = lock.hold(USER, templates(1, 2))) {
            assertThat(hold).isNotInstanceOf(RedisClaimLock.Held.class);
        }
        assertThat(door.available()).isFalse();
    }
}
