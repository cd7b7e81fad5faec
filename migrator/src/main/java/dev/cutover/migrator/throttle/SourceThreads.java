package dev.cutover.migrator.throttle;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks OLD for {@code Threads_running}. Safe for many threads. */
public final class SourceThreads implements Throttle.SourceLoad {
    private static final Logger LOG = LoggerFactory.getLogger(SourceThreads.class);

    private final Topology topology;

    public SourceThreads(Topology topology) {
        this.topology = topology;
    }

    @Override
    public Optional<Integer> threadsRunning() {
        try (Connection connection = topology.database(DatabaseId.OLD).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW GLOBAL STATUS LIKE 'Threads_running'")) {
            return row.next() ? Optional.of(row.getInt(2)) : Optional.empty();
        } catch (SQLException e) {
            LOG.warn("The copy waits, because OLD does not say how many threads it runs: {}", e.getMessage());
            return Optional.empty();
        }
    }
}
