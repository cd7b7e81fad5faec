package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Appliers and copies that die at every named point, again and again, under writes. */
final class CrashIT {
    /** What a killed process leaves: no clean-up of its transaction, no answer to its commit. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Killed(String point) {
            super("killed at " + point);
        }
    }

    @Test
    void deathsAtEveryPointOfCopyAndApplyEndInExactlyTheProjectedSource() throws InterruptedException {
        Map<String, AtomicInteger> deaths = new ConcurrentHashMap<>();
        Random random = new Random(11);
        AtomicBoolean deadly = new AtomicBoolean(true);
        Failpoints killing = point -> {
            boolean dies;
            synchronized (random) {
                dies = deadly.get() && random.nextInt(12) == 0;
            }
            if (dies) {
                deaths.computeIfAbsent(point.word(), any -> new AtomicInteger()).incrementAndGet();
                throw new Killed(point.word());
            }
        };
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 2, 4_000)) {
            stand.worker(killing);
            AtomicBoolean stop = new AtomicBoolean();
            Thread writer = new Thread(new ForwardIT.RandomWrites(stand, 0, stop, new AtomicLong()));
            writer.start();
            stand.control.requestJob("copy-dynamic", "test", null);
            Awaitility.await()
                    .atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> {
                        // A copy that failed for good is asked for again, as an operator would.
                        if (stand.control
                                .job("copy-dynamic")
                                .orElseThrow()
                                .state()
                                .name()
                                .equals("FAILED")) {
                            stand.control.requestJob("copy-dynamic", "test", null);
                        }
                        // The copy is soon done; the applier goes on as long as somebody writes.
                        return deaths.keySet().containsAll(Set.of("apply.rowsWritten", "apply.committed"))
                                && deaths.values().stream()
                                                .mapToInt(AtomicInteger::get)
                                                .sum()
                                        >= 8;
                    });
            // The worker itself ends in the middle, and another one takes over.
            stand.closeWorkers();
            deadly.set(false);
            stand.worker(Failpoints.NONE);
            stand.copyAll();
            stop.set(true);
            writer.join(TimeUnit.SECONDS.toMillis(10));
            stand.drain();
            assertThat(stand.actual()).isEqualTo(stand.projected());
        }
    }

    @Test
    void aStreamWhoseConnectionTheServerKillsGoesOnWithoutLoss() {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 2, 0)) {
            stand.worker(Failpoints.NONE);
            stand.drain();
            for (int i = 0; i < 3; i++) {
                String dump = stand.one(
                        DatabaseId.OLD,
                        "SELECT MAX(id) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'");
                stand.sql(DatabaseId.OLD, "KILL " + dump);
                stand.sql(
                        DatabaseId.OLD,
                        "INSERT INTO mall_coupon_operation VALUES (" + i + ", 'op', REPEAT('a', 64), '{}', NOW())");
                stand.drain();
            }
            assertThat(stand.actual()).isNotEmpty().isEqualTo(stand.projected());
        }
    }

    @Test
    void ofTwoWorkersOneWorksAndTheOtherTakesOver() {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 1, 2, 0)) {
            MigrationWorker first = stand.worker(Failpoints.NONE);
            Awaitility.await().until(first::active);
            MigrationWorker second = stand.worker(Failpoints.NONE);
            stand.drain();
            assertThat(second.active()).isFalse();
            first.close();
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(second::active);
            stand.sql(
                    DatabaseId.OLD, "INSERT INTO mall_coupon_operation VALUES (1, 'op', REPEAT('a', 64), '{}', NOW())");
            stand.drain();
            assertThat(stand.actual()).hasSize(1).isEqualTo(stand.projected());
        }
    }
}
