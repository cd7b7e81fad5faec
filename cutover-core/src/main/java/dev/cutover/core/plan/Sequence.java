package dev.cutover.core.plan;

/**
 * A counter that is handed over in a switch.
 *
 * @param name the sequence on NEW
 * @param table the table on OLD whose AUTO_INCREMENT it continues
 * @param column that table's AUTO_INCREMENT column
 * @param gap numbers left free between the sides
 */
public record Sequence(String name, String table, String column, long gap) {}
