package dev.cutover.proxy.intake;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.Side;
import dev.cutover.proxy.ReadView;
import dev.cutover.proxy.Unit;
import java.sql.Connection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** What a work sees of its session and side. Owned by one thread. */
public final class FencedUnit implements Unit, ReadView {
    private final MigrationPlan plan;
    private final Connection connection;
    private final Side side;
    private final Epoch epoch;
    private final int slot;
    private final Map<Integer, Map<String, Set<RowKey>>> touched = new LinkedHashMap<>();

    public FencedUnit(MigrationPlan plan, Connection connection, Side side, Epoch epoch, int slot) {
        this.plan = plan;
        this.connection = connection;
        this.side = side;
        this.epoch = epoch;
        this.slot = slot;
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Side side() {
        return side;
    }

    @Override
    public Epoch epoch() {
        return epoch;
    }

    @Override
    public int slot() {
        return slot;
    }

    @Override
    public String table(String planTable) {
        return table(planTable, slot);
    }

    @Override
    public String table(String planTable, int otherSlot) {
        requireHere(otherSlot);
        TablePlan table = plan.table(planTable);
        return side == Side.OLD ? table.fromTable() : plan.physicalTable(table, otherSlot);
    }

    // The fence that was read, and the stream that carries the mirror's proof, are those of one database.
    private void requireHere(int otherSlot) {
        if (plan.layout().databaseOf(otherSlot) != plan.layout().databaseOf(slot)) {
            throw new IllegalArgumentException(
                    "Slot " + otherSlot + " is not in the database of slot " + slot + ": a unit has one database.");
        }
    }

    @Override
    public void touched(String planTable, RowKey keyOnThisSide) {
        touched(planTable, slot, keyOnThisSide);
    }

    @Override
    public void touched(String planTable, int otherSlot, RowKey keyOnThisSide) {
        requireHere(otherSlot);
        TablePlan table = plan.table(planTable);
        if (!table.dynamic()) {
            throw new IllegalArgumentException("The table " + planTable
                    + " is static: it is frozen while it moves and its changes are not mirrored.");
        }
        int parts = side == Side.OLD ? table.fromKey().size() : table.key().size();
        if (keyOnThisSide.parts().size() != parts) {
            throw new IllegalArgumentException("A key of " + planTable + " on " + side + " has " + parts
                    + " parts, not " + keyOnThisSide.parts().size() + ".");
        }
        touched.computeIfAbsent(otherSlot, any -> new LinkedHashMap<>())
                .computeIfAbsent(planTable, name -> new LinkedHashSet<>())
                .add(keyOnThisSide);
    }

    /** Keys by the slot of their rows and the plan's table. */
    Map<Integer, Map<String, Set<RowKey>>> touched() {
        return touched;
    }
}
