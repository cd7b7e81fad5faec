package dev.cutover.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.cli.shop.Shop;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CliIT {
    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private Shop shop;

    @BeforeAll
    void install() throws SQLException {
        shop = Shop.create(folder, "rolling");
        TypedCommand early = cutover("freeze", "on");
        assertThat(early.exitCode()).isEqualTo(4);
        assertThat(early.err()).contains("fix   cutover init");
        TypedCommand unasked = cutover("init", "--no-tables");
        assertThat(unasked.exitCode()).isEqualTo(5);
        assertThat(shop.control().readIfInstalled()).isEmpty();
        TypedCommand installed = cutover("init", "--no-tables", "--yes");
        assertThat(installed.exitCode()).as(installed.err()).isZero();
    }

    @BeforeEach
    void planned() {
        if (shop.control().read().stage() != Stage.PLANNED) {
            assertThat(cutover("rollback", "--to", "PLANNED", "--yes").exitCode())
                    .isZero();
        }
    }

    @AfterAll
    void close() {
        shop.close();
    }

    private TypedCommand cutover(String... words) {
        return TypedCommand.run(folder, words);
    }

    @Test
    void aStepOutOfOrderIsRefusedAndNamesTheNextCommandAndChangesNothing() {
        Register before = shop.control().read();
        TypedCommand refused = cutover("switch", "--confirm=shop", "--reason=too early");
        assertThat(refused.exitCode()).isEqualTo(4);
        assertThat(refused.err())
                .contains("cutover switch begins in VERIFIED or RAMPING; shop is in PLANNED.")
                .contains("fix   cutover freeze on")
                .contains("CUT-0401")
                .doesNotContain("Exception");
        assertThat(shop.control().read()).isEqualTo(before);
    }

    @Test
    void freezeIsDoneOnceAndSaidTwice() {
        assertThat(cutover("freeze", "on").out()).contains("frozen");
        TypedCommand again = cutover("freeze", "on");
        assertThat(again.exitCode()).isZero();
        assertThat(again.out()).contains("Already done");
        assertThat(cutover("freeze", "off").exitCode()).isZero();
        assertThat(shop.control().read().frozen()).isFalse();
    }

    @Test
    void aModerateStepWithoutAYesShowsItsPlanAndChangesNothing() {
        cutover("freeze", "on");
        shop.startWriters(1);
        Register before = shop.control().read();
        TypedCommand refused = cutover("single-write");
        assertThat(refused.exitCode()).isEqualTo(5);
        assertThat(refused.out()).contains("cutover single-write will:");
        assertThat(refused.err()).contains("fix   cutover single-write --yes");
        assertThat(shop.control().read()).isEqualTo(before);
    }

    @Test
    void expectationsFailAsConflicts() {
        assertThat(cutover("freeze", "on", "--expect-stage", "VERIFIED").exitCode())
                .isEqualTo(8);
        assertThat(cutover("freeze", "on", "--expect-epoch", "17").exitCode()).isEqualTo(8);
        assertThat(shop.control().read().stage()).isEqualTo(Stage.PLANNED);
    }

    @Test
    void aHeldLockIsAConflictThatNamesItsHolder() {
        var lease = shop.control()
                .tryLease("command", "lin/42 (copy static)", Duration.ofMinutes(1))
                .orElseThrow();
        try {
            TypedCommand refused = cutover("freeze", "on");
            assertThat(refused.exitCode()).isEqualTo(8);
            assertThat(refused.err()).contains("lin/42 (copy static)");
        } finally {
            shop.control().release(lease);
        }
    }

    @Test
    void aServerThatDoesNotAnswerIsSaidInASentence() throws IOException {
        Path other = Files.createDirectories(folder.resolve("unreachable"));
        String plan = Files.readString(folder.resolve("cutover.yaml"));
        int port = MySqlServer.shared().port();
        Files.writeString(other.resolve("cutover.yaml"), plan.replace("127.0.0.1:" + port, "127.0.0.1:1"));
        TypedCommand refused = TypedCommand.run(other, "status");
        assertThat(refused.exitCode()).isEqualTo(6);
        assertThat(refused.err())
                .contains("control")
                .contains("127.0.0.1:1")
                .contains("fix ")
                .doesNotContain("\tat ");
    }

    @Test
    void aTableWithoutItsKeyFailsPreflight() throws SQLException {
        shop.execute(DatabaseId.OLD, "ALTER TABLE shop_operation DROP PRIMARY KEY");
        try {
            TypedCommand refused = cutover("preflight");
            assertThat(refused.exitCode()).isEqualTo(4);
            assertThat(refused.err()).contains("shop_operation").contains("fix ");
        } finally {
            shop.execute(DatabaseId.OLD, "ALTER TABLE shop_operation ADD PRIMARY KEY (user_id, op_id)");
        }
    }

    @Test
    void anotherPlanIsRefusedOnceSomethingWasDone() throws IOException {
        cutover("freeze", "on");
        Path other = Files.createDirectories(folder.resolve("changed"));
        String plan = Files.readString(folder.resolve("cutover.yaml"));
        Files.writeString(other.resolve("cutover.yaml"), plan.replace("chunkRows: 100", "chunkRows: 101"));
        TypedCommand refused = TypedCommand.run(other, "single-write", "--yes");
        assertThat(refused.exitCode()).isEqualTo(4);
        assertThat(refused.err()).contains("CUT-0404");
    }

    @Test
    void installingAgainLeavesAFenceAsItIs() throws SQLException {
        shop.execute(DatabaseId.shard(0), "UPDATE cutover_fence SET role = 'closing'");
        try {
            assertThat(cutover("init", "--no-tables", "--yes").exitCode()).isZero();
            assertThat(shop.number(DatabaseId.shard(0), "SELECT role = 'closing' FROM cutover_fence"))
                    .isEqualTo(1);
        } finally {
            shop.execute(DatabaseId.shard(0), "UPDATE cutover_fence SET role = 'replica'");
        }
    }

    @Test
    void aDryRunShowsStepsAndGatesAndChangesNothing() throws IOException {
        Register before = shop.control().read();
        TypedCommand dry = cutover("freeze", "on", "--dry-run", "-o", "json");
        assertThat(dry.exitCode()).isZero();
        JsonNode json = new ObjectMapper().readTree(dry.out());
        assertThat(json.path("kind").asText()).isEqualTo("DryRun");
        assertThat(json.path("steps")).isNotEmpty();
        assertThat(shop.control().read()).isEqualTo(before);
    }

    @Test
    void statusIsAnEnvelopeForScriptsAndAPictureForPeople() throws IOException {
        JsonNode json =
                new ObjectMapper().readTree(cutover("status", "-o", "json").out());
        assertThat(json.path("apiVersion").asText()).isEqualTo("cutover/v1");
        assertThat(json.path("stage").asText()).isEqualTo("PLANNED");
        assertThat(json.path("truth").asText()).isEqualTo("old");
        assertThat(json.path("next_steps").get(0).path("command").asText()).isEqualTo("cutover freeze on");
        assertThat(cutover("status").out()).contains("stage 0 of 9").contains("Next:  cutover freeze on");
    }

    @Test
    void waitingForAStageEndsInTime() {
        TypedCommand late = cutover("status", "--watch=100ms", "--exit-on", "SWITCHED", "--timeout", "300ms");
        assertThat(late.exitCode()).isEqualTo(7);
        assertThat(late.out().lines().filter(line -> line.contains("stage=PLANNED")))
                .hasSizeGreaterThan(1);
        assertThat(cutover("status", "--exit-on", "PLANNED").exitCode()).isZero();
    }

    @Test
    void nothingCanBeResumedWhileNoSwitchIsUnderWay() {
        TypedCommand refused = cutover("switch", "--resume");
        assertThat(refused.exitCode()).isEqualTo(4);
        assertThat(refused.err()).contains("No switch is under way");
    }

    @Test
    void thePasswordIsNeverShown() {
        String password = MySqlServer.shared().rootPassword();
        for (TypedCommand shown : new TypedCommand[] {
            cutover("config", "show"),
            cutover("plan", "-o", "json"),
            cutover("events", "-o", "json"),
            cutover("init", "--dry-run")
        }) {
            assertThat(shown.out() + shown.err()).doesNotContain(password);
        }
    }
}
