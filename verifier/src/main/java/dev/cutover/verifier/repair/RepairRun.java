package dev.cutover.verifier.repair;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FencedOffException;
import dev.cutover.core.fence.IdleHolders;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.RowWriter;
import dev.cutover.core.row.StoredTable;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.recheck.Pause;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of a plan, or puts back what they were, one transaction a row and database.
 *
 * <p><b>Idea.</b> The transaction takes the applier's locks in the applier's order: the fence {@code FOR SHARE} as replica of this epoch, the
 * positions of the streams that bring the row {@code FOR UPDATE}, the rows {@code FOR UPDATE}. Only then it reads the truth, in a snapshot
 * of its own, and goes on only when both sides are what the plan saw.
 *
 * <p><b>Invariant.</b> While the position is held, neither the applier nor a mirror commits anything in this database. Whatever they have
 * committed before was visible on the truth when it was read here, so the image is no older than the row it replaces. Whatever the truth
 * commits after that read is still to come by the stream, which then reads the row again. So an older image never stays over a newer one.
 *
 * <p><b>What breaks without it.</b> With the truth read before the guard, a row that was deleted in between, and whose deletion the applier has
 * brought, comes back for good; the target looks as the plan saw it, absent. Without the position the same happens between the read and the
 * write: a row that is not there cannot be locked.
 *
 * <p>Owned by one thread.
 */
final class RepairRun implements AutoCloseable {
    private static final int LOCK_WAIT_SECONDS = 2;
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    private static final int MAX_CONTENTIONS = 30;
    private static final int MAX_LOSSES = 5;
    private static final Set<Integer> CONTENTION = Set.of(1205, 1213);
    private static final Set<Integer> TAKEN = Set.of(1062, 1586);
    // What the target cannot hold.
    private static final Set<Integer> DATA = Set.of(1406, 1264, 1048, 1366, 1292, 1265, 3819, 1526, 3140, 1364);

    private final Topology topology;
    private final RepairPlan.Header header;
    private final Failpoints failpoints;
    private final RowDigest digest;
    private final RowWriter writer = new RowWriter();
    private final Pause pause = new Pause();
    private final Map<String, RepairTable> tables = new HashMap<>();
    private final Map<DatabaseId, Connection> sessions = new HashMap<>();

    RepairRun(Topology topology, RepairPlan.Header header, Failpoints failpoints) {
        this.topology = topology;
        this.header = header;
        this.failpoints = failpoints;
        this.digest = new RowDigest(header.salt());
    }

    /**
     * One row to write.
     *
     * @param before what is put back; null when the row is repaired
     */
    record Step(RowRepair repair, @Nullable List<Optional<UndoPlan.Kept>> before) {}

    private enum Result {
        DONE,
        ALREADY,
        TRUTH_CHANGED,
        TARGET_CHANGED,
        TAKEN,
        REFUSED
    }

    /** Goes through the rows in order; those whose unique value is taken come once more at the end. */
    RepairOutcome run(List<Step> steps, boolean dryRun, RepairListener listener) {
        int[] counts = new int[Result.values().length];
        List<String> remarks = new ArrayList<>();
        List<Step> pending = steps;
        int seen = 0;
        for (boolean last = false; !pending.isEmpty(); ) {
            List<Step> again = new ArrayList<>();
            for (Step step : pending) {
                Result result = one(step, dryRun, counts[Result.DONE.ordinal()]);
                if (result == Result.TAKEN && !last) {
                    again.add(step);
                    continue;
                }
                counts[result.ordinal()]++;
                remark(step.repair(), result).ifPresent(remarks::add);
                listener.progress(
                        dryRun ? "looked at" : step.before() == null ? "repaired" : "put back", ++seen, steps.size());
            }
            last = again.size() == pending.size();
            pending = again;
        }
        return new RepairOutcome(
                counts[Result.DONE.ordinal()],
                counts[Result.ALREADY.ordinal()],
                counts[Result.TRUTH_CHANGED.ordinal()] + counts[Result.TARGET_CHANGED.ordinal()],
                counts[Result.TAKEN.ordinal()] + counts[Result.REFUSED.ordinal()],
                remarks);
    }

    private Optional<String> remark(RowRepair row, Result result) {
        return switch (result) {
            case DONE, ALREADY -> Optional.empty();
            case TRUTH_CHANGED -> Optional.of(row.describe() + ": changed since on " + header.truth() + ", left alone");
            case TARGET_CHANGED ->
                Optional.of(
                        row.describe() + ": changed since on " + header.truth().other() + ", left alone");
            case TAKEN -> Optional.of(row.describe() + ": another row holds a unique value of it; left as it was");
            case REFUSED -> Optional.of(row.describe() + ": the server does not take its values; left as it was");
        };
    }

    private Result one(Step step, boolean dryRun, int done) {
        RowRepair row = step.repair();
        try {
            RepairTable table = table(row.table());
            if (dryRun) {
                try (Connection connection = topology.database(row.database()).getConnection()) {
                    return judge(
                            step,
                            table,
                            table.image(row.sourceKey(), row.spots()),
                            look(connection, row, table, false),
                            connection);
                }
            }
            return guarded(step, table);
        } catch (FencedOffException e) {
            throw new RepairRefusedException(
                    RepairRefusedException.Reason.MOVED,
                    e.getMessage() + " " + done + " rows were written before; each of them is whole.");
        } catch (SQLException e) {
            throw new RepairFailedException(
                    "The repair stopped at " + row.describe() + " (" + "error " + e.getErrorCode() + ", SQLState "
                            + e.getSQLState() + "); " + done
                            + " rows were written before. The same command goes on where it stopped.",
                    e);
        }
    }

    private RepairTable table(String name) throws SQLException {
        RepairTable known = tables.get(name);
        if (known == null) {
            known = RepairTable.open(topology, topology.plan().table(name), header.truth(), header.salt());
            tables.put(name, known);
        }
        return known;
    }

    private Result guarded(Step step, RepairTable table) throws SQLException {
        int losses = 0;
        for (int contentions = 0; ; contentions++) {
            Connection session = session(step.repair().database());
            try {
                return attempt(session, step, table);
            } catch (SQLException e) {
                if (lost(e)) {
                    // An applier that has waited for two seconds ends whoever holds its position and stands still. What
                    // was not committed is gone, what was is found as it shall be.
                    drop(step.repair().database(), e);
                    if (++losses > MAX_LOSSES) {
                        throw e;
                    }
                    continue;
                }
                session.rollback();
                if (TAKEN.contains(e.getErrorCode())) {
                    return Result.TAKEN;
                }
                if (DATA.contains(e.getErrorCode())) {
                    return Result.REFUSED;
                }
                if (!CONTENTION.contains(e.getErrorCode()) || contentions >= MAX_CONTENTIONS) {
                    throw e;
                }
                if (e.getErrorCode() == LOCK_WAIT_TIMEOUT) {
                    // A process that was stopped in the middle of a mirror holds the position for as long as it stands
                    // still.
                    IdleHolders.end(session, "cutover_position", e);
                    session.rollback();
                }
                // Random, so that two do not meet again.
                pause.on(Duration.ofMillis(ThreadLocalRandom.current().nextInt(1, 5 * contentions + 5)));
            } catch (RuntimeException e) {
                drop(step.repair().database(), e);
                throw e;
            }
        }
    }

    private static boolean lost(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("08");
    }

    /** A session that is closed is rolled back. */
    private void drop(DatabaseId database, Exception after) {
        Connection session = sessions.remove(database);
        try {
            if (session != null) {
                session.close();
            }
        } catch (SQLException closing) {
            after.addSuppressed(closing);
        }
    }

    private Connection session(DatabaseId database) throws SQLException {
        Connection known = sessions.get(database);
        if (known == null) {
            known = topology.pinned(database);
            sessions.put(database, known);
            known.setAutoCommit(false);
            try (Statement statement = known.createStatement()) {
                statement.execute("SET SESSION innodb_lock_wait_timeout = " + LOCK_WAIT_SECONDS);
            }
        }
        return known;
    }

    private Result attempt(Connection session, Step step, RepairTable table) throws SQLException {
        RowRepair row = step.repair();
        // The two planted bugs prove that the tests would notice what the guard is for.
        boolean early = failpoints.planted("repair.readsBeforeTheGuard");
        TruthImage image = early ? read(row, table) : null;
        Fence.requireReplica(session, header.epoch());
        if (!failpoints.planted("repair.holdsNoPosition")) {
            holdPositions(session, row);
        }
        List<Optional<StoredTable.Row>> now = look(session, row, table, true);
        if (image == null) {
            image = read(row, table);
        }
        Result result = judge(step, table, image, now, session);
        if (result == Result.DONE) {
            write(session, step, table, image, now);
            OwnMark.put(session, "repair");
            session.commit();
            failpoints.hit(Failpoint.REPAIR_COMMITTED);
        } else {
            session.rollback();
        }
        return result;
    }

    private TruthImage read(RowRepair row, RepairTable table) throws SQLException {
        TruthImage image = table.image(row.sourceKey(), row.spots());
        failpoints.hit(Failpoint.REPAIR_READ);
        return image;
    }

    // The way back has a stream a server, and a row that is nowhere on NEW might come from any of them.
    private void holdPositions(Connection session, RowRepair row) throws SQLException {
        if (row.database().equals(DatabaseId.META)) {
            // Static tables come by no stream and do not change.
            return;
        }
        List<String> streams = topology.servers(header.truth()).stream()
                .filter(server -> header.truth() == Side.OLD
                        || server.databases().stream().anyMatch(database -> !database.equals(DatabaseId.META)))
                .map(ServerAddress::stream)
                .sorted()
                .toList();
        for (String stream : streams) {
            boolean held = Positions.lockForUpdate(session, stream)
                    .filter(position -> position.epoch().equals(header.epoch()))
                    .isPresent();
            if (!held) {
                throw new RepairRefusedException(
                        RepairRefusedException.Reason.FENCE,
                        "The stream '" + stream + "' has no position of epoch " + header.epoch() + " in "
                                + row.database() + ": no worker has run there, and without it nobody can tell an older"
                                + " row from a newer one.");
            }
        }
    }

    private static List<Optional<StoredTable.Row>> look(
            Connection connection, RowRepair row, RepairTable table, boolean lock) throws SQLException {
        List<Optional<StoredTable.Row>> now = new ArrayList<>();
        for (PlannedPlace planned : row.places()) {
            Place place = planned.place();
            now.add(table.stored(connection, place).find(connection, place.key(), lock));
        }
        return now;
    }

    private Result judge(
            Step step, RepairTable table, TruthImage image, List<Optional<StoredTable.Row>> now, Connection connection)
            throws SQLException {
        RowRepair row = step.repair();
        boolean before = true;
        boolean reached = true;
        for (int i = 0; i < now.size(); i++) {
            PlannedPlace planned = row.places().get(i);
            StoredTable at = table.stored(connection, planned.place());
            before &= planned.before().equals(digest.of(now.get(i)));
            reached &= table.reached(planned.goal(), at, now.get(i), digest);
        }
        boolean back = step.before() != null;
        if (back ? before : reached) {
            return Result.ALREADY;
        }
        if (!(back ? reached : before)) {
            return Result.TARGET_CHANGED;
        }
        return image.digest(digest).equals(row.truth()) ? Result.DONE : Result.TRUTH_CHANGED;
    }

    private void write(
            Connection session, Step step, RepairTable table, TruthImage image, List<Optional<StoredTable.Row>> now)
            throws SQLException {
        RowRepair row = step.repair();
        for (int i = 0; i < now.size(); i++) {
            PlannedPlace planned = row.places().get(i);
            StoredTable at = table.stored(session, planned.place());
            if (now.get(i).isPresent() && differs(step, table, at, planned, now.get(i), i)) {
                at.delete(session, planned.place().key());
            }
        }
        for (int i = 0; i < now.size(); i++) {
            PlannedPlace planned = row.places().get(i);
            StoredTable at = table.stored(session, planned.place());
            if (!differs(step, table, at, planned, now.get(i), i)) {
                continue;
            }
            List<Optional<UndoPlan.Kept>> before = step.before();
            if (before != null) {
                if (before.get(i).isPresent()) {
                    at.insert(session, kept(at, row, before.get(i).get()));
                }
                continue;
            }
            switch (planned.goal().kind()) {
                case ABSENT -> {}
                case ROW -> {
                    ProjectedRow wanted = image.only();
                    writer.insert(session, table.projection(), planned.place().table(), List.of(wanted));
                }
                case NOTED ->
                    writer.quarantine(
                            session,
                            table.table(),
                            row.sourceKey(),
                            planned.goal().text());
            }
        }
    }

    private boolean differs(
            Step step,
            RepairTable table,
            StoredTable at,
            PlannedPlace planned,
            Optional<StoredTable.Row> now,
            int index) {
        List<Optional<UndoPlan.Kept>> before = step.before();
        if (before == null) {
            return !table.reached(planned.goal(), at, now, digest);
        }
        Optional<UndoPlan.Kept> kept = before.get(index);
        return now.isPresent() != kept.isPresent()
                || (now.isPresent() && !now.get().same(kept.get().row()));
    }

    private static StoredTable.Row kept(StoredTable at, RowRepair row, UndoPlan.Kept kept) {
        if (!kept.columns().equals(at.columns())) {
            throw new RepairRefusedException(
                    RepairRefusedException.Reason.FILE,
                    "The table " + at.name() + " has other columns than when " + row.describe()
                            + " was kept; it cannot be put back as it was.");
        }
        return kept.row();
    }

    @Override
    public void close() {
        for (Connection session : sessions.values()) {
            try {
                session.close();
            } catch (SQLException e) {
                throw new RepairFailedException("A session of the repair could not be closed.", e);
            }
        }
    }
}
