package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.stage.Proof;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.SeenDifference;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker process that verifies by itself, beside writers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContinuousVerificationIT {
    private static final Logger LOG = LoggerFactory.getLogger(ContinuousVerificationIT.class);
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));
    private static final Duration STUTTER = Duration.ofSeconds(FULL ? 60 : 12);
    private static final DatabaseId SHARD = DatabaseId.shard(0);

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private WalkedShop walked;
    private ProofLedger ledger;

    @BeforeAll
    void walk() throws SQLException {
        walked = WalkedShop.verified(folder);
        ledger = new ProofLedger(walked.shop().topology().control());
    }

    @AfterAll
    void close() {
        walked.close();
    }

    /** Kills the worker; the next one verifies this often. */
    private void workerVerifiesEvery(String every) throws IOException {
        Path plan = folder.resolve("cutover.yaml");
        Files.writeString(
                plan,
                Files.readString(plan)
                        .replaceFirst("verify: \\{(continuous: \\w+, )?", "verify: {continuous: " + every + ", "));
        walked.worker().kill();
        walked.nextWorker();
        walked.streamsRun();
    }

    private List<Proof> proofs() {
        return ledger.proofs(Side.OLD);
    }

    private Instant oldestProof() {
        return proofs().stream().map(Proof::provenAt).min(Instant::compareTo).orElse(Instant.EPOCH);
    }

    private long rechecked() {
        return proofs().stream().mapToLong(Proof::rechecked).sum();
    }

    private void until(java.util.concurrent.Callable<Boolean> condition) {
        try {
            Awaitility.await().atMost(BOUND).pollInterval(Duration.ofMillis(20)).until(condition);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("Not within " + BOUND.toSeconds() + " s; what is known: " + proofs(), e);
        }
    }

    /** A worker that comes back brings more keys at once than it may keep: some are passed over, and counted. */
    private void untilEveryKeyIsCompared() {
        AtomicLong last = new AtomicLong(-1);
        Awaitility.await()
                .atMost(BOUND)
                .pollInterval(Duration.ofMillis(500))
                .during(Duration.ofSeconds(4))
                .until(() -> {
                    long now = proofs().stream().mapToLong(Proof::passedOver).sum();
                    return last.getAndSet(now) == now;
                });
    }

    private void nothingDiffers() {
        assertThat(ledger.differences()).isEmpty();
        assertThat(walked.control().verifications(50))
                .noneMatch(run -> run.verdict() == VerificationRecord.Verdict.DIFFERENT
                        || run.verdict() == VerificationRecord.Verdict.FAILED);
    }

    @Test
    void aWorkerThatIsKilledIsFollowedByOneThatGoesOnWithPassesAndChangedKeys() throws IOException {
        for (int turn = 0; turn < (FULL ? 3 : 1); turn++) {
            workerVerifiesEvery("2s");
            Instant before = oldestProof();
            until(() -> oldestProof().isAfter(before));
            Instant first = oldestProof();
            until(() -> oldestProof().isAfter(first));
            until(() -> rechecked() > 0);
        }
        assertThat(proofs()).allMatch(Proof::holds);
        nothingDiffers();
        assertThat(walked.type("status", "-o", "json").out()).contains("\"recheckedShare\":1.0");
        walked.writersGoOn();
    }

    @Test
    void aRowThatIsSpoiltBehindEverybodysBackAfterItsChangeIsFoundSecondsLater() throws SQLException, IOException {
        workerVerifiesEvery("1h");
        long before = rechecked();
        until(() -> rechecked() > before);
        untilEveryKeyIsCompared();
        long target = walked.shop().number(SHARD, "SELECT MIN(note_id) FROM note_000");
        long id = target >> 10;
        String changed = "changed " + System.nanoTime();
        walked.shop().execute(DatabaseId.OLD, "UPDATE shop_note SET body = '" + changed + "' WHERE id = " + id);
        until(() -> walked.shop()
                        .number(
                                SHARD,
                                "SELECT COUNT(*) FROM note_000 WHERE note_id = " + target + " AND body = '" + changed
                                        + "'")
                == 1);
        long spoilt = System.nanoTime();
        unlogged("UPDATE note_000 SET body = 'spoilt' WHERE note_id = " + target);
        try {
            until(() -> !ledger.differences().isEmpty());
            Duration took = Duration.ofNanos(System.nanoTime() - spoilt);
            LOG.info("A spoilt row was certified {} ms after it was spoilt", took.toMillis());
            assertThat(took).isLessThan(Duration.ofSeconds(20));
            SeenDifference found = ledger.differences().get(0);
            assertThat(found.describe()).isEqualTo("note " + id + " is DIFFERENT in shard-0.note_000");
            until(() -> proofs().stream().anyMatch(proof -> !proof.holds()));
            Gate gate = VerificationGate.of(walked.context(), walked.control().read());
            assertThat(gate.met()).isFalse();
            assertThat(gate.finding()).contains("1 row was found to differ after a change: note " + id);
            TypedCommand show = walked.type("verify", "show");
            assertThat(show.exitCode()).isEqualTo(3);
            assertThat(show.out()).contains("! note " + id + " is DIFFERENT in shard-0.note_000");
            assertThat(walked.type("status", "-o", "json").out()).contains("rows were found to differ after a change");
        } finally {
            unlogged("UPDATE note_000 SET body = '" + changed + "' WHERE note_id = " + target);
        }
        walked.verify();
        assertThat(ledger.differences()).isEmpty();
        assertThat(proofs()).allMatch(Proof::holds);
        Gate gate = VerificationGate.of(walked.context(), walked.control().read());
        assertThat(gate.met()).as(gate.finding()).isTrue();
    }

    @Test
    void eightWritersAndAStreamThatStuttersGiveNoFalseDifference() throws IOException {
        workerVerifiesEvery("2s");
        String worker = walked.worker().name();
        Writers more = walked.shop().startWriters(5);
        long before = System.nanoTime();
        int passes = walked.control().verifications(50).size();
        Instant begun = walked.control().now();
        Awaitility.await()
                .atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(400))
                .until(() -> {
                    ThreadLocalRandom random = ThreadLocalRandom.current();
                    walked.processes()
                            .arm(
                                    worker,
                                    "apply.dirty=pause:" + random.nextInt(1, 900) + "@" + random.nextInt(1, 4),
                                    "apply.rowsWritten=pause:" + random.nextInt(1, 600) + "@" + random.nextInt(1, 4));
                    return System.nanoTime() - before > STUTTER.toNanos();
                });
        walked.processes().arm(worker, "");
        assertThat(more.failures()).isEmpty();
        nothingDiffers();
        assertThat(passes).isPositive();
        // However slow the stutter makes them, several have to come to their end.
        until(() -> walked.control().verifications(50).stream()
                        .filter(run -> run.finishedAt().isAfter(begun))
                        .count()
                > 2);
        nothingDiffers();
        Instant now = oldestProof();
        until(() -> oldestProof().isAfter(now));
        nothingDiffers();
        LOG.info(
                "{} passes in {} s of stutter",
                walked.control().verifications(50).stream()
                        .filter(run -> run.finishedAt().isAfter(begun))
                        .count(),
                STUTTER.toSeconds());
    }

    private void unlogged(String sql) throws SQLException {
        walked.shop().execute(SHARD, "SET SESSION sql_log_bin = 0", sql, "SET SESSION sql_log_bin = 1");
    }
}
