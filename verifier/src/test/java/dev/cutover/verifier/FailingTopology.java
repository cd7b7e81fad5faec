package dev.cutover.verifier;

import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** A topology on which one statement fails, or its result breaks off; which one is counted from 1. Closes nothing. */
final class FailingTopology implements Topology {
    private final Topology whole;
    private final Moment moment;
    private final int failing;
    private final AtomicInteger statements = new AtomicInteger();
    private final AtomicBoolean failed = new AtomicBoolean();

    /** When it fails. */
    enum Moment {
        EXECUTION,
        FIRST_ROW,
        END_OF_ROWS
    }

    FailingTopology(Topology whole, Moment moment, int failing) {
        this.whole = whole;
        this.moment = moment;
        this.failing = failing;
    }

    /** Statements executed so far. */
    int statements() {
        return statements.get();
    }

    /** Whether it came to the failure: a result that nobody reads on does not break off. */
    boolean failed() {
        return failed.get();
    }

    private SQLException lost() {
        failed.set(true);
        return new SQLException("Communications link failure, as a test wants it", "08S01");
    }

    private DataSource failing(DataSource source) {
        return wrapped(DataSource.class, source);
    }

    private <T> T wrapped(Class<T> type, Object inner) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    boolean executes =
                            inner instanceof Statement && method.getName().startsWith("execute");
                    boolean fails = executes && statements.incrementAndGet() == failing;
                    if (fails
                            && (moment == Moment.EXECUTION || !method.getName().equals("executeQuery"))) {
                        throw lost();
                    }
                    try {
                        Object result = method.invoke(inner, arguments);
                        if (result instanceof ResultSet rows && fails) {
                            return breakingOff(rows);
                        }
                        if (result instanceof Connection) {
                            return wrapped(Connection.class, result);
                        }
                        if (result instanceof PreparedStatement) {
                            return wrapped(PreparedStatement.class, result);
                        }
                        return result instanceof Statement ? wrapped(Statement.class, result) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                }));
    }

    private ResultSet breakingOff(ResultSet rows) {
        return (ResultSet) Proxy.newProxyInstance(
                ResultSet.class.getClassLoader(), new Class<?>[] {ResultSet.class}, (proxy, method, arguments) -> {
                    try {
                        boolean next = method.getName().equals("next");
                        if (next && moment == Moment.FIRST_ROW) {
                            throw lost();
                        }
                        Object result = method.invoke(rows, arguments);
                        if (next && Boolean.FALSE.equals(result)) {
                            throw lost();
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                });
    }

    @Override
    public MigrationPlan plan() {
        return whole.plan();
    }

    @Override
    public DataSource database(DatabaseId id) {
        return failing(whole.database(id));
    }

    @Override
    public DataSource mirrors(DatabaseId id) {
        return failing(whole.mirrors(id));
    }

    @Override
    public DataSource units(DatabaseId id) {
        return failing(whole.units(id));
    }

    @Override
    public DataSource control() {
        return failing(whole.control());
    }

    @Override
    public Endpoint endpoint(DatabaseId id) {
        return whole.endpoint(id);
    }

    @Override
    public List<ServerAddress> servers(Side side) {
        return whole.servers(side);
    }

    @Override
    public Connection pinned(DatabaseId id) {
        return wrapped(Connection.class, whole.pinned(id));
    }

    @Override
    public Connection pinnedMulti(DatabaseId id) {
        return wrapped(Connection.class, whole.pinnedMulti(id));
    }

    @Override
    public void close() {}
}
