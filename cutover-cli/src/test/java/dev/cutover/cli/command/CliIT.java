package dev.cutover.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.cli.step.Instances;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    private TypedCommand refused(int exitCode, String... words) throws SQLException {
        return refused(folder, exitCode, words);
    }

    /** Types a bad command: one sentence, one fix, its code, and everything as it was. */
    private TypedCommand refused(Path where, int exitCode, String... words) throws SQLException {
        String typed = String.join(" ", words);
        Map<String, String> before = shop.picture();
        TypedCommand refused = TypedCommand.run(where, words);
        assertThat(refused.exitCode()).as(typed + "\n" + refused.err()).isEqualTo(exitCode);
        List<String> lines = refused.err().lines().toList();
        assertThat(lines.stream().filter(line -> line.startsWith("cutover: ")))
                .as(typed)
                .hasSize(1);
        assertThat(lines.stream().filter(line -> line.startsWith("  fix   ")))
                .as(typed)
                .hasSize(1);
        assertThat(refused.err())
                .as(typed)
                .contains(String.format(Locale.ROOT, "  code  CUT-%02d", exitCode))
                .doesNotContain("Exception")
                .doesNotContain("\tat ")
                .doesNotContain("null");
        assertThat(shop.picture()).as(typed + " changes nothing").isEqualTo(before);
        return refused;
    }

    private Path otherPlan(String name, UnaryOperator<String> change) throws IOException {
        Path other = Files.createDirectories(folder.resolve(name));
        Files.writeString(
                other.resolve("cutover.yaml"), change.apply(Files.readString(folder.resolve("cutover.yaml"))));
        return other;
    }

    private static String elsewhere(String plan) {
        return plan.replace("127.0.0.1:" + MySqlServer.shared().port(), "127.0.0.1:1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "single-write --yes",
                "copy static --yes",
                "dual-write on --yes",
                "copy dynamic --yes",
                "verify once",
                "reads shadow 5",
                "reads ramp --to 25 --yes",
                "switch --confirm=shop --reason=early",
                "complete --confirm=shop --reason=early",
            })
    void aStepOutOfOrderIsRefusedAndNamesTheNextCommandAndChangesNothing(String typed) throws SQLException {
        TypedCommand refused = refused(4, typed.split(" ", -1));
        assertThat(refused.err())
                .contains("begins in")
                .contains("shop is in PLANNED.")
                .contains("fix   cutover freeze on")
                .contains("CUT-0401");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "statsu",
                "copy dynamci",
                "reads ramp",
                "reads ramp --to 101",
                "reads shadow many",
                "rollback --to DUALWRITE",
                "freeze on --expect-stage FROZN",
                "freeze on --expect-epoch two",
                "freeze on --timeout soon",
                "switch --dry-rnu",
                "preflight --only keyz",
                "throttle set",
                "throttle set speed=9",
                "throttle set max-lag=0s",
                "throttle set max-lag=2s max-lag=3s",
                "throttle set nice-ratio=101",
                "throttle set nice-ratio=1 max-load=many",
                "--migration mall freeze on",
            })
    void aWordNobodyKnowsIsAUsageError(String typed) throws SQLException {
        assertThat(refused(2, typed.split(" ", -1)).err()).contains("--help");
    }

    @Test
    void aRollbackToAStageAheadIsRefused() throws SQLException {
        cutover("freeze", "on");
        assertThat(refused(4, "rollback", "--to", "VERIFIED", "--yes").err()).contains("VERIFIED lies ahead");
    }

    @Test
    void aBadPlanListsItsProblemsWithPlaceAndFix() throws IOException, SQLException {
        Path wrong = otherPlan(
                "wrong", plan -> plan.replace("kind: static", "kind: statc").replace("chunkRows", "chunkrows"));
        assertThat(refused(wrong, 10, "freeze", "on").err())
                .contains("has 2 problems.")
                .contains("Did you mean 'static'?")
                .contains("Did you mean 'chunkRows'?")
                .contains("cutover config validate");
        Path broken = otherPlan("broken", plan -> plan + "\n  - [");
        assertThat(refused(broken, 10, "freeze", "on").err()).contains("cutover.yaml");
        Path none = Files.createDirectories(folder.resolve("none"));
        assertThat(refused(none, 10, "freeze", "on").err()).contains("CUTOVER_CONFIG");
        Path secretless = otherPlan("secretless", plan -> plan.replace("/password", "/passwort"));
        assertThat(refused(secretless, 10, "freeze", "on").err()).contains("passwort");
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
        Register before = shop.control().read();
        // Typed before the service had a chance to report itself.
        try (Writers writers = shop.startWriters(1)) {
            TypedCommand refused = cutover("single-write");
            assertThat(refused.exitCode()).as(refused.err()).isEqualTo(5);
            assertThat(refused.out()).contains("cutover single-write will:");
            assertThat(refused.err()).contains("fix   cutover single-write --yes");
            assertThat(writers.failures()).isEmpty();
        }
        assertThat(shop.control().read()).isEqualTo(before);
    }

    @Test
    void aStepNobodyIsThereForIsRefusedByItsGate() throws SQLException {
        cutover("freeze", "on");
        Awaitility.await().until(() -> Instances.proxies(shop.control()).isEmpty());
        assertThat(refused(4, "single-write", "--yes").err())
                .contains("a proxy is alive: no service instance has reported itself")
                .contains("CUT-0402");
    }

    @Test
    void expectationsFailAsConflicts() throws SQLException {
        assertThat(refused(8, "freeze", "on", "--expect-stage", "VERIFIED").err())
                .contains("is in PLANNED, not in VERIFIED");
        assertThat(refused(8, "freeze", "on", "--expect-epoch", "17").err()).contains("not 17");
    }

    @Test
    void aHeldLockIsAConflictThatNamesItsHolder() throws SQLException {
        var lease = shop.control()
                .tryLease("command", "lin/42 (copy static)", Duration.ofMinutes(1))
                .orElseThrow();
        try {
            assertThat(refused(8, "freeze", "on").err()).contains("lin/42 (copy static)");
        } finally {
            shop.control().release(lease);
        }
    }

    @Test
    void aServerThatDoesNotAnswerIsSaidInASentence() throws IOException, SQLException {
        Path other = otherPlan("unreachable", CliIT::elsewhere);
        for (String typed : List.of("status", "init --yes", "preflight")) {
            assertThat(refused(other, 6, typed.split(" ", -1)).err())
                    .as(typed)
                    .contains("127.0.0.1:1")
                    .containsIgnoringCase("the server");
        }
    }

    @Test
    void aSideThatDoesNotAnswerIsNamed() throws IOException, SQLException {
        Path other = otherPlan(
                "half",
                plan -> plan.lines()
                        .map(line -> line.startsWith("old:") ? elsewhere(line) : line)
                        .collect(Collectors.joining("\n")));
        assertThat(refused(other, 6, "init", "--yes").err()).contains("old").contains("127.0.0.1:1");
    }

    @Test
    void aWrongPasswordIsSaidWithoutShowingIt() throws IOException, SQLException {
        Path other = otherPlan("stranger", plan -> plan.replace("/password", "/guess"));
        Files.writeString(folder.resolve("guess"), "open-sesame");
        assertThat(refused(other, 6, "freeze", "on").err())
                .contains("user and password")
                .doesNotContain("open-sesame");
    }

    @Test
    void aTableWithoutItsKeyFailsPreflight() throws SQLException {
        shop.execute(DatabaseId.OLD, "ALTER TABLE shop_operation DROP PRIMARY KEY");
        try {
            assertThat(refused(4, "preflight").err()).contains("shop_operation").contains("key");
        } finally {
            shop.execute(DatabaseId.OLD, "ALTER TABLE shop_operation ADD PRIMARY KEY (user_id, op_id)");
        }
    }

    @Test
    void aWarningOfPreflightIsToldWithItsFixAndCountsWhenAskedTo() throws SQLException {
        TypedCommand told = cutover("preflight", "--only", "grants");
        assertThat(told.exitCode()).as(told.err()).isZero();
        assertThat(told.out())
                .contains("! grants")
                .contains("more than it needs")
                .contains("fix  Give the migration");
        assertThat(refused(3, "preflight", "--only", "grants", "--strict").err())
                .contains("--strict counts them");
        assertThat(refused(2, "preflight", "--only", "keyz").err()).contains("there are reachable, version");
    }

    @Test
    void theThrottleIsTurnedToldAndGivenBack() {
        assertThat(cutover("throttle", "show").out()).contains("max-load").contains("as the plan says");
        TypedCommand turned = cutover("throttle", "set", "max-lag=2s", "nice-ratio=0.5");
        assertThat(turned.exitCode()).as(turned.err()).isZero();
        assertThat(turned.out())
                .contains("Turned: max-lag=2000ms nice-ratio=0.5")
                .contains("Undo:  cutover throttle off");
        assertThat(shop.control().settings())
                .containsEntry("copy.max_lag_ms", "2000")
                .containsEntry("copy.nice_ratio", "0.5")
                .doesNotContainKey("copy.max_threads_running");
        assertThat(cutover("throttle", "show", "-o", "json").out())
                .contains("\"max-lag\":{\"value\":\"2000ms\"")
                .contains("\"turned\":true");
        assertThat(cutover("events").out()).contains("The copy goes on with max-lag=2000ms nice-ratio=0.5");
        assertThat(cutover("throttle", "off").out()).contains("As the plan says again.");
        assertThat(cutover("throttle", "off").out()).contains("Already as the plan says.");
        assertThat(shop.control().settings()).doesNotContainKeys("copy.max_lag_ms", "copy.nice_ratio");
    }

    @Test
    void anotherPlanIsRefusedOnceSomethingWasDone() throws IOException, SQLException {
        cutover("freeze", "on");
        Path other = otherPlan("changed", plan -> plan.replace("chunkRows: 100", "chunkRows: 101"));
        assertThat(refused(other, 4, "single-write", "--yes").err()).contains("CUT-0404");
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
    void aDryRunShowsStepsAndGatesAndChangesNothing() throws IOException, SQLException {
        Map<String, String> before = shop.picture();
        TypedCommand dry = cutover("freeze", "on", "--dry-run", "-o", "json");
        assertThat(dry.exitCode()).isZero();
        JsonNode json = new ObjectMapper().readTree(dry.out());
        assertThat(json.path("kind").asText()).isEqualTo("DryRun");
        assertThat(json.path("steps")).isNotEmpty();
        assertThat(shop.picture()).isEqualTo(before);
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
    void nothingCanBeResumedWhileNoSwitchIsUnderWay() throws SQLException {
        assertThat(refused(4, "switch", "--resume").err()).contains("No switch is under way");
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
