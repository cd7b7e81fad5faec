package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.verifier.VerifyOptions.Memory;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InterruptedPassIT {
    private Migration migration;
    private VerificationReport whole;
    private int ranges;

    @BeforeAll
    void copyTheMall() throws Exception {
        migration = Migration.create(2, 4, 1_500, 50);
        migration.copyAll();
        AtomicInteger read = new AtomicInteger();
        whole = verify(Memory.NONE, progress -> read.incrementAndGet());
        ranges = read.get();
        assertThat(whole.verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(ranges).isGreaterThan(30);
    }

    @AfterEach
    void endWhatIsOpen() {
        verify(Memory.ANEW, VerifyListener.SILENT);
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    /** As far as the verifier can tell, the process ended here. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @Test
    void aPassThatIsKilledAnywhereIsGoneOnWithAndCoversEverything() {
        int kept = 0;
        for (int kill = 1; kill < ranges; kill += 3) {
            killedAt(kill);
            AtomicInteger read = new AtomicInteger();
            Instant goneOnAt = Instant.now();
            VerificationReport report = verify(Memory.RESUME, progress -> read.incrementAndGet());
            Resumed resumed = report.resumed();
            assertThat(resumed).isNotNull();
            assertThat(report.verdict()).isEqualTo(Verdict.EQUAL);
            assertThat(report.tables())
                    .usingRecursiveComparison()
                    .ignoringFieldsMatchingRegexes(".*millis", ".*readFrom", ".*readTo", ".*kept")
                    .isEqualTo(whole.tables());
            assertThat(report.selfTest()).isNotEmpty();
            assertThat(resumed.ranges() + read.get()).isEqualTo(ranges);
            assertThat(report.startedAt()).isEqualTo(resumed.startedAt());
            List<HeatMap.Row> rows = report.tables().stream()
                    .flatMap(table -> table.heatMap().rows().stream())
                    .toList();
            assertThat(rows.stream().mapToInt(HeatMap.Row::kept).sum()).isEqualTo(resumed.ranges());
            assertThat(rows)
                    .as("a range is as old as its own reading")
                    .allSatisfy(
                            row -> assertThat(row.readFrom().isBefore(goneOnAt)).isEqualTo(row.kept() > 0));
            kept = Math.max(kept, resumed.ranges());
        }
        assertThat(kept).isGreaterThan(ranges / 2);
    }

    @Test
    void aPassThatIsKilledTwiceIsStillOne() {
        String first = killedAt(ranges / 3);
        killed(Memory.RESUME, ranges * 2 / 3);
        VerificationReport report = verify(Memory.RESUME, VerifyListener.SILENT);
        assertThat(report.verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(report.resumed()).isNotNull();
        assertThat(report.resumed().runId()).isEqualTo(first);
        assertThat(report.cells()).isEqualTo(whole.cells());
        assertThat(verify(Memory.RESUME, VerifyListener.SILENT).resumed()).isNull();
    }

    @Test
    void aDifferenceInWhatWasNotProvenYetIsFound() throws SQLException {
        killedAt(3);
        int changed = migration.execute(DatabaseId.shard(1), "UPDATE user_coupon_003 SET status = status ^ 1");
        try {
            VerificationReport report = migration
                    .verifier()
                    .verifyOnce(new VerifyOptions(Set.of(), false, VerifyListener.SILENT)
                            .withMemory(Memory.RESUME)
                            .withSettleBound(Duration.ofMillis(200)));
            assertThat(changed).isPositive();
            assertThat(report.verdict()).isNotEqualTo(Verdict.EQUAL);
            assertThat(verify(Memory.RESUME, VerifyListener.SILENT).resumed()).isNull();
        } finally {
            migration.copy("user_coupon");
        }
    }

    @Test
    void aRangeThatWasNotEqualIsReadAgain() throws SQLException {
        migration.execute(DatabaseId.shard(1), "UPDATE user_coupon_003 SET status = status ^ 1");
        try {
            killedAt(ranges - 1);
            assertThat(migration
                            .verifier()
                            .verifyOnce(new VerifyOptions(Set.of(), false, VerifyListener.SILENT)
                                    .withMemory(Memory.RESUME)
                                    .withSettleBound(Duration.ofMillis(200)))
                            .verdict())
                    .isNotEqualTo(Verdict.EQUAL);
        } finally {
            migration.copy("user_coupon");
        }
    }

    @Test
    void onceATableIsDefinedOtherwiseThePassBeginsAnew() throws SQLException {
        killedAt(ranges / 2);
        migration.execute(DatabaseId.shard(0), "ALTER TABLE user_coupon_001 ADD KEY again (status)");
        try {
            assertThat(verify(Memory.RESUME, VerifyListener.SILENT).resumed()).isNull();
        } finally {
            migration.execute(DatabaseId.shard(0), "ALTER TABLE user_coupon_001 DROP KEY again");
        }
    }

    @Test
    void whatWasProvenLongerAgoThanAVerdictIsFreshIsReadAgain() throws SQLException {
        killedAt(ranges / 2);
        try (Connection connection = migration.topology.control().getConnection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE cutover_pass SET started_at = started_at - INTERVAL 25 HOUR");
        }
        assertThat(verify(Memory.RESUME, VerifyListener.SILENT).resumed()).isNull();
    }

    @Test
    void whoeverSaysSoReadsEverything() {
        killedAt(ranges / 2);
        AtomicInteger read = new AtomicInteger();
        assertThat(verify(Memory.ANEW, progress -> read.incrementAndGet()).resumed())
                .isNull();
        assertThat(read.get()).isEqualTo(ranges);
    }

    @Test
    void aRunThatWasNotDeadAddsNothingOnceAnotherHasTakenOver() throws InterruptedException {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch free = new CountDownLatch(1);
        CompletableFuture<VerificationReport> first =
                CompletableFuture.supplyAsync(() -> verify(Memory.RESUME, progress -> {
                    if (progress.rangesDone() == 5) {
                        reached.countDown();
                        awaited(free);
                    }
                }));
        reached.await();
        assertThat(verify(Memory.RESUME, VerifyListener.SILENT).verdict()).isEqualTo(Verdict.EQUAL);
        free.countDown();
        assertThatThrownBy(first::join)
                .hasCauseInstanceOf(VerificationFailedException.class)
                .hasMessageContaining("Another verification has gone on");
    }

    private static void awaited(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String killedAt(int range) {
        return killed(Memory.ANEW, range);
    }

    private String killed(Memory memory, int range) {
        assertThatThrownBy(() -> verify(memory, progress -> {
                    if (progress.rangesDone() >= range) {
                        throw new Killed();
                    }
                }))
                .isInstanceOf(Killed.class);
        return migration.control.lastVerification().orElseThrow().runId();
    }

    private VerificationReport verify(Memory memory, VerifyListener listener) {
        return migration.verifier().verifyOnce(new VerifyOptions(Set.of(), false, listener).withMemory(memory));
    }
}
