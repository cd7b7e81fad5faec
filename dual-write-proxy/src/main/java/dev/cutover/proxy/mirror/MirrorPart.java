package dev.cutover.proxy.mirror;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FencedOffException;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowWriter;
import dev.cutover.core.topology.DatabaseId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What one unit changes in one database of the other side, and the guarded transaction that writes it. Built by one thread, then written
 * by another.
 *
 * <p><b>Idea.</b> A mirror is a favour: the stream delivers the same state anyway. So it writes only where it is certain to be ahead of
 * the stream, and checks that in the transaction that writes: the fence says {@code (replica, the unit's epoch)}, and the stream's
 * position, held {@code FOR SHARE}, does not contain the unit's GTID.
 *
 * <p><b>Invariant.</b> After the stream has applied a GTID, no mirror of that GTID or of an older one it has applied writes any more; the
 * stream reads rows again from the source, so what it wrote is at least as new as the mirror's image.
 *
 * <p><b>What breaks without it.</b> With check and write apart, the stream applies a newer state in between and the mirror puts the older
 * one back, for good. Without the epoch, a mirror that was slow during a switch writes into the database that holds the truth by now.
 */
final class MirrorPart {
    private static final int ORIGIN_SLOTS = 256;

    private final DatabaseId target;
    private final List<Write> writes = new ArrayList<>();

    /** The writes to one physical table. */
    private record Write(
            Projection projection,
            String physicalTable,
            int slot,
            Set<RowKey> deletes,
            List<ProjectedRow> inserts,
            List<ProjectedRow> quarantined) {}

    MirrorPart(DatabaseId target) {
        this.target = target;
    }

    DatabaseId target() {
        return target;
    }

    /** Adds one row or its absence; rows of the same table and slot share statements. */
    void add(Projection projection, String physicalTable, int slot, RowKey key, List<ProjectedRow> row) {
        Write write = writes.stream()
                .filter(w -> w.projection() == projection && w.slot() == slot)
                .findFirst()
                .orElseGet(() -> {
                    Write fresh = new Write(
                            projection,
                            physicalTable,
                            slot,
                            new LinkedHashSet<>(),
                            new ArrayList<>(),
                            new ArrayList<>());
                    writes.add(fresh);
                    return fresh;
                });
        write.deletes().add(key);
        for (ProjectedRow image : row) {
            (image.rejected() ? write.quarantined() : write.inserts()).add(image);
        }
    }

    /** What became of a part. */
    enum Result {
        MIRRORED,
        SKIPPED
    }

    Result write(Connection session, RowWriter rows, String stream, Epoch epoch, String gtid) throws SQLException {
        boolean committed = false;
        try {
            // Locks in the applier's order: fence, position, rows.
            Fence.requireReplica(session, epoch);
            if (!Positions.awaits(session, stream, epoch, gtid)) {
                return Result.SKIPPED;
            }
            for (Write write : writes) {
                rows.delete(session, write.projection(), write.physicalTable(), write.slot(), write.deletes());
                if (!write.inserts().isEmpty()) {
                    rows.insert(session, write.projection(), write.physicalTable(), write.inserts());
                }
                if (write.projection().forward()) {
                    settleQuarantine(session, rows, write);
                }
            }
            markOrigin(session, gtid);
            session.commit();
            committed = true;
            return Result.MIRRORED;
        } catch (FencedOffException e) {
            return Result.SKIPPED;
        } finally {
            if (!committed) {
                session.rollback();
            }
        }
    }

    private static void settleQuarantine(Connection session, RowWriter rows, Write write) throws SQLException {
        TablePlan table = write.projection().table();
        Set<RowKey> mappable = new LinkedHashSet<>(write.deletes());
        for (ProjectedRow rejected : write.quarantined()) {
            mappable.remove(rejected.sourceKey());
        }
        if (!mappable.isEmpty()) {
            rows.unquarantine(session, table, mappable);
        }
        if (!write.quarantined().isEmpty()) {
            rows.quarantine(session, table, write.quarantined());
        }
    }

    private static void markOrigin(Connection session, String gtid) throws SQLException {
        try (PreparedStatement upsert = session.prepareStatement("INSERT INTO cutover_origin (slot, gtid) VALUES (?, ?)"
                + " ON DUPLICATE KEY UPDATE gtid = VALUES(gtid), updated_at = CURRENT_TIMESTAMP(3)")) {
            upsert.setInt(1, ThreadLocalRandom.current().nextInt(ORIGIN_SLOTS));
            upsert.setString(2, gtid);
            upsert.executeUpdate();
        }
    }
}
