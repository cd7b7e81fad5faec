package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.fence.CloseOutcome;
import dev.cutover.core.fence.FenceCloser;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.fence.TriggerFence;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HardFenceIT {
    private static final DatabaseId SHARD = DatabaseId.shard(0);
    private static final String ROW = "INSERT INTO note_000 VALUES (5, 5, 2, 'batch job')";

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private Shop shop;
    private Writers writers;

    @BeforeAll
    void walkToVerified() throws SQLException {
        shop = Shop.create(folder, "rolling", "fence: {triggers: true}\n");
        cutover("init --no-tables --yes");
        writers = shop.startWriters(2);
        shop.startWorker();
        cutover("freeze on --yes");
        cutover("single-write --yes");
        cutover("copy static --yes");
        cutover("dual-write on --yes");
        // While the stream runs and writers write: neither may mind.
        cutover("fence install --yes");
        cutover("copy dynamic --yes");
        cutover("verify once");
    }

    @AfterAll
    void close() {
        shop.close();
    }

    @Test
    void whoGoesRoundTheProxyIsRefusedOnTheLosingSideAndStreamedFromTheTruth() throws SQLException {
        assertThatThrownBy(() -> bypass(SHARD, ROW))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        refused -> assertThat(refused.getErrorCode()).isEqualTo(1644))
                .hasMessageContaining("the fence of this database admits no application writes");
        bypass(DatabaseId.OLD, "INSERT INTO shop_note (user_id, item_id, body) VALUES (7, 2, 'round')");
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> shop.overTables("note", "COUNT(*)", "body = 'round'") == 1);
    }

    @Test
    void withoutTheTriggersTheSameRowIsThereAndTheSwitchIsClosed() throws SQLException {
        cutover("fence remove --yes");
        bypass(SHARD, ROW);
        assertThat(shop.number(SHARD, "SELECT COUNT(*) FROM note_000 WHERE note_id = 5"))
                .isOne();
        assertThat(TypedCommand.run(folder, "switch", "--dry-run").err())
                .contains("triggers of the fence: old: 9 missing", "INSERT on note_000 in shard-0");
        cutover("fence install --yes");
        try (Connection connection = shop.topology().units(SHARD).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("DELETE FROM note_000 WHERE note_id = 5");
            OwnMark.put(connection, "repair");
            connection.commit();
        }
        cutover("strays ack --all --reason=undone");
    }

    @Test
    void aTransactionThatGoesRoundTheProxyHoldsTheFenceUntilItsCommit() throws SQLException {
        try (Connection connection = raw(DatabaseId.OLD);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("INSERT INTO shop_note (user_id, item_id, body) VALUES (8, 2, 'held')");
            assertThat(rehearsedClose())
                    .as("the close waits for it, as for a unit of the proxy")
                    .isPresent();
            connection.rollback();
        }
        Awaitility.await().until(() -> rehearsedClose().isEmpty());
    }

    @Test
    void aSwitchAndTheWayBackGoOnUnderTheTriggers() throws SQLException {
        streamsRun();
        // A stray of another test may have voided the proof of its shard.
        cutover("verify once");
        cutover("switch --confirm=shop --reason=test");
        assertThatThrownBy(() ->
                        bypass(DatabaseId.OLD, "INSERT INTO shop_note (user_id, item_id, body) VALUES (7, 2, 'late')"))
                .hasMessageContaining("admits no application writes");
        bypass(SHARD, "UPDATE note_000 SET body = 'on the truth' LIMIT 1");
        writersGoOn();
        streamsRun();
        cutover("rollback --yes --reason=test");
        writersGoOn();
        assertThat(shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE body = 'late'"))
                .isZero();
        assertThat(new StrayLedger(shop.topology().control()).open()).isEmpty();
        streamsRun();
        cutover("verify once");
    }

    @Test
    void anAlteredTriggerIsSeenRefusedAndMadeAnew() throws SQLException {
        bypass(
                SHARD,
                "DROP TRIGGER cutover_fence_d_note_000",
                "CREATE TRIGGER cutover_fence_d_note_000 BEFORE DELETE ON note_000 FOR EACH ROW SET @seen = 1");
        assertThat(cutover("fence show").out()).contains("shard-0  11 triggers stand, 0 missing, 1 altered");
        TypedCommand preflight = TypedCommand.run(folder, "preflight", "--only", "triggers");
        assertThat(preflight.exitCode()).isEqualTo(4);
        assertThat(preflight.err()).contains("has the trigger cutover_fence_d_note_000");
        assertThat(cutover("fence install --dry-run").out())
                .contains("DELIMITER //", "CREATE TRIGGER `cutover_fence_i_shop_note` BEFORE INSERT ON `shop_note`");
        assertThat(cutover("fence install --yes").out()).contains("1 triggers created");
        assertThat(TypedCommand.run(folder, "preflight", "--only", "triggers").exitCode())
                .isZero();
        assertThat(TypedCommand.run(folder, "fence", "install").exitCode()).isEqualTo(5);
    }

    @Test
    void anExemptAccountPassesAReplicaAndNobodyPassesAClosingFence() throws SQLException, IOException {
        String text = Files.readString(folder.resolve("cutover.yaml"));
        MigrationPlan plan = PlanReader.parse(
                text.replace("fence: {triggers: true}", "fence: {triggers: true, exempt: [root]}"), "other.yaml", true);
        try (Connection connection = shop.topology().pinned(SHARD)) {
            TriggerFence byAccount = TriggerFence.of(plan, SHARD);
            assertThat(byAccount.install(connection)).as("all are another text").isEqualTo(12);
            try (Connection root = raw(SHARD);
                    Statement statement = root.createStatement()) {
                root.setAutoCommit(false);
                statement.execute(ROW);
                root.rollback();
            }
            assertThat(TriggerFence.of(shop.plan(), SHARD).install(connection)).isEqualTo(12);
        }
        try (Connection ours = shop.topology().units(SHARD).getConnection();
                Statement statement = ours.createStatement()) {
            statement.execute("UPDATE cutover_fence SET role = 'closing'");
            assertThatThrownBy(() -> statement.execute(ROW)).hasMessageContaining("admits no application writes");
            ours.rollback();
        }
    }

    private Optional<CloseOutcome> rehearsedClose() throws SQLException {
        try (FenceCloser closer = FenceCloser.open(shop.topology(), DatabaseId.OLD, Duration.ofMillis(300), "test")) {
            return closer.rehearse();
        }
    }

    private TypedCommand cutover(String words) {
        TypedCommand typed = TypedCommand.run(folder, words.split(" ", -1));
        assertThat(typed.exitCode())
                .as(words + "\n" + typed.out() + typed.err())
                .isZero();
        return typed;
    }

    private Connection raw(DatabaseId database) throws SQLException {
        return MySqlServer.shared().connect(shop.plan().endpoint(database).schema());
    }

    private void bypass(DatabaseId database, String... statements) throws SQLException {
        try (Connection connection = raw(database);
                Statement statement = connection.createStatement()) {
            for (String sql : List.of(statements)) {
                statement.execute(sql);
            }
        }
    }

    private void streamsRun() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> WorkerView.read(shop.control())
                        .filter(worker -> worker.lagSeconds() != null)
                        .isPresent());
    }

    private void writersGoOn() {
        int before = writers.count();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> writers.count() > before + 20);
        assertThat(writers.failures()).isEmpty();
    }
}
