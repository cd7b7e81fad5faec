package dev.cutover.core.plan;

/**
 * A looked-up table of OLD, joined with LEFT JOIN.
 *
 * @param table the table on OLD
 * @param alias its alias in expressions
 * @param on the join condition, over {@code s} and the alias; it must find at most one row
 * @param change what a change of a looked-up column does
 */
public record Join(String table, String alias, String on, Change change) {
    /** What the stream does when a looked-up column changes. */
    public enum Change {
        /** The stream stops and says which row changed. */
        STOP
    }
}
