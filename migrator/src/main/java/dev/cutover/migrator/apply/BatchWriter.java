package dev.cutover.migrator.apply;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowsTooLargeException;
import dev.cutover.migrator.stream.ChangedKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes a batch: the target then holds, for every dirty key, what the source holds now.
 *
 * <p><b>Idea.</b> A change is a key. Its row is read again from the source, deleted wherever it was on the target, and inserted where it routes
 * now, unless it stands there already, value for value; doing it twice, or late, or with a newer row, ends in the same state.
 *
 * <p><b>What breaks otherwise.</b> {@code ON DUPLICATE KEY UPDATE} and {@code REPLACE} take a conflict on another unique key for the row itself
 * and change or delete a stranger.
 *
 * <p>Guarded by the worker's turn.
 */
final class BatchWriter {
    private static final int MAX_CONTENTIONS = 30;
    private static final int MAX_CONFLICTS = 20;

    private final Traffic traffic;
    private final SourceSnapshot source;
    private final GuardedTarget target;
    private final Failpoints failpoints;
    private final RowPlacing placing;

    BatchWriter(Traffic traffic, SourceSnapshot source, GuardedTarget target, Failpoints failpoints) {
        this.traffic = traffic;
        this.source = source;
        this.target = target;
        this.failpoints = failpoints;
        this.placing = new RowPlacing(traffic);
    }

    /** What runs in each attempt before the commit: windows note the keys. */
    @FunctionalInterface
    interface Noting {
        void note(Map<String, Map<RowKey, Set<Integer>>> dirty);
    }

    /** Applies the batch and moves the position; rows too large to be held together are written in parts, and the last one moves it. */
    void apply(Batch batch, GtidSet newPosition, Noting noting) throws SQLException {
        try {
            applyWhole(batch, newPosition, noting);
        } catch (RowsTooLargeException e) {
            List<Batch> halves = batch.halves();
            apply(halves.get(0), target.position(), noting);
            apply(halves.get(1), newPosition, noting);
        }
    }

    private void applyWhole(Batch batch, GtidSet newPosition, Noting noting) throws SQLException {
        RowPlacing.Attempt attempt = new RowPlacing.Attempt();
        int contentions = 0;
        int conflicts = 0;
        while (true) {
            attempt.inserting = null;
            try {
                applyOnce(batch, newPosition, noting, attempt);
                return;
            } catch (SQLException e) {
                switch (SqlFault.of(e)) {
                    case CONTENTION -> {
                        if (++contentions > MAX_CONTENTIONS) {
                            throw e;
                        }
                        backOff(contentions);
                    }
                    case DUPLICATE -> {
                        if (++conflicts > MAX_CONFLICTS || !addHolders(batch, attempt.inserting)) {
                            // Nobody outside of the batch holds the value: the source itself has it twice.
                            if (attempt.rowByRow) {
                                throw e;
                            }
                            attempt.rowByRow = true;
                        }
                    }
                    case DATA -> {
                        if (attempt.rowByRow) {
                            throw e;
                        }
                        attempt.rowByRow = true;
                    }
                    case OTHER -> throw e;
                }
            }
        }
    }

    private void applyOnce(Batch batch, GtidSet newPosition, Noting noting, RowPlacing.Attempt attempt)
            throws SQLException {
        failpoints.hit(Failpoint.APPLY_DIRTY);
        Map<Projection, List<ProjectedRow>> rows = source.read(batch.gtids(), connection -> {
            Map<Projection, List<ProjectedRow>> read = new LinkedHashMap<>();
            for (Map.Entry<String, Map<RowKey, Set<Integer>>> table :
                    batch.dirty().entrySet()) {
                Projection projection = traffic.projection(table.getKey());
                read.put(projection, traffic.fetch(connection, projection, table.getValue()));
            }
            return read;
        });
        failpoints.hit(Failpoint.APPLY_FETCHED);
        target.write(newPosition, connection -> {
            Map<Projection, List<ProjectedRow>> missing = new LinkedHashMap<>();
            Map<TablePlan, Set<RowKey>> lookedAt = new LinkedHashMap<>();
            for (Map.Entry<Projection, List<ProjectedRow>> table : rows.entrySet()) {
                Projection projection = table.getKey();
                Map<RowKey, Set<Integer>> dirty =
                        batch.dirty().getOrDefault(projection.table().name(), Map.of());
                Set<RowKey> inPlace = placing.inPlace(connection, projection, dirty, table.getValue());
                placing.clear(connection, projection, dirty, table.getValue(), inPlace);
                missing.put(projection, RowPlacing.without(table.getValue(), inPlace));
                lookedAt.put(projection.table(), dirty.keySet());
            }
            placing.unquarantine(connection, lookedAt);
            for (Map.Entry<Projection, List<ProjectedRow>> table : missing.entrySet()) {
                placing.insert(connection, table.getKey(), table.getValue(), attempt);
            }
            failpoints.hit(Failpoint.APPLY_ROWS_WRITTEN);
            noting.note(batch.dirty());
        });
        failpoints.hit(Failpoint.APPLY_COMMITTED);
    }

    /** Adds the rows in the way to the batch; false when that finds nothing new. */
    private boolean addHolders(Batch batch, RowPlacing.@Nullable Inserting inserting) throws SQLException {
        if (inserting == null) {
            return false;
        }
        Connection connection = target.connection();
        boolean added = false;
        try {
            for (ChangedKey holder :
                    Conflicts.find(connection, traffic, inserting.projection(), inserting.place(), inserting.rows())) {
                if (!batch.has(holder)) {
                    batch.add(holder);
                    added = true;
                }
            }
        } finally {
            connection.rollback();
        }
        return added;
    }

    /**
     * Writes rows of chunks that were read while the window was open.
     *
     * @return how many rows this target now holds of them
     */
    long write(Window window, Projection projection, List<ProjectedRow> rows, Noting noting) throws SQLException {
        List<ProjectedRow> mine = new ArrayList<>();
        for (ProjectedRow row : rows) {
            if ((traffic.place(row) >= 0 || traffic.quarantinesHere(row)) && !window.noted(row.sourceKey())) {
                mine.add(row);
            }
        }
        if (mine.isEmpty()) {
            return 0;
        }
        if (projection.keysAreExact()
                && (insertChunk(projection, mine, false) || insertChunk(projection, mine, true))) {
            return mine.size();
        }
        // Rows another unique key keeps out, values the target refuses, keys Java cannot compare: one by one, as if
        // each had just
        // changed.
        refetch(projection, mine, noting);
        return mine.size();
    }

    private boolean insertChunk(Projection projection, List<ProjectedRow> rows, boolean deleteFirst)
            throws SQLException {
        for (int contentions = 0; ; contentions++) {
            try {
                target.write(target.position(), connection -> {
                    if (deleteFirst) {
                        placing.clear(connection, projection, rows);
                    }
                    placing.insert(connection, projection, rows, new RowPlacing.Attempt());
                    failpoints.hit(Failpoint.COPY_ROWS_WRITTEN);
                });
                return true;
            } catch (SQLException e) {
                SqlFault fault = SqlFault.of(e);
                if (fault == SqlFault.CONTENTION && contentions < MAX_CONTENTIONS) {
                    backOff(contentions);
                } else if (fault == SqlFault.DUPLICATE || fault == SqlFault.DATA) {
                    return false;
                } else {
                    throw e;
                }
            }
        }
    }

    private void refetch(Projection projection, List<ProjectedRow> rows, Noting noting) throws SQLException {
        int size = 1000;
        for (int from = 0; from < rows.size(); from += size) {
            Batch batch = new Batch();
            rows.subList(from, Math.min(rows.size(), from + size))
                    .forEach(row -> batch.add(new ChangedKey(projection.table().name(), row.sourceKey(), row.slot())));
            apply(batch, target.position(), noting);
        }
    }

    private static void backOff(int attempt) {
        try {
            // A moment for the other transaction to end; random, so that two do not meet again.
            TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(1, 5 * attempt + 5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApplyFailedException("Interrupted while waiting to retry a batch; nothing was written.", e);
        }
    }
}
