package dev.cutover.core.row;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.Topology;
import java.sql.SQLException;
import java.util.List;

/**
 * One direction of one table as SQL, made once from the plan and information_schema; copy, stream, mirror and verifier all read rows
 * through it. Immutable, safe for many threads.
 */
public final class Projection {
    private final TablePlan table;
    private final boolean forward;

    private Projection(TablePlan table, boolean forward) {
        this.table = table;
        this.forward = forward;
    }

    /** OLD to NEW. Reads both schemas and lets MySQL check every expression. */
    public static Projection forward(Topology topology, TablePlan table) throws SQLException {
        throw new UnsupportedOperationException();
    }

    /** NEW to OLD, for dynamic tables. */
    public static Projection backward(Topology topology, TablePlan table) throws SQLException {
        throw new UnsupportedOperationException();
    }

    public TablePlan table() {
        return table;
    }

    public boolean forward() {
        return forward;
    }

    /** The target's key columns, then its other columns, then what only NEW has; columns MySQL generates are left out. */
    public List<TargetColumn> columns() {
        throw new UnsupportedOperationException();
    }

    /** The names of the columns both sides must agree on, key first. */
    public List<String> comparedColumns() {
        throw new UnsupportedOperationException();
    }

    public List<String> sourceKeyColumns() {
        throw new UnsupportedOperationException();
    }

    public List<String> targetKeyColumns() {
        throw new UnsupportedOperationException();
    }

    /** The alias of the source row in expressions: {@code s} forward, {@code n} backward. */
    public String alias() {
        return forward ? "s" : "n";
    }

    /** Whether keys that MySQL holds for equal are equal as text: integers, binary strings, binary collations without padding. */
    public boolean keysAreExact() {
        throw new UnsupportedOperationException();
    }

    /** Whether the leading source key column is an integer that the target's key follows, so that key ranges exist. */
    public boolean hasRanges() {
        throw new UnsupportedOperationException();
    }

    /** Table and joins: {@code `mall_coupon_user` s LEFT JOIN …}; forward only. */
    public String fromClause() {
        throw new UnsupportedOperationException();
    }

    /** The same over another physical table. */
    public String fromClause(String sourcePhysicalTable) {
        throw new UnsupportedOperationException();
    }

    /** The value of a target column over the source row, in the target column's own notation. */
    public String selectExpression(String column) {
        throw new UnsupportedOperationException();
    }

    /** The value of a target column as it stands on the target, in the same notation; over a table without alias. */
    public String targetExpression(String column) {
        throw new UnsupportedOperationException();
    }

    /** The slot over the source row; NULL for a NULL shard key, {@code 0} for single tables and backward. */
    public String slotExpression() {
        throw new UnsupportedOperationException();
    }

    /** Why the source row is rejected, NULL when it is not. */
    public String rejectExpression() {
        throw new UnsupportedOperationException();
    }

    /** TRUE when the source row is rejected or has no route, FALSE otherwise, never NULL. */
    public String rejectCondition() {
        throw new UnsupportedOperationException();
    }

    /** The range over the source row. */
    public SqlCondition sourceRangeCondition(KeyRange range) {
        throw new UnsupportedOperationException();
    }

    /** The same range over the target's physical table of a slot, without alias. */
    public SqlCondition targetRangeCondition(KeyRange range, int slot) {
        throw new UnsupportedOperationException();
    }

    /** These source keys over the source row. */
    public SqlCondition sourceKeysCondition(List<RowKey> sourceKeys) {
        throw new UnsupportedOperationException();
    }

    /** These source keys over the target's physical table of a slot, without alias. */
    public SqlCondition targetKeysCondition(List<RowKey> sourceKeys, int slot) {
        throw new UnsupportedOperationException();
    }
}
