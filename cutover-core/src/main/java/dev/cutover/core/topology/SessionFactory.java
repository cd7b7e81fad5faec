package dev.cutover.core.topology;

import com.mysql.cj.jdbc.Driver;
import dev.cutover.core.plan.Endpoint;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;

/** Opens sessions of one database, all pinned alike, and reads the pins back from the first one. Safe for many threads. */
final class SessionFactory {
    static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    // A server that hangs must not hold a pooled session for long; a dedicated one may wait for a lock or a long scan.
    private static final Duration POOLED_ANSWER_TIMEOUT = Duration.ofMinutes(1);
    private static final Duration DEDICATED_ANSWER_TIMEOUT = Duration.ofMinutes(10);

    // Strict, so that no value is bent on its way in; zero dates are data; 0 in an AUTO_INCREMENT column is data too.
    static final String SQL_MODE =
            "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION";

    private final Endpoint endpoint;
    private final String applicationName;
    private final AtomicBoolean pinsSeen = new AtomicBoolean();

    SessionFactory(Endpoint endpoint, String applicationName) {
        this.endpoint = endpoint;
        this.applicationName = applicationName;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** {@code prepared} statements are kept prepared at the server; 0 for none. */
    Connection openPooled(int prepared) throws SQLException {
        Properties properties = properties(POOLED_ANSWER_TIMEOUT, false);
        if (prepared > 0) {
            properties.setProperty("useServerPrepStmts", "true");
            properties.setProperty("prepStmtCacheSize", Integer.toString(prepared));
        }
        return open(properties);
    }

    Connection openDedicated(boolean severalStatements) {
        try {
            return open(properties(DEDICATED_ANSWER_TIMEOUT, severalStatements));
        } catch (SQLException e) {
            throw new UnreachableException(endpoint, e);
        }
    }

    private Connection open(Properties properties) throws SQLException {
        String url = "jdbc:mysql://" + endpoint.host() + ":" + endpoint.port() + "/" + endpoint.schema();
        Connection connection = new Driver().connect(url, properties);
        if (connection == null) {
            throw new SQLException("The MySQL driver does not take the address " + url + ".");
        }
        if (!pinsSeen.get()) {
            try {
                readPinsBack(connection);
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
            pinsSeen.set(true);
        }
        return connection;
    }

    // A copy reads rows as they come and writes in between; a server waits a minute for such a reader unless it is
    // told.
    private static final int SLOW_READER_SECONDS = 600;

    private Properties properties(Duration answerTimeout, boolean severalStatements) {
        Properties properties = new Properties();
        properties.setProperty("user", endpoint.user());
        properties.setProperty("password", endpoint.password().reveal());
        properties.setProperty("connectTimeout", Long.toString(CONNECT_TIMEOUT.toMillis()));
        properties.setProperty("socketTimeout", Long.toString(answerTimeout.toMillis()));
        properties.setProperty("connectionAttributes", "program_name:" + applicationName);
        properties.setProperty("characterEncoding", "UTF-8");
        properties.setProperty("connectionCollation", "utf8mb4_0900_ai_ci");
        // The driver's default is to get text in each column's own character set.
        properties.setProperty("characterSetResults", "UTF-8");
        properties.setProperty(
                "sessionVariables",
                "time_zone='+00:00',sql_mode='" + SQL_MODE
                        + "',foreign_key_checks=0,transaction_isolation='READ-COMMITTED',net_write_timeout="
                        + SLOW_READER_SECONDS + ","
                        + SessionMark.VARIABLE + "=1");
        // Said once above; the driver would say it before, and take it back after, each statement whose rows come one
        // by
        // one.
        properties.setProperty("netTimeoutForStreamingResults", "0");
        // The driver would put its own idea of strictness on top.
        properties.setProperty("jdbcCompliantTruncation", "false");
        properties.setProperty("tinyInt1isBit", "false");
        properties.setProperty("yearIsDateType", "false");
        properties.setProperty("zeroDateTimeBehavior", "CONVERT_TO_NULL");
        // The text protocol, both ways, for whoever moves or compares rows: values travel as the bytes MySQL prints and
        // reads.
        properties.setProperty("useServerPrepStmts", "false");
        properties.setProperty("cachePrepStmts", "true");
        properties.setProperty("prepStmtCacheSize", "512");
        properties.setProperty("prepStmtCacheSqlLimit", Integer.toString(Topology.PARSED_CHARACTERS));
        // Our statements have no {escapes}; the driver would look for them each time one is prepared.
        properties.setProperty("processEscapeCodesForPrepStmts", "false");
        // Whoever opens a statement closes it.
        properties.setProperty("dontTrackOpenResources", "true");
        properties.setProperty("maintainTimeStats", "false");
        properties.setProperty("trackSessionState", "true");
        properties.setProperty("allowMultiQueries", Boolean.toString(severalStatements));
        // Without TLS the driver must ask the server for the key that hides the password; only on loopback is the
        // answer sure to be the server's.
        boolean loopback = Set.of("127.0.0.1", "localhost", "::1", "[::1]").contains(endpoint.host());
        properties.setProperty("sslMode", loopback ? "DISABLED" : "PREFERRED");
        properties.setProperty("allowPublicKeyRetrieval", Boolean.toString(loopback));
        return properties;
    }

    private void readPinsBack(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT @@time_zone, @@foreign_key_checks, @@transaction_isolation,"
                                + " @@character_set_connection, @@character_set_results, @@sql_mode")) {
            row.next();
            require("time_zone", "+00:00", row.getString(1));
            require("foreign_key_checks", "0", row.getString(2));
            require("transaction_isolation", "READ-COMMITTED", row.getString(3));
            require("character_set_connection", "utf8mb4", row.getString(4));
            require("character_set_results", "utf8mb4", row.getString(5));
            require("sql_mode", modes(SQL_MODE), modes(row.getString(6)));
        }
    }

    private static String modes(String list) {
        return String.join(",", new TreeSet<>(Arrays.asList(list.split(",", -1))));
    }

    private void require(String variable, String expected, String found) throws SQLException {
        if (!expected.equals(found)) {
            throw new SQLException("A session of " + endpoint.describe() + " has " + variable + " = '" + found
                    + "' where '" + expected
                    + "' was set. A proxy or an init_connect between here and the server changes"
                    + " sessions; connect to the server itself.");
        }
    }
}
