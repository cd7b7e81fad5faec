package dev.cutover.verifier.drill;

import dev.cutover.core.row.RowKey;
import org.jspecify.annotations.Nullable;

/**
 * A row of one physical table whose sides were seen unequal; not a difference before it was checked again.
 *
 * @param slot the physical table
 * @param targetKey its key on NEW
 * @param sourceKey its key on OLD; null where the plan has no way back to it
 */
public record Suspect(int slot, RowKey targetKey, @Nullable RowKey sourceKey) {}
