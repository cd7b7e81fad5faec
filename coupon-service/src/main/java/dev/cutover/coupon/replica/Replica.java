package dev.cutover.coupon.replica;

import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.sql.Sql;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One server that follows a primary: read from while it keeps up, left alone while it does not. Safe for many threads. */
final class Replica implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);
    // A read that waits longer is quicker on the primary.
    private static final BigDecimal WAIT_SECONDS = new BigDecimal("0.03");
    private static final int ANSWER_MILLIS = 300;

    /** Between two probes. */
    static final Duration PACE = Duration.ofMillis(200);

    private final ReplicaAddress address;
    private final PrimaryPosition primary;
    private final Topology copies;
    private final DatabaseId any;
    private final Lag lag = new Lag();
    private volatile String reached = "";
    private volatile double lagSeconds;
    private final Standing standing = new Standing();
    // Of the probe's thread.
    private String told = "";

    /** What is read in one session. */
    @FunctionalInterface
    interface Reading<T> {
        T read(Connection connection) throws SQLException;
    }

    /** Why there is no answer of a replica. */
    enum Trouble {
        BEHIND,
        NO_ANSWER
    }

    /** The answer, or why there is none. */
    record Read<T>(Optional<T> value, Optional<Trouble> trouble) {}

    /**
     * @param copies the databases of the primary as this server has them
     * @param any one of them
     */
    Replica(ReplicaAddress address, PrimaryPosition primary, Topology copies, DatabaseId any) {
        this.address = address;
        this.primary = primary;
        this.copies = copies;
        this.any = any;
    }

    ReplicaAddress address() {
        return address;
    }

    boolean serving() {
        return standing.serving();
    }

    double lagSeconds() {
        return lagSeconds;
    }

    /** Reads when this server has all of {@code position}, for which it is given a moment. What {@code reading} refuses passes through. */
    <T> Read<T> read(DatabaseId database, String position, Reading<T> reading) {
        try (Connection session = session(database)) {
            if (!position.equals(reached)) {
                if (!reaches(session, position)) {
                    drain("it is behind");
                    return new Read<>(Optional.empty(), Optional.of(Trouble.BEHIND));
                }
                reached = position;
            }
            return new Read<>(Optional.of(reading.read(session)), Optional.empty());
        } catch (SQLException | UnreachableException e) {
            drain(String.valueOf(e.getMessage()));
            return new Read<>(Optional.empty(), Optional.of(Trouble.NO_ANSWER));
        }
    }

    private Connection session(DatabaseId database) throws SQLException {
        Connection session = copies.database(database).getConnection();
        // Nobody waits a minute for a server that another one can answer for; the pool takes the limit back.
        session.setNetworkTimeout(Runnable::run, ANSWER_MILLIS);
        return session;
    }

    private static boolean reaches(Connection session, String position) throws SQLException {
        return Sql.first(
                                session,
                                row -> row.getInt(1),
                                "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)",
                                position,
                                WAIT_SECONDS)
                        .orElseThrow()
                == 0;
    }

    private void drain(String why) {
        // It may have been set up anew, with less than it had.
        reached = "";
        if (standing.failed()) {
            LOG.warn(
                    "Reads go to {} alone, replica {} is left alone for now: {}",
                    address.primary(),
                    address.server(),
                    why);
        }
    }

    /** What a server says of itself. */
    private record State(String executed, boolean readOnly) {}

    /** Looks how far it is, and whether it is to be read from; for one thread, never throws. */
    void probe() {
        try {
            long at = System.nanoTime();
            String position = primary.now();
            try (Connection session = session(any)) {
                State state = Sql.first(
                                session,
                                row -> new State(row.getString(1), row.getBoolean(2)),
                                "SELECT @@GLOBAL.gtid_executed, @@GLOBAL.read_only")
                        .orElseThrow();
                lagSeconds = lag.note(at, GtidSet.parse(position), GtidSet.parse(state.executed()))
                        / (double) TimeUnit.SECONDS.toNanos(1);
                if (!state.readOnly()) {
                    notGood("it is not read_only, so what it has may be its own");
                } else if (!reaches(session, position)) {
                    notGood("it is behind");
                } else {
                    good();
                }
            }
        } catch (SQLException | RuntimeException e) {
            notGood(String.valueOf(e.getMessage()));
        }
    }

    private void good() {
        if (standing.well()) {
            told = "";
            LOG.info("Replica {} of {} is read from", address.server(), address.primary());
        }
    }

    private void notGood(String why) {
        if (!serving() && !why.equals(told)) {
            LOG.warn("Replica {} of {} is not read from: {}", address.server(), address.primary(), why);
        }
        told = why;
        drain(why);
    }

    @Override
    public void close() {
        copies.close();
    }
}
