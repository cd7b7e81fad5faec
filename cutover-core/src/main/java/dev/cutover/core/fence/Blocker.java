package dev.cutover.core.fence;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A session whose open transaction kept a fence from being closed.
 *
 * @param connectionId as in {@code KILL}; 0 where there is no session, such as an XA transaction left prepared
 * @param user its account, empty where unknown
 * @param host where it comes from, empty where unknown
 * @param command {@code Sleep}: the application holds the transaction without a statement
 * @param age how long its transaction is open
 * @param statement its last statement with the values left out
 */
public record Blocker(
        long connectionId,
        String user,
        String host,
        String command,
        Duration age,
        @Nullable String statement) {

    /** One line for people. */
    public String describe() {
        return (connectionId == 0
                        ? "a transaction without a session (XA RECOVER shows it)"
                        : "connection " + connectionId)
                + " of " + user + "@" + host + ", " + command + ", open for " + age.toMillis() + " ms"
                + (statement == null ? "" : ", last statement: " + statement);
    }
}
