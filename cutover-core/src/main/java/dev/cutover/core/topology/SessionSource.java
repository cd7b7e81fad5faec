package dev.cutover.core.topology;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What a pool draws new sessions from; reads the password anew for each. Safe for many threads. */
final class SessionSource implements DataSource {
    private final SessionFactory factory;
    private final int prepared;

    SessionSource(SessionFactory factory, int prepared) {
        this.factory = factory;
        this.prepared = prepared;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return factory.openPooled(prepared);
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException(
                "The account of " + factory.endpoint().describe() + " is the plan's.");
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    /** In seconds; a pool that closes waits so long for a session it is just opening. */
    @Override
    public int getLoginTimeout() {
        return (int) SessionFactory.CONNECT_TIMEOUT.toSeconds();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("slf4j is used.");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("This source wraps nothing, in particular no " + type.getName() + ".");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
