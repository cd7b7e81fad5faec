package dev.cutover.core.stage;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jspecify.annotations.Nullable;

/**
 * As of which position each database is proven equal, in the control database. Safe for many threads and processes.
 *
 * <p>That a stray write voids a proof is never written down: it is read from the stray writes themselves, those that somebody has
 * acknowledged included. So no order of events can lose it, and only a pass that began after the write was seen heals it.
 */
public final class ProofLedger {
    private static final String PROOFS = "SELECT p.database_name, p.truth, p.run_id, p.epoch, p.gtid_set,"
            + " CAST(UNIX_TIMESTAMP(p.started_at) * 1000 AS SIGNED) AS started,"
            + " CAST(UNIX_TIMESTAMP(p.proven_at) * 1000 AS SIGNED) AS proven, p.rechecked, p.passed_over,"
            + " CAST(UNIX_TIMESTAMP(p.rechecked_at) * 1000 AS SIGNED) AS rechecked_ms, p.void_reason, s.strays, s.last_seen"
            + " FROM cutover_proof p LEFT JOIN"
            + " (SELECT q.database_name, q.truth, COUNT(*) AS strays, CAST(UNIX_TIMESTAMP(MAX(w.seen_at)) * 1000 AS SIGNED) AS last_seen"
            + " FROM cutover_proof q JOIN cutover_stray w ON w.seen_at >= q.started_at"
            + " AND (w.kind = 'UNWATCHED' OR w.database_name = IF(q.truth = 'OLD', q.database_name, 'old'))"
            + " GROUP BY q.database_name, q.truth) s"
            + " ON s.database_name = p.database_name AND s.truth = p.truth";

    private final ControlSessions sessions;

    public ProofLedger(DataSource control) {
        this.sessions = new ControlSessions(control);
    }

    /**
     * A full pass found everything equal. What was said against a database before the pass began is over; what was said since stands.
     *
     * @param positions by database, what its source had executed when the pass began
     * @param startedAt when it began, by the control database's clock
     */
    public void proven(String runId, Side truth, Epoch epoch, Map<DatabaseId, String> positions, Instant startedAt) {
        sessions.inTransaction("record what is proven equal", handle -> {
            PreparedBatch batch = handle.prepareBatch("INSERT INTO cutover_proof"
                    + " (database_name, truth, run_id, epoch, gtid_set, started_at, proven_at)"
                    + " VALUES (:database, :truth, :run, :epoch, :set, FROM_UNIXTIME(:started / 1000), NOW(3))"
                    + " ON DUPLICATE KEY UPDATE run_id = VALUES(run_id), epoch = VALUES(epoch),"
                    + " gtid_set = VALUES(gtid_set), started_at = VALUES(started_at), proven_at = NOW(3), rechecked = 0,"
                    + " passed_over = 0, rechecked_at = NULL,"
                    + " void_reason = IF(void_at >= VALUES(started_at), void_reason, NULL),"
                    + " void_at = IF(void_at >= VALUES(started_at), void_at, NULL)");
            positions.forEach((database, set) -> batch.bind("database", database.name())
                    .bind("truth", truth.name())
                    .bind("run", runId)
                    .bind("epoch", epoch.number())
                    .bind("set", set)
                    .bind("started", startedAt.toEpochMilli())
                    .add());
            batch.execute();
            return handle.createUpdate("DELETE FROM cutover_difference WHERE found_at < FROM_UNIXTIME(:started / 1000)")
                    .bind("started", startedAt.toEpochMilli())
                    .execute();
        });
    }

    /** Says against these databases that they are not equal; until a pass that begins later. */
    public void voided(Collection<DatabaseId> databases, Side truth, String reason) {
        if (databases.isEmpty()) {
            return;
        }
        sessions.with("record that a proof does not hold", handle -> {
            PreparedBatch batch = handle.prepareBatch("UPDATE cutover_proof SET void_reason = :reason, void_at = NOW(3)"
                    + " WHERE database_name = :database AND truth = :truth");
            databases.forEach(database -> batch.bind("database", database.name())
                    .bind("truth", truth.name())
                    .bind("reason", reason)
                    .add());
            return batch.execute();
        });
    }

    /** Rows that differ; one that is known is known once, with the time it was seen last. */
    public void record(Collection<SeenDifference> differences) {
        if (differences.isEmpty()) {
            return;
        }
        sessions.with("record rows that differ", handle -> {
            PreparedBatch batch =
                    handle.prepareBatch("INSERT INTO cutover_difference (table_name, place, row_key, kind, detail)"
                            + " VALUES (:table, :place, :key, :kind, :detail) ON DUPLICATE KEY UPDATE kind = VALUES(kind),"
                            + " detail = VALUES(detail), found_at = NOW(3)");
            for (SeenDifference difference : differences) {
                batch.bind("table", difference.table())
                        .bind("place", difference.place())
                        .bind("key", difference.key())
                        .bind("kind", difference.kind())
                        .bind("detail", difference.detailJson())
                        .add();
            }
            return batch.execute();
        });
    }

    /** Counts changed keys that were compared again in a database, and those that were passed over. */
    public void rechecked(DatabaseId database, Side truth, long checked, long passedOver) {
        sessions.with(
                "count changed keys",
                handle -> handle.createUpdate("UPDATE cutover_proof SET rechecked = rechecked + :checked,"
                                + " passed_over = passed_over + :over,"
                                + " rechecked_at = IF(:checked > 0, NOW(3), rechecked_at)"
                                + " WHERE database_name = :database AND truth = :truth")
                        .bind("checked", checked)
                        .bind("over", passedOver)
                        .bind("database", database.name())
                        .bind("truth", truth.name())
                        .execute());
    }

    /** What is proven of each database while this side holds the truth, void or not. */
    public List<Proof> proofs(Side truth) {
        return sessions.with(
                "read what is proven equal",
                handle -> handle.createQuery(PROOFS + " WHERE p.truth = :truth ORDER BY p.database_name")
                        .bind("truth", truth.name())
                        .map((row, context) -> proof(row))
                        .list());
    }

    /** Certified since the last full pass that found everything equal; oldest first, at most a thousand. */
    public List<SeenDifference> differences() {
        return sessions.with(
                "read the rows that differ",
                handle -> handle.createQuery("SELECT table_name, place, row_key, kind, detail,"
                                + " CAST(UNIX_TIMESTAMP(found_at) * 1000 AS SIGNED) AS found FROM cutover_difference"
                                + " ORDER BY difference_no LIMIT 1000")
                        .map((row, context) -> new SeenDifference(
                                row.getString("table_name"),
                                row.getString("place"),
                                row.getString("row_key"),
                                row.getString("kind"),
                                Instant.ofEpochMilli(row.getLong("found")),
                                row.getString("detail")))
                        .list());
    }

    private static Proof proof(ResultSet row) throws SQLException {
        long recheckedAt = row.getLong("rechecked_ms");
        @Nullable Instant last = row.wasNull() ? null : Instant.ofEpochMilli(recheckedAt);
        long strays = row.getLong("strays");
        @Nullable String reason = row.getString("void_reason");
        if (strays > 0) {
            Instant seen = Instant.ofEpochMilli(row.getLong("last_seen"));
            String said = strays + (strays == 1 ? " stray write was" : " stray writes were")
                    + " seen since the pass began"
                    + ", the last at " + seen;
            reason = reason == null ? said : reason + "; " + said;
        }
        return new Proof(
                new DatabaseId(row.getString("database_name")),
                Side.valueOf(row.getString("truth")),
                row.getString("run_id"),
                new Epoch(row.getLong("epoch")),
                row.getString("gtid_set"),
                Instant.ofEpochMilli(row.getLong("started")),
                Instant.ofEpochMilli(row.getLong("proven")),
                row.getLong("rechecked"),
                row.getLong("passed_over"),
                last,
                reason);
    }
}
