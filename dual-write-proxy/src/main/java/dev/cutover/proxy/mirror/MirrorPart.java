package dev.cutover.proxy.mirror;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FencedOffException;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What one unit changes in one database of the other side, and the guarded transaction that writes it and its neighbours in the queue.
 * Owned by the thread of that database.
 *
 * <p><b>Idea.</b> A mirror is a favour: the stream delivers the same state anyway. So it writes only where it is certain to be ahead of
 * the stream, and checks that in the transaction that writes: the fence says {@code (replica, the unit's epoch)}, and the stream's
 * position, held {@code FOR SHARE}, does not contain the unit's GTID.
 *
 * <p><b>Invariant.</b> After the stream has applied a GTID, no mirror of that GTID or of an older one it has applied writes any more; the
 * stream reads rows again from the source, and will do so for every unit a mirror still writes for, however old or new the mirror's image is.
 *
 * <p><b>What breaks without it.</b> With check and write apart, the stream applies a newer state in between and the mirror puts the older
 * one back, for good. Without the epoch, a mirror that was slow during a switch writes into the database that holds the truth by now.
 */
final class MirrorPart {
    private static final int ORIGIN_SLOTS = 256;
    private static final int DUPLICATE_KEY = 1062;

    private final List<Write> writes = new ArrayList<>();

    /** The rows of one physical table as they shall be; a key without a row is deleted. */
    private record Write(
            Projection projection, String physicalTable, int slot, Map<RowKey, Optional<ProjectedRow>> images) {
        List<ProjectedRow> rows(boolean rejected) {
            return images.values().stream()
                    .flatMap(Optional::stream)
                    .filter(row -> row.rejected() == rejected)
                    .toList();
        }
    }

    /** Adds one row or its absence; rows of the same table and slot share statements. */
    void add(Projection projection, String physicalTable, int slot, RowKey key, Optional<ProjectedRow> row) {
        writes.stream()
                .filter(w -> w.projection() == projection && w.slot() == slot)
                .findFirst()
                .orElseGet(() -> {
                    Write fresh = new Write(projection, physicalTable, slot, new LinkedHashMap<>());
                    writes.add(fresh);
                    return fresh;
                })
                .images()
                .put(key, row);
    }

    /**
     * Writes the parts of several units in one transaction, in their order; a later image of a row stands for the earlier ones.
     *
     * @param mirrorings of one target, stream and epoch, with what each changes
     * @return how many of them were still wanted
     */
    static int write(Connection session, RowWriter rows, Map<Mirroring, MirrorPart> mirrorings, Failpoints failpoints)
            throws SQLException {
        Mirroring any = mirrorings.keySet().iterator().next();
        boolean committed = false;
        failpoints.hit(Failpoint.MIRROR_BEGUN);
        try {
            // Locks in the applier's order: fence, position, rows.
            Fence.requireReplica(session, any.epoch());
            GtidSet awaited = Positions.awaited(
                    session,
                    any.stream(),
                    any.epoch(),
                    mirrorings.keySet().stream().map(Mirroring::gtid).toList());
            List<Mirroring> wanted = mirrorings.keySet().stream()
                    .filter(mirroring -> awaited.containsGtid(mirroring.gtid()))
                    .toList();
            if (wanted.isEmpty()) {
                return 0;
            }
            MirrorPart together = new MirrorPart();
            wanted.forEach(mirroring -> together.absorb(Objects.requireNonNull(mirrorings.get(mirroring))));
            replace(session, rows, together.writes);
            settleQuarantine(session, rows, together.writes);
            markOrigin(session, wanted.get(wanted.size() - 1).gtid());
            failpoints.hit(Failpoint.MIRROR_WRITTEN);
            session.commit();
            committed = true;
            return wanted.size();
        } catch (FencedOffException e) {
            return 0;
        } finally {
            if (!committed) {
                session.rollback();
            }
        }
    }

    /**
     * Most rows are new, so each table's are inserted first. Where one of them stands already, in whatever shape, or is to be gone, all
     * of that table's go the long way; and all deletes of the batch come before the inserts behind them, for two rows may have swapped
     * a unique value.
     */
    private static void replace(Connection session, RowWriter rows, List<Write> writes) throws SQLException {
        List<Write> theLongWay = new ArrayList<>();
        for (Write write : writes) {
            boolean allStay = write.images().values().stream()
                    .allMatch(row -> row.isPresent() && !row.get().rejected());
            if (!allStay || !inserted(session, rows, write)) {
                theLongWay.add(write);
            }
        }
        for (Write write : theLongWay) {
            rows.delete(
                    session,
                    write.projection(),
                    write.physicalTable(),
                    write.slot(),
                    write.images().keySet());
        }
        for (Write write : theLongWay) {
            List<ProjectedRow> inserts = write.rows(false);
            if (!inserts.isEmpty()) {
                rows.insert(session, write.projection(), write.physicalTable(), inserts);
            }
        }
    }

    /** False when nothing was inserted because a key is taken; the transaction goes on. */
    private static boolean inserted(Connection session, RowWriter rows, Write write) throws SQLException {
        try {
            rows.insert(session, write.projection(), write.physicalTable(), write.rows(false));
            return true;
        } catch (SQLException e) {
            if (e.getErrorCode() == DUPLICATE_KEY) {
                return false;
            }
            throw e;
        }
    }

    private void absorb(MirrorPart later) {
        for (Write write : later.writes) {
            write.images()
                    .forEach((key, row) -> add(write.projection(), write.physicalTable(), write.slot(), key, row));
        }
    }

    private static void settleQuarantine(Connection session, RowWriter rows, List<Write> writes) throws SQLException {
        Map<TablePlan, Set<RowKey>> mappable = new LinkedHashMap<>();
        Map<TablePlan, List<ProjectedRow>> rejected = new LinkedHashMap<>();
        for (Write write : writes) {
            if (write.projection().forward()) {
                TablePlan table = write.projection().table();
                mappable.computeIfAbsent(table, any -> new LinkedHashSet<>())
                        .addAll(write.images().keySet());
                rejected.computeIfAbsent(table, any -> new ArrayList<>()).addAll(write.rows(true));
            }
        }
        rejected.forEach((table, images) ->
                images.forEach(image -> mappable.getOrDefault(table, Set.of()).remove(image.sourceKey())));
        rows.unquarantine(session, mappable);
        for (Map.Entry<TablePlan, List<ProjectedRow>> images : rejected.entrySet()) {
            rows.quarantine(session, images.getKey(), images.getValue());
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
