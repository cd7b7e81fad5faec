package dev.cutover.core.topology;

import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;

/**
 * Every database of a migration, reached through sessions that are all pinned alike. Safe for many threads; pools open on first use.
 *
 * <p>Each session: {@code time_zone '+00:00'}, strict {@code sql_mode} with {@code NO_AUTO_VALUE_ON_ZERO} and zero dates allowed,
 * utf8mb4 both ways, {@code foreign_key_checks=0}, READ COMMITTED, timeouts set, statements prepared by the driver.
 */
public interface Topology extends AutoCloseable {
    /** A session keeps what the driver parsed of its latest statements, of none that is longer. */
    int PARSED_CHARACTERS = 16_384;

    /** Opens nothing yet; each database is reached when it is first asked for. */
    static Topology open(MigrationPlan plan, String applicationName) {
        return new PooledTopology(plan, applicationName, 0, PooledTopology.BORROW_TIMEOUT);
    }

    /**
     * The same, for an application with few different statements: its units on OLD keep that many prepared at the server, per session, so
     * that they are parsed once. Instances × sessions × statements must stay well below the server's {@code max_prepared_stmt_count}; what
     * the server refuses to prepare is sent as text. Not on NEW, where each physical table makes a statement another one.
     */
    static Topology preparing(MigrationPlan plan, String applicationName, int statementsPerSession) {
        return new PooledTopology(plan, applicationName, statementsPerSession, PooledTopology.BORROW_TIMEOUT);
    }

    /** For databases that can be done without: who gets no session within {@code borrow}, at least 250 ms, is told so. */
    static Topology impatient(MigrationPlan plan, String applicationName, Duration borrow) {
        return new PooledTopology(plan, applicationName, 0, borrow);
    }

    MigrationPlan plan();

    /** Pooled sessions; {@code getConnection} throws {@link UnreachableException} when the database does not answer. */
    DataSource database(DatabaseId id);

    /**
     * Pooled sessions with autocommit off, for work that is a transaction every time: no round trip turns it off and on again. What is not
     * committed when a session comes back is rolled back.
     */
    DataSource units(DatabaseId id);

    /** The same for mirrors: their statements have as many shapes as rows come together, so they always travel as text. */
    DataSource mirrors(DatabaseId id);

    /** Pooled sessions of the control database. */
    DataSource control();

    Endpoint endpoint(DatabaseId id);

    /** The servers of a side; each is one stream. */
    List<ServerAddress> servers(Side side);

    /** A dedicated session outside the pool; the caller closes it. */
    Connection pinned(DatabaseId id);

    /** The same, and one call may carry several statements; for the close of a fence and for holding tables only. */
    Connection pinnedMulti(DatabaseId id);

    @Override
    void close();
}
