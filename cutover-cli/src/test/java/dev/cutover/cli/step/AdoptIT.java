package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.wire.FaultProxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OLD behind an address that moves to its replica, whose binlog files are others. */
class AdoptIT {
    @TempDir
    Path folder = Path.of("");

    @Test
    void afterAFailoverThatLostNothingTheStreamGoesOnBehindTheAdoptedServer()
            throws InterruptedException, SQLException {
        try (House house = new House(folder)) {
            house.note("before");
            house.comeToRest();
            String former = house.writtenBy();
            house.failOver();
            house.streamStopped();
            assertThat(TypedCommand.run(folder, "status").out())
                    .contains("another server answers than the one that wrote the fence", "cutover adopt old");

            // A mirror is a witness, too.
            house.shop.execute(
                    DatabaseId.shard(0), "INSERT INTO cutover_origin (slot, gtid) VALUES (7, '" + former + ":999999')");
            TypedCommand lost = TypedCommand.run(folder, "adopt", "old", "--dry-run");
            assertThat(lost.exitCode()).isEqualTo(4);
            assertThat(lost.err()).contains("nothing lost: mirrored to shard-0, but not here: " + former + ":999999");
            house.shop.execute(DatabaseId.shard(0), "DELETE FROM cutover_origin WHERE slot = 7");

            house.cutover("adopt old --dry-run");
            assertThat(house.writtenBy()).as("a dry run changes nothing").isEqualTo(former);
            assertThat(TypedCommand.run(folder, "adopt", "old", "--yes").exitCode())
                    .as("this wants the name of the migration")
                    .isEqualTo(5);
            house.cutover("adopt old --confirm=shop --reason=dead");
            assertThat(house.cutover("adopt old --confirm=shop --reason=dead").out())
                    .contains("Already done");
            assertThat(TypedCommand.run(folder, "events").out())
                    .contains("adopt  Server ", "in the place of " + former);
            house.note("after");
            house.streamed("after");
        }
    }

    @Test
    void aFailoverThatLostTransactionsIsRefusedAndNamesThem() throws InterruptedException, SQLException {
        try (House house = new House(folder)) {
            house.note("before");
            house.replica.execute("STOP SLAVE IO_THREAD");
            house.note("lost");
            String former = house.writtenBy();
            house.failOver();
            house.streamStopped();
            TypedCommand refused = TypedCommand.run(folder, "adopt", "old", "--confirm=shop", "--reason=dead");
            assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
            assertThat(refused.err())
                    .contains("nothing lost: applied from its stream in shard-0, but not here: " + former + ":")
                    .contains("fix   bring a server back that has these transactions");
            assertThat(house.writtenBy()).isEqualTo(former);
            assertThat(house.shop.control().settings()).doesNotContainKey("adopted");
        }
    }

    /** A migration that dual-writes, its old server, and the replica of that. */
    private static final class House implements AutoCloseable {
        final MySqlServer source = MySqlServer.start("adopt-source");
        final MySqlServer replica = MySqlServer.start("adopt-replica");
        final FaultProxy address = FaultProxy.before(source.port());
        final Shop shop;
        private final Path folder;

        House(Path folder) throws InterruptedException, SQLException {
            this.folder = folder;
            replica.execute(
                    "FLUSH BINARY LOGS",
                    "FLUSH BINARY LOGS",
                    "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=" + source.port()
                            + ", MASTER_USER='root', MASTER_PASSWORD='" + source.rootPassword()
                            + "', MASTER_AUTO_POSITION=1, GET_MASTER_PUBLIC_KEY=1",
                    "START SLAVE");
            shop = Shop.create(folder, "rolling", "", source, address.port());
            cutover("init --no-tables --yes");
            Writers writers = shop.startWriters(1);
            shop.startWorker();
            cutover("freeze on --yes");
            cutover("single-write --yes");
            cutover("copy static --yes");
            cutover("dual-write on --yes");
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> writers.count() > 5);
            writers.stop();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> WorkerView.read(shop.control())
                            .filter(worker -> worker.lagSeconds() != null)
                            .isPresent());
        }

        TypedCommand cutover(String words) {
            TypedCommand typed = TypedCommand.run(folder, words.split(" ", -1));
            assertThat(typed.exitCode())
                    .as(words + "\n" + typed.out() + typed.err())
                    .isZero();
            return typed;
        }

        void note(String body) throws SQLException {
            shop.execute(
                    DatabaseId.OLD, "INSERT INTO shop_note (user_id, item_id, body) VALUES (3, 2, '" + body + "')");
            streamed(body);
        }

        void streamed(String body) {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> shop.overTables("note", "COUNT(*)", "body = '" + body + "'") == 1);
        }

        /** Nothing is written any more, and the replica has executed all that was. */
        void comeToRest() throws SQLException {
            source.execute("SET GLOBAL super_read_only = 1");
            try (Connection from = source.connect();
                    ResultSet executed = from.createStatement().executeQuery("SELECT @@GLOBAL.gtid_executed")) {
                executed.next();
                try (Connection to = replica.connect();
                        PreparedStatement wait = to.prepareStatement("SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)")) {
                    wait.setString(1, executed.getString(1));
                    try (ResultSet waited = wait.executeQuery()) {
                        waited.next();
                        assertThat(waited.getInt(1)).isZero();
                    }
                }
            }
        }

        void failOver() {
            source.kill();
            replica.execute("STOP SLAVE", "RESET SLAVE ALL", "FLUSH BINARY LOGS");
            address.upstream(replica.port());
            address.reset(FaultProxy.EVERYBODY);
        }

        void streamStopped() {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> WorkerView.read(shop.control())
                            .filter(worker -> worker.trouble().contains("stopped"))
                            .isPresent());
        }

        String writtenBy() throws SQLException {
            try (Connection connection =
                    shop.topology().database(DatabaseId.OLD).getConnection()) {
                return Fence.writtenBy(connection).orElseThrow();
            }
        }

        @Override
        public void close() {
            shop.close();
            address.close();
            replica.close();
            source.close();
        }
    }
}
