package dev.cutover.chaos.stand;

import dev.cutover.chaos.checker.Layout;
import dev.cutover.chaos.checker.ServerEvidence;
import dev.cutover.chaos.load.BankClients;
import dev.cutover.core.topology.SqlScript;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.wire.FaultProxy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Three MySQL servers, a wire before each that can be broken, and the plan that leads through the wires. Server 0 is the legacy one;
 * the control database is on server 2. Safe for many threads once started.
 */
public final class BankServers implements AutoCloseable {
    /** How the servers are called in evidence, by number. */
    public static final List<String> NAMES = List.of("legacy", "new-0", "new-1");

    static final int TABLES = 2;
    private static final int SHARDS = 4;
    private static final String USER = "cutover";
    private static final String RESOURCES = "dev/cutover/chaos/bank/";
    private static final String EVERYWHERE = "SELECT, RELOAD, PROCESS, LOCK TABLES, SHOW DATABASES, REPLICATION SLAVE,"
            + " REPLICATION CLIENT, CREATE, XA_RECOVER_ADMIN, SESSION_VARIABLES_ADMIN, CONNECTION_ADMIN";

    private final Path folder;
    private final List<MySqlServer> servers = new ArrayList<>();
    private final List<FaultProxy> wires = new ArrayList<>();

    private BankServers(Path folder) {
        this.folder = folder;
    }

    /**
     * Starts the servers and fills them: users 1 to {@code users}, each with its probes, and templates that do not run out.
     */
    public static BankServers start(Path folder, int users, int templates) {
        BankServers bank = new BankServers(folder);
        try {
            String password = HexFormat.of().formatHex(SecureRandom.getSeed(12));
            for (String name : NAMES) {
                MySqlServer server = MySqlServer.start(MySqlServer.Options.named(name)
                        .withParent(folder)
                        .withFlags("--innodb-buffer-pool-size=256M", "--max-connections=400"));
                bank.servers.add(server);
                bank.wires.add(FaultProxy.before(server.port()));
                String account = "'" + USER + "'@'%'";
                server.execute(
                        "CREATE USER " + account + " IDENTIFIED WITH mysql_native_password BY '" + password + "'",
                        "GRANT " + EVERYWHERE + " ON *.* TO " + account,
                        "GRANT ALL ON `bank`.* TO " + account,
                        "GRANT ALL ON `bank\\_%`.* TO " + account,
                        "GRANT ALL ON `cutover\\_ctl`.* TO " + account);
            }
            bank.schemas(users, templates);
            bank.writePlan(password);
            return bank;
        } catch (SQLException e) {
            bank.close();
            throw new ChaosFailedException("The bank could not be set up: " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            bank.close();
            throw new ChaosFailedException("The servers could not be started: " + e.getMessage(), e);
        }
    }

    private void schemas(int users, int templates) throws SQLException {
        MySqlServer legacy = servers.get(0);
        legacy.execute("CREATE DATABASE bank CHARACTER SET utf8mb4");
        try (Connection connection = legacy.connect("bank");
                Statement statement = connection.createStatement()) {
            SqlScript.run(connection, SqlScript.read(RESOURCES + "old.sql").statements());
            connection.setAutoCommit(false);
            for (int template = 1; template <= templates; template++) {
                statement.execute("INSERT INTO bank_template VALUES (" + template + ", 'template " + template
                        + "', 10000000, 10000000)");
            }
            for (int user = 1; user <= users; user++) {
                for (int k = 0; k < BankClients.PROBES; k++) {
                    statement.execute("INSERT INTO bank_probe VALUES (" + user + ", " + k + ", 0, '', '', 0)");
                }
            }
            connection.commit();
        }
        servers.get(1).execute("CREATE DATABASE bank_meta CHARACTER SET utf8mb4");
        try (Connection connection = servers.get(1).connect("bank_meta")) {
            SqlScript.run(connection, SqlScript.read(RESOURCES + "meta.sql").statements());
        }
        for (int shard = 0; shard < SHARDS; shard++) {
            MySqlServer server = servers.get(serverOf(shard));
            server.execute("CREATE DATABASE bank_db_" + shard + " CHARACTER SET utf8mb4");
            try (Connection connection = server.connect("bank_db_" + shard)) {
                SqlScript.run(
                        connection, SqlScript.read(RESOURCES + "shard.sql").statements(TABLES));
            }
        }
    }

    private static int serverOf(int shard) {
        return shard < SHARDS / 2 ? 1 : 2;
    }

    private void writePlan(String password) throws IOException {
        Path passwordFile = folder.resolve("password");
        try (var channel = Files.newByteChannel(
                passwordFile,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            channel.write(StandardCharsets.UTF_8.encode(password + "\n"));
        }
        Files.writeString(
                plan(),
                resource("cutover.yaml.template")
                        .replace("@OLD_PORT@", Integer.toString(wires.get(0).port()))
                        .replace("@NEW_0_PORT@", Integer.toString(wires.get(1).port()))
                        .replace("@NEW_1_PORT@", Integer.toString(wires.get(2).port()))
                        .replace("@PASSWORD_FILE@", passwordFile.toString()));
    }

    private static String resource(String name) throws IOException {
        try (InputStream stream = Objects.requireNonNull(
                BankServers.class.getClassLoader().getResourceAsStream(RESOURCES + name), name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    public Path folder() {
        return folder;
    }

    public Path plan() {
        return folder.resolve("cutover.yaml");
    }

    /** A server by its number, without a wire in between. */
    public MySqlServer server(int number) {
        return servers.get(number);
    }

    /** The wire before a server. */
    public FaultProxy wire(int number) {
        return wires.get(number);
    }

    /** A connection to the control database that no fault of a wire reaches. */
    public Connection control() throws SQLException {
        return servers.get(2).connect("cutover_ctl");
    }

    /** What the checker is to look at; every server must run. */
    public List<ServerEvidence> evidence() {
        List<ServerEvidence> evidence = new ArrayList<>();
        for (int number = 0; number < NAMES.size(); number++) {
            MySqlServer server = servers.get(number);
            evidence.add(new ServerEvidence(
                    NAMES.get(number),
                    Optional.of(new ServerEvidence.Login(server.jdbcUrl(""), server.rootUser(), server.rootPassword())),
                    binlogs(server)));
        }
        return evidence;
    }

    // Where the server says its binlogs are, not where it was told to put them.
    private static Path binlogs(MySqlServer server) {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT @@log_bin_basename")) {
            row.next();
            return Objects.requireNonNull(Path.of(row.getString(1)).getParent());
        } catch (SQLException e) {
            throw new ChaosFailedException("Server " + server.name() + " does not say where its binlogs are.", e);
        }
    }

    public Layout layout(Layout.Ending ending) {
        List<Layout.Place> shards = new ArrayList<>();
        for (int shard = 0; shard < SHARDS; shard++) {
            shards.add(new Layout.Place(NAMES.get(serverOf(shard)), "bank_db_" + shard));
        }
        return new Layout(
                new Layout.Place(NAMES.get(0), "bank"),
                new Layout.Place(NAMES.get(1), "bank_meta"),
                shards,
                TABLES,
                Optional.of(new Layout.Place(NAMES.get(2), "cutover_ctl")),
                ending);
    }

    @Override
    public void close() {
        wires.forEach(FaultProxy::close);
        servers.forEach(MySqlServer::close);
    }
}
