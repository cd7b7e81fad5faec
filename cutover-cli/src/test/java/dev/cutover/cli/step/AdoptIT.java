package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.wire.FaultProxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OLD behind an address that moves to its replica, whose binlog files are others. */
class AdoptIT {
    // The first user whose rows belong in slot 3: the second table of the second shard.
    private static final long USER_OF_SLOT_3 = user(3);

    @TempDir
    Path folder = Path.of("");

    /** Dies at one point, as a process does: nothing after it is done, nothing is undone. */
    private static final class Death extends Error {
        private static final long serialVersionUID = 1L;
    }

    private static long user(int slot) {
        ShardLayout layout = new ShardLayout(2, Shop.TABLES);
        return LongStream.iterate(1, user -> user + 1)
                .filter(user -> layout.slot(user) == slot)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void afterAFailoverThatLostNothingTheStreamGoesOnBehindTheAdoptedServer()
            throws InterruptedException, SQLException {
        try (House house = House.ofOld(folder)) {
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
        try (House house = House.ofOld(folder)) {
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

    @Test
    void whileASwitchIsUndecidedTheSideBeingLeftIsAdoptedOnlyBehindItsAbort()
            throws InterruptedException, SQLException {
        try (House house = House.ofOld(folder)) {
            house.verify();
            house.note("before");
            Register before = house.shop.control().read();
            house.switchThatDiesAt(Failpoint.SWITCH_MARKED);
            house.comeToRest();
            house.failOver();
            house.streamStopped();
            TypedCommand undecided = TypedCommand.run(folder, "adopt", "old", "--confirm=shop", "--reason=dead");
            assertThat(undecided.exitCode()).as(undecided.err()).isEqualTo(4);
            assertThat(undecided.err())
                    .contains("fence as registered: closing, epoch 2; the register: truth OLD, epoch 2, SWITCHING")
                    .contains("fix   wait until the watchdog has aborted the switch");

            TypedCommand halfWay = TypedCommand.run(folder, "switch", "--abort");
            assertThat(halfWay.exitCode()).as(halfWay.err()).isNotZero();
            assertThat(halfWay.err()).contains("is decided (ABORT) but not finished", "cutover adopt old");
            house.cutover("adopt old --confirm=shop --reason=dead");
            house.cutover("switch --resume");
            Register after = house.shop.control().read();
            assertThat(after.phase()).isEqualTo(Register.Phase.STABLE);
            assertThat(after.truth()).isEqualTo(Side.OLD);
            assertThat(after.epoch()).isEqualTo(before.epoch().next());
            house.note("after");
        }
    }

    @Test
    void aShardThatFailsOverBehindTheDecisionIsAdoptedAndOpenedAndItsStreamGoesOnFromThere()
            throws InterruptedException, SQLException {
        try (House house = House.ofShard(folder)) {
            house.verify();
            house.note("before");
            house.switchThatDiesAt(Failpoint.SWITCH_DECIDED);
            house.comeToRest();
            String former = house.writtenBy();
            house.failOver();
            TypedCommand halfWay = TypedCommand.run(folder, "switch", "--resume");
            assertThat(halfWay.exitCode()).as(halfWay.err()).isNotZero();
            assertThat(halfWay.err()).contains("is decided (COMMIT) but not finished", "cutover adopt shard-1");
            house.cutover("adopt shard-1 --confirm=shop --reason=dead");
            assertThat(house.writtenBy()).isNotEqualTo(former);
            house.cutover("switch --resume");
            Register after = house.shop.control().read();
            assertThat(after.phase()).isEqualTo(Register.Phase.STABLE);
            assertThat(after.truth()).isEqualTo(Side.NEW);
            house.rowOnShard(7_001, "after the switch");
        }
    }

    @Test
    void aShardThatIsTheTruthAndLostTransactionsInItsFailoverIsRefused() throws InterruptedException, SQLException {
        try (House house = House.ofShard(folder)) {
            house.verify();
            house.switchThatDiesAt(Failpoint.SWITCH_SETTLED);
            house.streamsRun();
            house.rowOnShard(7_001, "kept");
            house.replica.execute("STOP SLAVE IO_THREAD");
            house.rowOnShard(7_002, "lost");
            String former = house.writtenBy();
            house.failOver();
            house.streamStopped();
            TypedCommand refused = TypedCommand.run(folder, "adopt", "shard-1", "--confirm=shop", "--reason=dead");
            assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
            assertThat(refused.err())
                    .contains("nothing lost: applied from its stream in old, but not here: " + former + ":");
            assertThat(house.writtenBy()).isEqualTo(former);
        }
    }

    /** A migration that dual-writes, the server of one of its databases, and the replica of that. */
    private static final class House implements AutoCloseable {
        final MySqlServer source = MySqlServer.start("adopt-source");
        final MySqlServer replica = MySqlServer.start("adopt-replica");
        final FaultProxy address = FaultProxy.before(source.port());
        final Shop shop;
        private final DatabaseId database;
        private final Path folder;
        private final ExecutorService threads = Executors.newCachedThreadPool();

        static House ofOld(Path folder) throws InterruptedException, SQLException {
            return new House(folder, DatabaseId.OLD);
        }

        static House ofShard(Path folder) throws InterruptedException, SQLException {
            return new House(folder, DatabaseId.shard(1));
        }

        private House(Path folder, DatabaseId database) throws InterruptedException, SQLException {
            this.folder = folder;
            this.database = database;
            replica.execute(
                    "FLUSH BINARY LOGS",
                    "FLUSH BINARY LOGS",
                    "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=" + source.port()
                            + ", MASTER_USER='root', MASTER_PASSWORD='" + source.rootPassword()
                            + "', MASTER_AUTO_POSITION=1, GET_MASTER_PUBLIC_KEY=1",
                    "START SLAVE");
            Shop.Address here = new Shop.Address(source, address.port());
            Shop.Address shared =
                    new Shop.Address(MySqlServer.shared(), MySqlServer.shared().port());
            boolean old = database.equals(DatabaseId.OLD);
            shop = Shop.create(folder, "rolling", "", old ? here : shared, old ? shared : here);
            cutover("init --no-tables --yes");
            Writers writers = shop.startWriters(1);
            shop.startWorker();
            cutover("freeze on --yes");
            cutover("single-write --yes");
            cutover("copy static --yes");
            cutover("dual-write on --yes");
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> writers.count() > 5);
            writers.stop();
            streamsRun();
        }

        void streamsRun() {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> WorkerView.read(shop.control())
                            .filter(worker -> worker.lagSeconds() != null)
                            .isPresent());
        }

        void verify() {
            cutover("copy dynamic --yes");
            cutover("verify once");
        }

        /** A switch to NEW whose process dies when it has come as far as this. */
        void switchThatDiesAt(Failpoint point) {
            Failpoints deadly = reached -> {
                if (reached == point) {
                    throw new Death();
                }
            };
            StepContext context = new StepContext(
                    shop.plan(),
                    shop.topology(),
                    shop.control(),
                    threads,
                    "test",
                    "a test",
                    Duration.ofMinutes(1),
                    Narrator.silent(),
                    deadly);
            SwitchStep step = new SwitchStep(SwitchLimits.of(shop.plan().switchPlan()));
            assertThatThrownBy(() -> step.run(context, shop.control().read())).isInstanceOf(Death.class);
        }

        /** A write of the application on the shard that is the truth; awaited on old. */
        void rowOnShard(long legacy, String body) throws SQLException {
            try (Connection connection = shop.topology().pinned(database);
                    Statement statement = connection.createStatement()) {
                statement.execute("INSERT INTO note_001 (note_id, user_id, item_id, body) VALUES (" + (legacy << 10 | 3)
                        + ", " + USER_OF_SLOT_3 + ", 2, '" + body + "')");
            }
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() ->
                            shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE body = '" + body + "'")
                                    == 1);
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

        // Sessions of a pool may still lead to the former server.
        String writtenBy() throws SQLException {
            try (Connection connection = shop.topology().pinned(database)) {
                return Fence.writtenBy(connection).orElseThrow();
            }
        }

        @Override
        public void close() {
            shop.close();
            threads.shutdownNow();
            address.close();
            replica.close();
            source.close();
        }
    }
}
