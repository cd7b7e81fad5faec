package dev.cutover.proxy.intake;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import org.jspecify.annotations.Nullable;

/** Whether a unit may go on. Owned by the unit's thread; only {@link #tooLate} is another's. */
public final class UnitGuard {
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    private static final int DEADLOCK = 1213;
    private static final String INVALID_TRANSACTION_STATE = "25000";

    private final StatementRule rule;
    private volatile @Nullable SQLException killer;
    private @Nullable SQLException offence;
    private boolean over;

    private UnitGuard(StatementRule rule) {
        this.rule = rule;
    }

    public static UnitGuard ofUnit() {
        return new UnitGuard(StatementRule.UNIT);
    }

    public static UnitGuard ofRead() {
        return new UnitGuard(StatementRule.READ);
    }

    boolean readsOnly() {
        return rule == StatementRule.READ;
    }

    /** Refuses everything once the unit is killed or over. */
    void requireAlive() throws SQLException {
        if (killer != null) {
            throw new SQLException(
                    "The unit was ended by an earlier error and is rolled back; nothing more runs in it.",
                    INVALID_TRANSACTION_STATE,
                    killer);
        }
        if (offence != null) {
            throw offence;
        }
        if (over) {
            throw new SQLException(
                    "The unit is over; its connection may not be kept beyond it.", INVALID_TRANSACTION_STATE);
        }
    }

    void requireAllowed(String sql) throws SQLException {
        requireAlive();
        String refusal = rule.refusal(sql);
        if (refusal != null) {
            throw refused(refusal);
        }
    }

    /** Ends the unit for good: it broke a rule, and would do so again. */
    SQLException refused(String why) {
        SQLException refusal = new SQLException(why, INVALID_TRANSACTION_STATE);
        if (offence == null) {
            offence = refusal;
        }
        return refusal;
    }

    /** Takes note of an error that the work may be about to swallow. */
    void failed(SQLException error) {
        if (killer == null && kills(error)) {
            killer = error;
        }
    }

    /** Ends the unit because nobody waits for it; what its statement comes to then is not looked at. */
    void tooLate(SQLTimeoutException why) {
        killer = why;
    }

    /** A statement that was ended may have answered all the same, as SLEEP does. */
    public void requireInTime() throws SQLException {
        SQLException why = killer;
        if (why instanceof SQLTimeoutException) {
            throw why;
        }
    }

    public void end() {
        over = true;
    }

    boolean isOver() {
        return over;
    }

    @Nullable
    SQLException killer() {
        return killer;
    }

    @Nullable
    SQLException offence() {
        return offence;
    }

    /** After these errors the transaction may be gone, and what follows would run outside the fence. */
    static boolean kills(SQLException error) {
        String state = error.getSQLState();
        return error.getErrorCode() == LOCK_WAIT_TIMEOUT
                || error.getErrorCode() == DEADLOCK
                || (state != null && (state.startsWith("08") || state.startsWith("40")));
    }
}
