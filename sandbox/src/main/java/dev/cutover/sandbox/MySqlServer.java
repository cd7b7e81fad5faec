package dev.cutover.sandbox;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real mysqld 8.0.15 on a loopback port, with row binlog, GTIDs and every commit on disk; gone for certain when this JVM is.
 *
 * <p>Safe for many threads.
 */
public final class MySqlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MySqlServer.class);
    private static final Pattern SCRATCH_PREFIX = Pattern.compile("[a-z][a-z0-9_]{0,40}");
    private static final Pattern SAFE_DATABASE = Pattern.compile("[A-Za-z0-9_$-]*");
    private static final String ROOT = "root";

    private final String name;
    private final String rootPassword;
    private final ServerLife life;

    private MySqlServer(String name, String rootPassword, ServerLife life) {
        this.name = name;
        this.rootPassword = rootPassword;
        this.life = life;
    }

    /**
     * How to start a server.
     *
     * @param name what the folder and the log lines are called
     * @param parent the folder the server makes its own folder in
     * @param port the loopback port, 0 for any free one
     * @param flags flags of mysqld such as {@code --innodb-buffer-pool-size=1G}; they come last, so they win over the sandbox's
     * @param keep whether the folder outlives {@link MySqlServer#close()}; a kept folder is named exactly {@code name}, and a
     *     later start with the same name and parent goes on with its data
     */
    public record Options(String name, Path parent, int port, List<String> flags, boolean keep) {
        public Options {
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
                throw new SandboxException(
                        "'" + name + "' cannot name a server: use letters, digits, '.', '_' and '-'.");
            }
            if (port < 0 || port > 65_535) {
                throw new SandboxException("Server " + name + " cannot listen on port " + port + ".");
            }
            flags = List.copyOf(flags);
        }

        /** A server called {@code name} in the {@link Scratch} folder, on any free port, deleted when closed. */
        public static Options named(String name) {
            return new Options(name, Scratch.folder(), 0, List.of(), false);
        }

        public Options withParent(Path newParent) {
            return new Options(name, newParent, port, flags, keep);
        }

        public Options withPort(int newPort) {
            return new Options(name, parent, newPort, flags, keep);
        }

        public Options withFlags(String... moreFlags) {
            List<String> all = new ArrayList<>(flags);
            all.addAll(List.of(moreFlags));
            return new Options(name, parent, port, all, keep);
        }

        public Options withKeep(boolean newKeep) {
            return new Options(name, parent, port, flags, newKeep);
        }
    }

    /** Starts a server with the sandbox's own flags; returns when it answers. */
    public static MySqlServer start(String name) {
        return start(Options.named(name));
    }

    /** Starts a server; returns when it answers. */
    public static MySqlServer start(Options options) {
        long begun = System.nanoTime();
        MySqlDistribution distribution = MySqlDistribution.in(SandboxCache.ofThisUser());
        Path folder = Folders.forServer(options.parent(), options.name(), options.keep());
        if (!Files.isDirectory(folder.resolve("data"))) {
            distribution.copyDataTo(folder);
        }
        String rootPassword = MySqlDistribution.rootPassword(folder);
        ServerLife life = ServerLife.begin(
                port -> launch(options, distribution, folder, port), folder, options.port(), options.keep());
        LOG.info(
                "mysqld {} '{}' answers on port {} after {} ms, folder {}",
                MySqlDistribution.VERSION,
                options.name(),
                life.port(),
                Duration.ofNanos(System.nanoTime() - begun).toMillis(),
                folder);
        return new MySqlServer(options.name(), rootPassword, life);
    }

    /** The one server that the tests of this JVM share, started when first asked for and ended with the JVM; do not close it. */
    public static MySqlServer shared() {
        return SharedMySqlServer.get();
    }

    private static ServerRun.Launch launch(Options options, MySqlDistribution distribution, Path folder, int port) {
        List<String> words = new ArrayList<>(distribution.command());
        words.addAll(MySqlFlags.forServer(folder, port));
        words.addAll(options.flags());
        return new ServerRun.Launch(
                "mysqld '" + options.name() + "'",
                words,
                distribution.environment(),
                folder,
                folder.resolve("error.log"),
                "ready for connections",
                options.keep() ? SupervisedProcess.Orphaned.KEEP_FOLDER : SupervisedProcess.Orphaned.DELETE_FOLDER);
    }

    public String name() {
        return name;
    }

    public String host() {
        return "127.0.0.1";
    }

    public int port() {
        return life.port();
    }

    /** The folder with the data, the binlogs and {@code error.log}. */
    public Path folder() {
        return life.folder();
    }

    /** The address of a database, without user and password; an empty name means no database. */
    public String jdbcUrl(String database) {
        if (!SAFE_DATABASE.matcher(database).matches()) {
            throw new SandboxException("'" + database + "' cannot stand in a JDBC URL as it is.");
        }
        // Without TLS the driver needs leave to ask the server for the key that hides the password; the wire is
        // loopback.
        return "jdbc:mysql://" + host() + ":" + port() + "/" + database
                + "?sslMode=DISABLED&allowPublicKeyRetrieval=true";
    }

    public String rootUser() {
        return ROOT;
    }

    public String rootPassword() {
        return rootPassword;
    }

    /** A new connection as root without a database; the caller closes it. */
    public Connection connect() throws SQLException {
        return connect("");
    }

    /** A new connection as root; the caller closes it. */
    public Connection connect(String database) throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", rootUser());
        login.setProperty("password", rootPassword());
        return DriverManager.getConnection(jdbcUrl(database), login);
    }

    /** Runs statements as root, one after the other, on one connection without a database. */
    public void execute(String... statements) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new SandboxException("mysqld '" + name() + "' refused a statement: " + e.getMessage(), e);
        }
    }

    /** Creates an empty utf8mb4 database that no other test uses, and returns its name. */
    public String createDatabase(String prefix) {
        if (!SCRATCH_PREFIX.matcher(prefix).matches()) {
            throw new SandboxException(
                    "'" + prefix + "' cannot begin the name of a database: use a lower-case letter, then up "
                            + "to 40 lower-case letters, digits and '_'.");
        }
        String database =
                prefix + "_" + Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
        execute("CREATE DATABASE `" + database + "` CHARACTER SET utf8mb4");
        return database;
    }

    public void dropDatabase(String database) {
        execute("DROP DATABASE IF EXISTS `" + database.replace("`", "``") + "`");
    }

    /** The mysqld of now; another one after {@link #restart()}. */
    public ProcessHandle process() {
        return life.process();
    }

    public boolean isRunning() {
        return life.isRunning();
    }

    /** SIGKILL, as a crash of the server: returns when the process is gone. The data stays for {@link #restart()}. */
    public void kill() {
        life.kill();
    }

    /** SIGSTOP, as a machine that hangs: connections stay open and nothing answers. */
    public void stopProcess() {
        life.stopProcess();
    }

    /** SIGCONT. */
    public void resumeProcess() {
        life.resumeProcess();
    }

    /** Starts mysqld again on the same data and the same port, stopping it first when it runs. */
    public void restart() {
        life.restart();
    }

    /**
     * Ends mysqld: in good order when its folder is kept, by force after 30 s; otherwise at once, and the folder is deleted.
     * Closing twice is the same as closing once.
     */
    @Override
    public void close() {
        life.close();
    }
}
