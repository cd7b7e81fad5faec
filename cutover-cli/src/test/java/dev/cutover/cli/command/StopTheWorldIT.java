package dev.cutover.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.cli.step.Instances;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.Side;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopTheWorldIT {
    @TempDir
    Path folder = Path.of("");

    private void cutover(String... words) {
        TypedCommand typed = TypedCommand.run(folder, words);
        assertThat(typed.exitCode())
                .as(String.join(" ", words) + "\n" + typed.out() + typed.err())
                .isZero();
    }

    private void refusedWithoutItsConfirmation(ControlDatabase control) {
        Register before = control.read();
        for (String flags : List.of("--yes", "--confirm=shop", "--confirm=shopp --reason=night")) {
            String[] words = ("stop-the-world run " + flags).split(" ", -1);
            TypedCommand refused = TypedCommand.run(folder, words);
            assertThat(refused.exitCode()).as(flags + "\n" + refused.err()).isEqualTo(5);
            assertThat(refused.err()).contains("fix   cutover stop-the-world run --confirm=shop --reason=");
            assertThat(control.read()).as(flags).isEqualTo(before);
        }
    }

    @Test
    void copiesAndComparesEverythingWhileNobodyWritesAndOpensNew() throws SQLException, InterruptedException {
        try (Shop shop = Shop.create(folder, "stop-the-world")) {
            cutover("init", "--no-tables", "--yes");
            Writers writers = shop.startWriters(2);
            cutover("freeze", "on");
            Awaitility.await().until(() -> !Instances.proxies(shop.control()).isEmpty());
            cutover("single-write", "--yes");
            cutover("copy", "static", "--yes");
            TypedCommand rolling = TypedCommand.run(folder, "dual-write", "on", "--yes");
            assertThat(rolling.exitCode()).isEqualTo(4);
            Awaitility.await().until(() -> writers.count() > 50);
            refusedWithoutItsConfirmation(shop.control());
            TypedCommand run = TypedCommand.run(
                    folder, "stop-the-world", "run", "--confirm=shop", "--reason=a night", "--timeout=2m");
            assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
            assertThat(run.out()).contains("old was closed for").contains("rows compared while nobody wrote, equal");
            Register register = shop.control().read();
            assertThat(register.truth()).isEqualTo(Side.NEW);
            assertThat(register.stage()).isEqualTo(Stage.SWITCHED);
            int before = writers.count();
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> writers.count() > before + 20);
            writers.stop();
            assertThat(writers.failures()).isEmpty();
            assertThat(shop.overTables("note", "COUNT(*)", "TRUE"))
                    .as("499 rows of old that can be mapped, and every acknowledged claim")
                    .isEqualTo(499 + writers.count());
        }
    }
}
