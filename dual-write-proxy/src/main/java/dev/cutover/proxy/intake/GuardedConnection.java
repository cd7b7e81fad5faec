package dev.cutover.proxy.intake;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The connection a work gets: every statement passes the guard, every error is noted, and nothing on it can end the transaction. Owned by
 * the unit's thread.
 */
public final class GuardedConnection implements InvocationHandler {
    private static final Set<String> REFUSED = Set.of(
            "commit",
            "rollback",
            "setSavepoint",
            "releaseSavepoint",
            "abort",
            "setTransactionIsolation",
            "setReadOnly",
            "setCatalog",
            "setSchema",
            "setNetworkTimeout",
            "prepareCall",
            "unwrap");

    private final Connection session;
    private final UnitGuard guard;
    private final Connection guarded;

    private GuardedConnection(Connection session, UnitGuard guard) {
        this.session = session;
        this.guard = guard;
        this.guarded = (Connection) Proxy.newProxyInstance(
                GuardedConnection.class.getClassLoader(), new Class<?>[] {Connection.class}, this);
    }

    public static Connection around(Connection session, UnitGuard guard) {
        return new GuardedConnection(session, guard).guarded;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        String name = method.getName();
        switch (name) {
            case "close":
                // The proxy opened the session and gives it back.
                return null;
            case "isClosed":
                return guard.isOver();
            case "isWrapperFor":
                return false;
            case "getAutoCommit":
                return guard.readsOnly();
            case "setAutoCommit":
                if (arguments != null && arguments[0].equals(guard.readsOnly())) {
                    return null;
                }
                throw guard.refused("autocommit is the proxy's: a write outside a fenced transaction is refused.");
            case "equals":
                return arguments != null && proxy == arguments[0];
            case "hashCode":
                return System.identityHashCode(proxy);
            case "toString":
                return "guarded " + session;
            default:
                if (REFUSED.contains(name)) {
                    throw guard.refused(name + "() is refused inside a unit or a read: the proxy begins and ends it.");
                }
        }
        guard.requireAlive();
        if (name.equals("prepareStatement") && arguments != null && arguments[0] instanceof String sql) {
            guard.requireAllowed(sql);
        }
        Object result = call(session, method, arguments);
        return result instanceof Statement statement ? guarded(statement) : result;
    }

    private Statement guarded(Statement statement) {
        Class<?> type = statement instanceof CallableStatement
                ? CallableStatement.class
                : statement instanceof PreparedStatement ? PreparedStatement.class : Statement.class;
        return (Statement) Proxy.newProxyInstance(
                GuardedConnection.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> invokeOn(statement, proxy, method, arguments));
    }

    private @Nullable Object invokeOn(Statement statement, Object proxy, Method method, Object @Nullable [] arguments)
            throws Throwable {
        switch (method.getName()) {
            case "getConnection":
                return guarded;
            case "close":
            case "isClosed":
                return call(statement, method, arguments);
            case "isWrapperFor":
                return false;
            case "unwrap":
                throw guard.refused("unwrap() is refused inside a unit or a read: it would go around the guard.");
            case "equals":
                return arguments != null && proxy == arguments[0];
            case "hashCode":
                return System.identityHashCode(proxy);
            case "toString":
                return statement.toString();
            default:
                guard.requireAlive();
        }
        // execute(sql), executeUpdate(sql, …), addBatch(sql): of a plain statement the text comes only now.
        if (arguments != null
                && arguments.length > 0
                && arguments[0] instanceof String sql
                && (method.getName().startsWith("execute") || method.getName().equals("addBatch"))) {
            guard.requireAllowed(sql);
        }
        return call(statement, method, arguments);
    }

    private @Nullable Object call(Object target, Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            if (cause instanceof SQLException error) {
                guard.failed(error);
            }
            throw cause == null ? e : cause;
        }
    }
}
