package dev.cutover.migrator.apply;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import java.util.Map;
import java.util.Set;

/** Hears which rows the appliers of the forward stream have committed. Called by the threads of several appliers; must not wait, and must not throw. */
@FunctionalInterface
public interface AppliedKeys {
    AppliedKeys UNHEARD = (database, slotsByTableAndKey) -> {};

    /**
     * A batch was committed.
     *
     * @param database it was written to
     * @param slotsByTableAndKey by table and key of OLD, every slot the row is or was in; not to be kept
     */
    void applied(DatabaseId database, Map<String, Map<RowKey, Set<Integer>>> slotsByTableAndKey);
}
