package dev.cutover.sandbox.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.SandboxException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
final class FaultProxyIT {
    private static final Duration DELAY = Duration.ofMillis(150);
    private static final int BIG = 3_000_000;

    private final MySqlServer server = MySqlServer.shared();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private String database;
    private FaultProxy proxy;

    @BeforeAll
    void database() {
        database = server.createDatabase("wire");
        server.execute("CREATE TABLE " + database + ".t (id INT PRIMARY KEY, body LONGBLOB)");
    }

    @AfterAll
    void drop() {
        threads.shutdownNow();
        server.dropDatabase(database);
    }

    @BeforeEach
    void open() {
        server.execute("DELETE FROM " + database + ".t");
        proxy = FaultProxy.before(server.port());
    }

    @AfterEach
    void close() {
        proxy.close();
    }

    private Connection connect(String label) throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", server.rootUser());
        login.setProperty("password", server.rootPassword());
        login.setProperty("socketTimeout", "20000");
        // Else the driver asks the server whether it may write before each write.
        login.setProperty("useLocalSessionState", "true");
        if (!label.isEmpty()) {
            login.setProperty("connectionAttributes", "program_name:" + label);
        }
        String url = server.jdbcUrl(database).replace(":" + server.port() + "/", ":" + proxy.port() + "/");
        assertThat(url).contains(":" + proxy.port() + "/");
        return DriverManager.getConnection(url, login);
    }

    private static void insert(Connection connection, int id) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO t (id) VALUES (" + id + ")");
        }
    }

    private static int one(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT 1")) {
            assertThat(row.next()).isTrue();
            return row.getInt(1);
        }
    }

    private long rows() throws SQLException {
        try (Connection direct = server.connect(database);
                Statement statement = direct.createStatement();
                ResultSet row = statement.executeQuery("SELECT COUNT(*) FROM t")) {
            assertThat(row.next()).isTrue();
            return row.getLong(1);
        }
    }

    private static Duration time(Connection connection) throws SQLException {
        long begun = System.nanoTime();
        assertThat(one(connection)).isEqualTo(1);
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    private static void assertLost(Connection connection) {
        assertThatThrownBy(() -> one(connection))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));
    }

    @Test
    void passesEverythingOnAndKnowsItsClientsByName() throws SQLException {
        byte[] body = new byte[BIG];
        for (int i = 0; i < BIG; i++) {
            body[i] = (byte) (i * 31 >> 3);
        }
        try (Connection writer = connect("writer");
                Connection nameless = connect("");
                PreparedStatement insert = writer.prepareStatement("INSERT INTO t (id, body) VALUES (1, ?)");
                PreparedStatement select = nameless.prepareStatement("SELECT body FROM t")) {
            assertThat(proxy.labels()).containsExactlyInAnyOrder("writer", "");
            insert.setBytes(1, body);
            insert.executeUpdate();
            try (ResultSet row = select.executeQuery()) {
                assertThat(row.next()).isTrue();
                assertThat(row.getBytes(1)).isEqualTo(body);
            }
            Counts counts = proxy.counts();
            assertThat(counts.connections()).isEqualTo(2);
            assertThat(counts.open()).isEqualTo(2);
            assertThat(counts.toServer()).isGreaterThan(BIG);
            assertThat(counts.toClient()).isGreaterThan(BIG);
            assertThat(counts.statements()).isGreaterThanOrEqualTo(2);
            assertThat(counts.resets()).isZero();
        }
        await().until(() -> proxy.counts().open() == 0);
        assertThat(proxy.counts().toServer()).isGreaterThan(BIG);
    }

    @Test
    void delaysEachDirectionForWhomItIsAimedAt() throws SQLException {
        try (Connection slow = connect("slow");
                Connection quick = connect("quick")) {
            Fault there = proxy.delay("slow"::equals, Direction.TO_SERVER, DELAY);
            assertThat(time(slow)).isBetween(DELAY, DELAY.multipliedBy(2).minusMillis(1));
            try (Fault back = proxy.delay("slow"::equals, Direction.TO_CLIENT, DELAY)) {
                assertThat(time(slow)).isGreaterThanOrEqualTo(DELAY.multipliedBy(2));
                assertThat(time(quick)).isLessThan(DELAY);
                assertThat(back.acted()).isEqualTo(1);
            }
            there.end();
            assertThat(time(slow)).isLessThan(DELAY);
        }
    }

    @Test
    void holdsBothDirectionsAndLetsThemGoOn()
            throws ExecutionException, InterruptedException, SQLException, TimeoutException {
        try (Connection held = connect("held");
                Connection free = connect("free");
                Fault fault = proxy.blackHole("held"::equals)) {
            Future<?> insert = threads.submit(() -> {
                insert(held, 1);
                return true;
            });
            assertThatThrownBy(() -> insert.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            assertThat(rows()).isZero();
            insert(free, 2);
            fault.end();
            insert.get(10, TimeUnit.SECONDS);
            assertThat(rows()).isEqualTo(2);
            assertThat(fault.acted()).isEqualTo(1);
        }
    }

    @Test
    void holdsOnlyTheAnswersWhenTheWayToTheServerIsOpen()
            throws ExecutionException, InterruptedException, SQLException, TimeoutException {
        try (Connection held = connect("held");
                Fault fault = proxy.blackHole("held"::equals, Direction.TO_CLIENT)) {
            Future<?> insert = threads.submit(() -> {
                insert(held, 1);
                return true;
            });
            await().atMost(Duration.ofSeconds(10)).until(() -> rows() == 1);
            assertThatThrownBy(() -> insert.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            fault.end();
            insert.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void holdsTheLoginOfANewConnection()
            throws ExecutionException, InterruptedException, SQLException, TimeoutException {
        Fault fault = proxy.blackHole("held"::equals);
        Future<Connection> login = threads.submit(() -> connect("held"));
        assertThatThrownBy(() -> login.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        fault.end();
        try (Connection connection = login.get(10, TimeUnit.SECONDS)) {
            assertThat(one(connection)).isEqualTo(1);
        }
    }

    @Test
    void resetsWhatIsOpenAndNobodyElse() throws SQLException {
        try (Connection one = connect("one");
                Connection other = connect("other")) {
            assertThat(proxy.reset("one"::equals)).isEqualTo(1);
            assertLost(one);
            assertThat(one(other)).isEqualTo(1);
            assertThat(proxy.counts().resets()).isEqualTo(1);
            assertThat(proxy.reset(FaultProxy.EVERYBODY)).isEqualTo(1);
            assertLost(other);
        }
    }

    @Test
    void rollsBackWhatWasOpenWhenItResets() throws SQLException {
        try (Connection one = connect("one")) {
            one.setAutoCommit(false);
            insert(one, 1);
            proxy.reset("one"::equals);
            assertThatThrownBy(one::commit).isInstanceOf(SQLException.class);
        }
        // Waits for the lock of the lost session, should the server not have noticed yet.
        try (Connection direct = server.connect(database)) {
            insert(direct, 1);
        }
        assertThat(rows()).isEqualTo(1);
    }

    @Test
    void refusesNewConnectionsAsIfNobodyListened() throws SQLException {
        try (Connection before = connect("before")) {
            proxy.refuse();
            assertThatThrownBy(() -> connect("late"))
                    .isInstanceOf(SQLException.class)
                    .hasRootCauseInstanceOf(ConnectException.class);
            assertThat(one(before)).isEqualTo(1);
            proxy.accept();
            try (Connection after = connect("after")) {
                assertThat(one(after)).isEqualTo(1);
            }
        }
    }

    @Test
    void nobodyGetsInAnyMoreFromTheMomentItSaysSo() throws IOException {
        for (int round = 0; round < 2_000; round++) {
            proxy.refuse();
            assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), proxy.port()).close())
                    .as("round %d", round)
                    .isInstanceOf(ConnectException.class);
            proxy.accept();
        }
    }

    @Test
    void turnsAwayThoseItIsAimedAt() throws SQLException {
        try (Connection before = connect("unwanted");
                Fault fault = proxy.turnAway("unwanted"::equals)) {
            assertThatThrownBy(() -> connect("unwanted"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));
            assertThat(fault.acted()).isEqualTo(1);
            assertThat(one(before)).isEqualTo(1);
            connect("wanted").close();
        }
        connect("unwanted").close();
    }

    @Test
    void cutsAnAnswerAfterSoManyBytes() throws SQLException {
        try (Connection reader = connect("reader");
                Statement statement = reader.createStatement()) {
            long before = proxy.counts().toClient();
            Fault fault = proxy.cutAfter("reader"::equals, 100_000);
            assertThat(one(reader)).isEqualTo(1);
            assertThatThrownBy(() -> statement.executeQuery("SELECT REPEAT('x', 1000000)"))
                    .isInstanceOf(SQLException.class);
            assertThat(proxy.counts().toClient() - before).isEqualTo(100_000);
            assertThat(fault.acted()).isEqualTo(1);
        }
    }

    @Test
    void swallowsTheAnswerOfACommitThatWasExecuted() throws SQLException {
        Fault fault = proxy.swallowCommit("writer"::equals, 2);
        try (Connection writer = connect("writer");
                Connection other = connect("other")) {
            writer.setAutoCommit(false);
            other.setAutoCommit(false);
            try (PreparedStatement big = writer.prepareStatement("INSERT INTO t (id, body) VALUES (1, ?)")) {
                big.setBytes(1, new byte[BIG]);
                big.executeUpdate();
            }
            writer.commit();
            insert(other, 2);
            other.commit();
            assertThat(fault.acted()).isZero();
            insert(writer, 3);
            assertThatThrownBy(writer::commit)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));
            assertThat(rows()).isEqualTo(3);
            assertThat(fault.acted()).isEqualTo(1);
            assertLost(writer);
            assertThat(one(other)).isEqualTo(1);
        }
        try (Connection again = connect("writer")) {
            again.setAutoCommit(false);
            insert(again, 4);
            again.commit();
        }
        assertThat(rows()).isEqualTo(4);
    }

    @Test
    void swallowsTheAnswerOfAnyStatementByItsText() throws SQLException {
        Fault fault = proxy.swallowAnswer(FaultProxy.EVERYBODY, sql -> sql.startsWith("INSERT INTO t"), 1);
        try (Connection writer = connect("writer")) {
            assertThat(one(writer)).isEqualTo(1);
            assertThatThrownBy(() -> insert(writer, 1)).isInstanceOf(SQLException.class);
        }
        assertThat(rows()).isEqualTo(1);
        assertThat(fault.acted()).isEqualTo(1);
    }

    @Test
    void givesTheServerAnotherStatementThanTheClientSent() throws SQLException {
        try (Connection writer = connect("writer");
                Connection other = connect("other")) {
            Fault fault = proxy.rewrite("writer"::equals, sql -> sql.replace("VALUES (1)", "VALUES (7)"));
            insert(writer, 1);
            insert(other, 1);
            assertThat(fault.acted()).isEqualTo(1);
            fault.end();
            insert(writer, 2);
            assertThat(ids()).containsExactly(1, 2, 7);
        }
    }

    @Test
    void fillsAShorterStatementWithBlanksAndResetsOnALongerOne() throws SQLException {
        try (Connection writer = connect("writer")) {
            Fault dropped = proxy.rewrite("writer"::equals, sql -> sql.startsWith("INSERT") ? "DO 0" : sql);
            insert(writer, 1);
            assertThat(one(writer)).isEqualTo(1);
            assertThat(rows()).isZero();
            dropped.end();
            proxy.rewrite("writer"::equals, sql -> sql + " -- and more");
            assertLost(writer);
        }
    }

    private List<Integer> ids() throws SQLException {
        List<Integer> ids = new ArrayList<>();
        try (Connection direct = server.connect(database);
                Statement statement = direct.createStatement();
                ResultSet row = statement.executeQuery("SELECT id FROM t ORDER BY id")) {
            while (row.next()) {
                ids.add(row.getInt(1));
            }
        }
        return ids;
    }

    @Test
    void sendsNewConnectionsToAnotherServer() throws SQLException {
        try (FaultProxy other = FaultProxy.before(server.port());
                Connection before = connect("before")) {
            proxy.upstream(other.port());
            assertThat(proxy.upstream()).isEqualTo(other.port());
            assertLost(before);
            try (Connection after = connect("after")) {
                assertThat(one(after)).isEqualTo(1);
                assertThat(other.labels()).containsExactly("after");
            }
        }
    }

    @Test
    void resetsItsClientWhenNoServerListens() throws IOException {
        int nobody;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = socket.getLocalPort();
        }
        proxy.upstream(nobody);
        assertThatThrownBy(() -> connect("writer"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));
    }

    @Test
    void leavesNoThreadAndNoConnectionBehind() throws IOException, SQLException {
        Connection held = connect("held");
        proxy.blackHole("held"::equals);
        String thread = "fault-proxy-" + proxy.port();
        assertThat(threads()).contains(thread);
        proxy.close();
        assertThat(threads()).doesNotContain(thread);
        assertLost(held);
        try (ServerSocket socket = new ServerSocket(proxy.port(), 1, InetAddress.getLoopbackAddress())) {
            assertThat(socket.isBound()).isTrue();
        }
        assertThatThrownBy(() -> proxy.counts())
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("is closed");
        proxy.close();
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).toList();
    }
}
