package dev.cutover.core.stage;

import dev.cutover.core.fence.Role;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.DatabaseId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jspecify.annotations.Nullable;

/**
 * Stray writes and how far the watch has looked, in the control database. Safe for many threads and processes.
 *
 * <p>Recording one twice is recording it once, so a watch records first and moves its position after: what it does not know to be recorded it
 * looks at again.
 */
public final class StrayLedger {
    /** A marker of this name in a server's binlog asks its watch to record at once what it has found up to there. */
    public static final String MARKER = "look";

    private static final String COLUMNS =
            "SELECT stray_no, server, database_name, table_name, gtid, kind, events, detail,"
                    + " CAST(UNIX_TIMESTAMP(seen_at) * 1000 AS SIGNED) AS seen_ms, acknowledged_by,"
                    + " CAST(UNIX_TIMESTAMP(acknowledged_at) * 1000 AS SIGNED) AS acknowledged_ms, acknowledged_reason"
                    + " FROM cutover_stray ";

    private final ControlSessions sessions;

    public StrayLedger(DataSource control) {
        this.sessions = new ControlSessions(control);
    }

    /** Writes down what is not there yet. */
    public void record(Collection<StrayWrite> strays) {
        if (strays.isEmpty()) {
            return;
        }
        sessions.with("record stray writes", handle -> {
            PreparedBatch batch = handle.prepareBatch(
                    "INSERT IGNORE INTO cutover_stray (server, database_name, table_name, gtid, kind, events, detail)"
                            + " VALUES (:server, :database, :table, :gtid, :kind, :events, :detail)");
            for (StrayWrite stray : strays) {
                batch.bind("server", stray.server())
                        .bind("database", stray.database())
                        .bind("table", stray.table())
                        .bind("gtid", stray.gtid())
                        .bind("kind", stray.kind().name())
                        .bind("events", stray.events())
                        .bind("detail", stray.detail())
                        .add();
            }
            return batch.execute();
        });
    }

    /** Those nobody has acknowledged, oldest first. */
    public List<StrayWrite> open() {
        return select(COLUMNS + "WHERE acknowledged_at IS NULL ORDER BY stray_no LIMIT 1000");
    }

    /** All, newest last; at most the last thousand. */
    public List<StrayWrite> all() {
        return select("SELECT * FROM (" + COLUMNS + "ORDER BY stray_no DESC LIMIT 1000) newest ORDER BY stray_no");
    }

    /** How many nobody has acknowledged. */
    public long openCount() {
        return sessions.with(
                "count stray writes",
                handle -> handle.createQuery("SELECT COUNT(*) FROM cutover_stray WHERE acknowledged_at IS NULL")
                        .mapTo(Long.class)
                        .one());
    }

    /**
     * Says of strays that somebody has looked at them; one that was acknowledged before stays as it was.
     *
     * @param numbers which; none means all that are open up to {@code last}
     * @param last the newest that was looked at
     * @return how many it was
     */
    public int acknowledge(Collection<Long> numbers, long last, String by, String reason) {
        String which = numbers.isEmpty()
                ? ""
                : " AND stray_no IN (" + numbers.stream().map(String::valueOf).collect(Collectors.joining(",")) + ")";
        return sessions.with(
                "acknowledge stray writes",
                handle -> handle.createUpdate(
                                "UPDATE cutover_stray SET acknowledged_at = NOW(3), acknowledged_by = :by,"
                                        + " acknowledged_reason = :reason WHERE acknowledged_at IS NULL AND stray_no <= :last"
                                        + which)
                        .bind("by", by.length() <= 200 ? by : by.substring(0, 200))
                        .bind("reason", reason)
                        .bind("last", last)
                        .execute());
    }

    /** How far a server was looked at. */
    public Optional<WatchPosition> position(String server) {
        return sessions.with(
                "read how far " + server + " is watched",
                handle -> handle.createQuery("SELECT gtid_set, roles FROM cutover_watch WHERE server = :server")
                        .bind("server", server)
                        .map((row, context) -> new WatchPosition(
                                server, GtidSet.parse(row.getString("gtid_set")), roles(row.getString("roles"))))
                        .findOne());
    }

    /** Moves how far a server was looked at; what was seen up to there must be recorded before. */
    public void save(WatchPosition position) {
        String roles = new TreeMap<>(position.roles())
                .entrySet().stream()
                        .map(role -> role.getKey() + "=" + role.getValue().word())
                        .collect(Collectors.joining(","));
        sessions.with(
                "save how far " + position.server() + " is watched",
                handle -> handle.createUpdate("INSERT INTO cutover_watch (server, gtid_set, roles)"
                                + " VALUES (:server, :set, :roles) ON DUPLICATE KEY UPDATE gtid_set = VALUES(gtid_set),"
                                + " roles = VALUES(roles)")
                        .bind("server", position.server())
                        .bind("set", position.looked().toString())
                        .bind("roles", roles)
                        .execute());
    }

    /** Forgets how far a server was looked at: the next watch begins anew. */
    public void forget(String server) {
        sessions.with(
                "forget how far " + server + " is watched",
                handle -> handle.createUpdate("DELETE FROM cutover_watch WHERE server = :server")
                        .bind("server", server)
                        .execute());
    }

    private List<StrayWrite> select(String sql) {
        return sessions.with(
                "read stray writes",
                handle -> handle.createQuery(sql)
                        .map((row, context) -> stray(row))
                        .list());
    }

    private static StrayWrite stray(ResultSet row) throws SQLException {
        @Nullable String by = row.getString("acknowledged_by");
        @Nullable String reason = row.getString("acknowledged_reason");
        return new StrayWrite(
                row.getLong("stray_no"),
                row.getString("server"),
                row.getString("database_name"),
                row.getString("table_name"),
                row.getString("gtid"),
                StrayWrite.Kind.valueOf(row.getString("kind")),
                row.getLong("events"),
                row.getString("detail"),
                Instant.ofEpochMilli(row.getLong("seen_ms")),
                by == null
                        ? null
                        : new StrayWrite.Acknowledged(
                                by,
                                Instant.ofEpochMilli(row.getLong("acknowledged_ms")),
                                reason == null ? "" : reason));
    }

    private static Map<DatabaseId, Role> roles(String text) {
        Map<DatabaseId, Role> roles = new TreeMap<>();
        for (String role : text.split(",", -1)) {
            int equals = role.indexOf('=');
            if (equals > 0) {
                roles.put(new DatabaseId(role.substring(0, equals)), Role.ofWord(role.substring(equals + 1)));
            }
        }
        return roles;
    }
}
