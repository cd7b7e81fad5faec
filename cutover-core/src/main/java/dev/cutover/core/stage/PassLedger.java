package dev.cutover.core.stage;

import dev.cutover.core.row.KeyRange;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jspecify.annotations.Nullable;

/**
 * What verification passes that have not ended have proven, in the control database. Safe for many threads and processes: a pass belongs to
 * the run that took it over last, and nobody else can add to it.
 */
public final class PassLedger {
    private final ControlSessions sessions;

    public PassLedger(DataSource control) {
        this.sessions = new ControlSessions(control);
    }

    /**
     * A pass that somebody began and did not end.
     *
     * @param positions by database, what its server had executed when the pass began; empty when that was not written down
     */
    public record Unfinished(String firstRunId, Instant startedAt, Map<String, String> positions) {
        public Unfinished {
            positions = Map.copyOf(positions);
        }
    }

    /**
     * Makes the unfinished pass of that fingerprint the run's own.
     *
     * @param within how long ago the pass may have begun: nothing that counts is older
     * @return nothing when there is none
     */
    public Optional<Unfinished> takeOver(String fingerprint, String runId, Duration within) {
        return sessions.inTransaction("go on with an interrupted verification", handle -> {
            Optional<String> former = handle.createQuery(
                            "SELECT run_id FROM cutover_pass WHERE fingerprint = :fingerprint"
                                    + " AND started_at >= NOW(3) - INTERVAL :seconds SECOND FOR UPDATE")
                    .bind("fingerprint", fingerprint)
                    .bind("seconds", within.toSeconds())
                    .mapTo(String.class)
                    .findOne();
            if (former.isEmpty()) {
                return Optional.empty();
            }
            handle.createUpdate("UPDATE cutover_pass SET run_id = :run WHERE fingerprint = :fingerprint")
                    .bind("run", runId)
                    .bind("fingerprint", fingerprint)
                    .execute();
            handle.createUpdate("UPDATE cutover_pass_range SET run_id = :run WHERE run_id = :former")
                    .bind("run", runId)
                    .bind("former", former.get())
                    .execute();
            return handle.createQuery(
                            "SELECT first_run_id, positions, CAST(UNIX_TIMESTAMP(started_at) * 1000 AS SIGNED) AS started"
                                    + " FROM cutover_pass WHERE fingerprint = :fingerprint")
                    .bind("fingerprint", fingerprint)
                    .map((row, context) -> new Unfinished(
                            row.getString("first_run_id"),
                            Instant.ofEpochMilli(row.getLong("started")),
                            positions(row.getString("positions"))))
                    .findOne();
        });
    }

    /**
     * Begins a pass, and forgets the unfinished ones of the same state and those begun longer ago than {@code within}.
     *
     * @param positions by database, what its server has executed now
     */
    public void begin(String fingerprint, String runId, Duration within, Map<String, String> positions) {
        sessions.inTransaction("begin a verification", handle -> {
            handle.createUpdate("DELETE FROM cutover_pass WHERE fingerprint = :fingerprint"
                            + " OR started_at < NOW(3) - INTERVAL :seconds SECOND")
                    .bind("fingerprint", fingerprint)
                    .bind("seconds", within.toSeconds())
                    .execute();
            handle.execute("DELETE r FROM cutover_pass_range r LEFT JOIN cutover_pass p ON p.run_id = r.run_id"
                    + " WHERE p.run_id IS NULL");
            return handle.createUpdate("INSERT INTO cutover_pass (fingerprint, run_id, first_run_id, positions)"
                            + " VALUES (:fingerprint, :run, :run, :positions)")
                    .bind(
                            "positions",
                            positions.entrySet().stream()
                                    .map(one -> one.getKey() + "=" + one.getValue())
                                    .collect(Collectors.joining("\n")))
                    .bind("fingerprint", fingerprint)
                    .bind("run", runId)
                    .execute();
        });
    }

    /** Writes the grid of a table down. */
    public void plan(String runId, String table, List<PassRange> ranges) {
        sessions.inTransaction("write down the key ranges of " + table, handle -> {
            PreparedBatch batch =
                    handle.prepareBatch("INSERT INTO cutover_pass_range (run_id, table_name, range_no, lo, hi)"
                            + " VALUES (:run, :table, :number, :lo, :hi)");
            for (PassRange range : ranges) {
                batch.bind("run", runId)
                        .bind("table", table)
                        .bind("number", range.number())
                        .bind("lo", range.keys().loText())
                        .bind("hi", range.keys().hiText())
                        .add();
            }
            return batch.execute();
        });
    }

    /** The grid of a table; none when it was not written down yet. */
    public List<PassRange> ranges(String runId, String table) {
        return sessions.with(
                "read the key ranges of " + table,
                handle -> handle.createQuery("SELECT range_no, lo, hi, proven_at IS NOT NULL AS proven,"
                                + " CAST(UNIX_TIMESTAMP(proven_at) * 1000 AS SIGNED) AS read_at, cells,"
                                + " source_rows, target_rows, unmapped FROM cutover_pass_range WHERE run_id = :run AND table_name = :table"
                                + " ORDER BY range_no")
                        .bind("run", runId)
                        .bind("table", table)
                        .map((row, context) -> new PassRange(
                                row.getInt("range_no"),
                                KeyRange.ofTexts(row.getString("lo"), row.getString("hi")),
                                row.getBoolean("proven"),
                                row.getBoolean("proven") ? Instant.ofEpochMilli(row.getLong("read_at")) : null,
                                row.getLong("cells"),
                                row.getLong("source_rows"),
                                row.getLong("target_rows"),
                                row.getLong("unmapped")))
                        .list());
    }

    /** Says that a range was equal; false when another run has taken the pass over, and nothing is written. */
    public boolean proven(String runId, String table, PassRange range) {
        return sessions.with(
                        "write down that a range of " + table + " is equal",
                        handle -> handle.createUpdate(
                                        "UPDATE cutover_pass_range SET proven_at = NOW(3), cells = :cells,"
                                                + " source_rows = :source, target_rows = :target, unmapped = :unmapped"
                                                + " WHERE run_id = :run AND table_name = :table AND range_no = :number")
                                .bind("cells", range.cells())
                                .bind("source", range.sourceRows())
                                .bind("target", range.targetRows())
                                .bind("unmapped", range.unmapped())
                                .bind("run", runId)
                                .bind("table", table)
                                .bind("number", range.number())
                                .execute())
                == 1;
    }

    /** The pass has ended. */
    public void forget(String runId) {
        sessions.inTransaction("end a verification", handle -> {
            handle.createUpdate("DELETE FROM cutover_pass WHERE run_id = :run")
                    .bind("run", runId)
                    .execute();
            return handle.createUpdate("DELETE FROM cutover_pass_range WHERE run_id = :run")
                    .bind("run", runId)
                    .execute();
        });
    }

    private static Map<String, String> positions(@Nullable String text) {
        Map<String, String> positions = new TreeMap<>();
        for (String line : text == null ? new String[0] : text.split("\n", -1)) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                positions.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        return positions;
    }
}
