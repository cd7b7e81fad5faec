package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.console.Json;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.stage.Proof;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What the ledger says is proven, who takes it back, and who reads it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VerifyWatchIT {
    private static final DatabaseId SHARD = DatabaseId.shard(0);

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private VerifiedShop verified;

    @BeforeAll
    void walk() throws SQLException {
        verified = new VerifiedShop(folder);
    }

    @AfterAll
    void close() {
        verified.close();
    }

    private Map<DatabaseId, Proof> proofs() {
        return new ProofLedger(verified.shop().topology().control())
                .proofs(Side.OLD).stream().collect(Collectors.toMap(Proof::database, proof -> proof));
    }

    private Proof proof() {
        return Objects.requireNonNull(proofs().get(SHARD));
    }

    private static JsonNode json(String text) {
        return Objects.requireNonNull(Json.parse(text), text);
    }

    @Test
    void theProofOfEveryDatabaseAdvancesWhileWritersWrite() {
        verified.home();
        verified.verify();
        Map<DatabaseId, Proof> before = proofs();
        assertThat(before).containsOnlyKeys(verified.shop().plan().newDatabases());
        int written = verified.writers().count();

        TypedCommand watch = TypedCommand.run(folder, "verify", "watch", "--every", "1s", "--for", "3s", "-o", "json");
        assertThat(watch.exitCode()).as(watch.out() + watch.err()).isZero();
        String[] lines = watch.out().strip().split("\n", -1);
        JsonNode summary = json(lines[lines.length - 1]);
        assertThat(summary.path("kind").asText()).isEqualTo("VerificationWatch");
        assertThat(summary.path("equal").asInt()).as(watch.out()).isGreaterThan(1);
        assertThat(json(lines[0]).path("kind").asText()).isEqualTo("VerificationPass");

        assertThat(verified.writers().count()).isGreaterThan(written);
        proofs().forEach((database, proof) -> {
            Proof former = Objects.requireNonNull(before.get(database));
            assertThat(proof.provenAt()).isAfter(former.provenAt());
            GtidSet position = GtidSet.parse(proof.position());
            assertThat(position.contains(GtidSet.parse(former.position()))).isTrue();
            assertThat(position).isNotEqualTo(GtidSet.parse(former.position()));
            assertThat(proof.holds()).isTrue();
        });
        JsonNode status = json(TypedCommand.run(folder, "status", "-o", "json").out());
        assertThat(status.path("verify").path("proofs")).hasSize(before.size()).allSatisfy(one -> {
            assertThat(one.path("secondsAgo").asDouble()).isLessThan(60);
            assertThat(one.path("void").isNull()).isTrue();
        });
        assertThat(TypedCommand.run(folder, "status").out()).isNotBlank();
        assertThat(TypedCommand.run(folder, "verify", "show").out())
                .contains("shard-0  proven equal to position ")
                .contains("shard-1  proven equal to position ");
    }

    @Test
    void aRowThatIsCorruptedBehindEverybodysBackEndsTheWatchWithTheNextPass() throws SQLException {
        verified.home();
        verified.verify();
        long id = verified.shop().number(SHARD, "SELECT MIN(note_id) FROM note_000");
        unlogged("UPDATE note_000 SET body = CONCAT(body, '!') WHERE note_id = " + id);
        try {
            long begun = System.nanoTime();
            TypedCommand watch = TypedCommand.run(folder, "verify", "watch", "--every", "1s", "--for", "1m");
            assertThat(watch.exitCode()).as(watch.out() + watch.err()).isEqualTo(3);
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
            assertThat(watch.out()).contains("verdict=DIFFERENT").contains("note " + (id >> 10) + " is DIFFERENT in");
            assertThat(proof().voidReason()).contains("found 1 differing rows");
            TypedCommand refused = TypedCommand.run(folder, "switch", "--dry-run");
            assertThat(refused.exitCode()).isEqualTo(4);
        } finally {
            unlogged("UPDATE note_000 SET body = LEFT(body, CHAR_LENGTH(body) - 1) WHERE note_id = " + id);
        }
        verified.verify();
        assertThat(proof().holds()).isTrue();
        TypedCommand met = TypedCommand.run(folder, "switch", "--dry-run");
        assertThat(met.exitCode()).as(met.err()).isZero();
    }

    @Test
    void aStrayWriteVoidsTheProofOfItsShardUntilTheNextCleanPassAlsoWhenItIsAcknowledged() throws SQLException {
        verified.home();
        verified.verify();
        // Afterwards every row is as it should be: what is void is the proof, not the data.
        verified.shop()
                .execute(
                        SHARD,
                        "INSERT INTO note_000 (note_id, user_id, item_id, body) VALUES (1, 1, 1, 'stray')",
                        "DELETE FROM note_000 WHERE note_id = 1");
        StrayLedger strays = new StrayLedger(verified.shop().topology().control());
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> strays.open().size() == 2);
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() ->
                        StrayGate.of(verified.context(), Side.NEW).finding().contains("2 stray writes"));
        TypedCommand acknowledged = TypedCommand.run(folder, "strays", "ack", "--all", "--reason=by the test");
        assertThat(acknowledged.exitCode()).as(acknowledged.err()).isZero();

        assertThat(proof().voidReason()).contains("2 stray writes were seen since the pass began");
        assertThat(Objects.requireNonNull(proofs().get(DatabaseId.shard(1))).holds())
                .isTrue();
        TypedCommand refused = TypedCommand.run(folder, "switch", "--dry-run");
        assertThat(refused.exitCode()).as(refused.out()).isEqualTo(4);
        assertThat(refused.err())
                .contains("verified: the proof of shard-0 is void: 2 stray writes were seen since the pass began")
                .contains("cutover verify once");
        Gate blind = VerificationGate.of(
                verified.context(Duration.ofMinutes(2), new IgnoringVoid()),
                verified.shop().control().read());
        assertThat(blind.met())
                .as("the twin without the check: " + blind.finding())
                .isTrue();

        verified.verify();
        assertThat(proof().holds()).isTrue();
        TypedCommand met = TypedCommand.run(folder, "switch", "--dry-run");
        assertThat(met.exitCode()).as(met.err()).isZero();
    }

    private void unlogged(String sql) throws SQLException {
        verified.shop().execute(SHARD, "SET SESSION sql_log_bin = 0", sql, "SET SESSION sql_log_bin = 1");
    }

    /** A gate that does not ask whether a proof is void. */
    private static final class IgnoringVoid implements Failpoints {
        @Override
        public void hit(Failpoint point) {}

        @Override
        public boolean planted(String bug) {
            return bug.equals("gate.ignoresVoid");
        }
    }
}
