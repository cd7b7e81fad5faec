package dev.cutover.cli.demo;

import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.RedisServer;
import dev.cutover.sandbox.mall.MallData;
import dev.cutover.sandbox.mall.MallSchema;
import dev.cutover.sandbox.mall.Manifest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The servers of a demo, with accounts and a mall that looks lived in. Owned by one thread. */
final class DemoServers implements AutoCloseable {
    static final String USER = "cutover";
    private static final String LEGACY_SCHEMA = "mall";
    private static final long SEED = 20_261_122;
    // One schema on each side is enough for the account; what it may do everywhere is read, kill its own and follow the
    // binlog.
    private static final String EVERYWHERE = "SELECT, RELOAD, PROCESS, LOCK TABLES, SHOW DATABASES, REPLICATION SLAVE,"
            + " REPLICATION CLIENT, CREATE, XA_RECOVER_ADMIN, SESSION_VARIABLES_ADMIN, CONNECTION_ADMIN";

    private final List<AutoCloseable> open = new ArrayList<>();
    private final MySqlServer legacy;
    private final List<MySqlServer> shards;
    private final RedisServer redis;
    private final String password;

    private DemoServers(MySqlServer legacy, List<MySqlServer> shards, RedisServer redis, String password) {
        this.legacy = legacy;
        this.shards = List.copyOf(shards);
        this.redis = redis;
        this.password = password;
        open.add(redis);
        open.addAll(shards);
        open.add(legacy);
    }

    /** Starts all four at the same time. */
    static DemoServers start(Path folder, boolean keep, String password) {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<CompletableFuture<MySqlServer>> servers = new ArrayList<>();
            for (String name : List.of("legacy", "new-0", "new-1")) {
                servers.add(CompletableFuture.supplyAsync(
                        () -> MySqlServer.start(MySqlServer.Options.named(name)
                                .withParent(folder)
                                .withKeep(keep)
                                .withFlags("--innodb-buffer-pool-size=256M")),
                        threads));
            }
            CompletableFuture<RedisServer> redis =
                    CompletableFuture.supplyAsync(() -> RedisServer.start("demo-redis"), threads);
            DemoServers started = new DemoServers(
                    servers.get(0).join(),
                    List.of(servers.get(1).join(), servers.get(2).join()),
                    redis.join(),
                    password);
            started.accounts();
            return started;
        } catch (CompletionException e) {
            throw new DemoFailedException("The servers of the demo did not start: " + e.getMessage(), e);
        } finally {
            threads.shutdown();
        }
    }

    private void accounts() {
        String account = "'" + USER + "'@'%'";
        for (MySqlServer server : List.of(legacy, shards.get(0), shards.get(1))) {
            server.execute(
                    "CREATE USER IF NOT EXISTS " + account + " IDENTIFIED WITH mysql_native_password BY '" + password
                            + "'",
                    "GRANT " + EVERYWHERE + " ON *.* TO " + account);
        }
        legacy.execute(
                "CREATE DATABASE IF NOT EXISTS " + LEGACY_SCHEMA + " DEFAULT CHARACTER SET utf8",
                "GRANT ALL ON " + LEGACY_SCHEMA + ".* TO " + account);
        for (MySqlServer server : shards) {
            server.execute("GRANT ALL ON `coupon\\_%`.* TO " + account, "GRANT ALL ON `cutover\\_ctl`.* TO " + account);
        }
    }

    /** Fills the mall. */
    Manifest fill(int rows) {
        try (Connection connection = legacy.connect(LEGACY_SCHEMA)) {
            MallSchema.createLegacy(connection);
            return MallData.generate(
                    connection,
                    MallData.Options.of(SEED, Instant.now())
                            .withUserCoupons(rows)
                            .withUsers(Math.max(200, rows / 4)));
        } catch (SQLException e) {
            throw new DemoFailedException("The mall could not be filled: " + e.getMessage(), e);
        }
    }

    MySqlServer legacy() {
        return legacy;
    }

    MySqlServer shardServer(int number) {
        return shards.get(number);
    }

    RedisServer redis() {
        return redis;
    }

    /** A connection to a schema of one of the new servers, as the account of the demo. */
    Connection connectNew(int server, String schema) throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", USER);
        login.setProperty("password", password);
        return DriverManager.getConnection(shards.get(server).jdbcUrl(schema), login);
    }

    @Override
    public void close() {
        for (AutoCloseable server : open) {
            try {
                server.close();
            } catch (Exception e) {
                throw new DemoFailedException("A server of the demo could not be stopped: " + e.getMessage(), e);
            }
        }
    }
}
