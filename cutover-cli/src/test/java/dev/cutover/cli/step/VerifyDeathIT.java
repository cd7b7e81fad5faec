package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.console.Json;
import dev.cutover.sandbox.JavaProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VerifyDeathIT {
    private static final String PROVEN = "SELECT COUNT(*) FROM cutover_pass_range WHERE proven_at IS NOT NULL";
    private static final int TURNS = 20;

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private WalkedShop walked;

    @BeforeAll
    void walk() throws SQLException {
        walked = WalkedShop.verified(folder);
    }

    @AfterAll
    void close() {
        walked.close();
    }

    @Test
    void aKilledVerificationIsGoneOnWithByTheNextOne() throws SQLException {
        long proven = 0;
        for (int turn = 0; turn < TURNS && proven == 0; turn++) {
            walked.streamsRun();
            // What the process before it holds runs out first.
            JavaProcess verification = running(turn);
            verification.kill();
            verification.close();
            proven = proven();
        }
        assertThat(proven).as("ranges proven by a process that was killed").isPositive();

        walked.streamsRun();
        TypedCommand next = unlocked("verify", "once", "--yes", "-o", "json");
        assertThat(next.exitCode()).as(next.err()).isZero();
        JsonNode facts = Objects.requireNonNull(Json.parse(next.out())).path("facts");
        assertThat(facts.path("rangesProvenBefore").asLong()).isEqualTo(proven);
        assertThat(facts.path("verdict").asText()).isEqualTo("EQUAL");
        assertThat(proven()).isZero();
    }

    // Until it has proven something, or has ended before anybody saw it.
    private JavaProcess running(int turn) {
        JavaProcess verification = walked.processes().command("verify-" + turn, "verify", "once", "--yes");
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(Duration.ofSeconds(60))
                .until(() -> proven() > 0 || !verification.alive());
        return verification;
    }

    private TypedCommand unlocked(String... words) {
        TypedCommand[] typed = new TypedCommand[1];
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    typed[0] = TypedCommand.run(folder, words);
                    return !typed[0].err().contains("CUT-0801");
                });
        return typed[0];
    }

    private long proven() throws SQLException {
        try (Connection connection = walked.shop().topology().control().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(PROVEN)) {
            row.next();
            return row.getLong(1);
        }
    }
}
