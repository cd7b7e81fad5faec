package dev.cutover.core.row;

/**
 * One column a projection fills.
 *
 * @param name its name on the target
 * @param schema its type on the target
 * @param key whether it belongs to the target's key
 * @param compared whether both sides must agree on it; {@code onlyNew} columns are written only
 */
public record TargetColumn(String name, TableSchema.Column schema, boolean key, boolean compared) {}
