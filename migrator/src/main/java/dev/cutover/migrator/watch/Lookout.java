package dev.cutover.migrator.watch;

import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.fence.Role;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.stage.StrayWrite;
import dev.cutover.core.topology.DatabaseId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decides which transactions of one server's binlog are stray.
 *
 * <p><b>Idea.</b> The fence is a row, so its moves stand in the same binlog as the writes it admits, and in the order in which they committed:
 * a writer holds the row until its commit, a move needs it alone. A change of a migrated table is fine while the last fence row seen says
 * primary; at any other time its transaction must carry the mark of an applier (a position), of a mirror or a copy (an origin).
 *
 * <p><b>What breaks otherwise.</b> Judged by the clock or by the register, the last write before a close and the first one after an open
 * would be called stray, or a late one would not.
 *
 * <p>Owned by one thread.
 */
final class Lookout {
    private static final String FENCE = "cutover_fence";
    private static final String MARKER = "cutover_marker";
    private static final Set<String> MARKS = Set.of("cutover_position", "cutover_origin");

    // As sql/fence/fence.sql has them.
    private static final int FENCE_COLUMNS = 7;
    private static final int FENCE_ROLE = 2;
    private static final int MARKER_STREAM = 0;
    private static final int MARKER_NONCE = 2;

    private static final Pattern CHANGE = Pattern.compile(
            "^\\s*(/\\*.*?\\*/\\s*)*(INSERT|UPDATE|DELETE|REPLACE|LOAD|WITH)\\s.*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final Pattern DEFINITION = Pattern.compile(
            "^\\s*(/\\*.*?\\*/\\s*)*(TRUNCATE|DROP\\s+TABLE|RENAME|ALTER\\s+TABLE)\\s.*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private final WatchedServer server;
    private final Map<DatabaseId, Role> roles = new TreeMap<>();
    private final Map<String, Begin> begins = new HashMap<>();

    private boolean asked;
    private String gtid = "";
    private final Map<Long, Mapped> mapped = new HashMap<>();
    private final Map<Touch, Long> touched = new LinkedHashMap<>();
    private final Set<String> marked = new HashSet<>();
    private final Map<DatabaseId, Role> moves = new TreeMap<>();

    /**
     * Begins behind a position.
     *
     * @param roles the fences there; a database that is not named is not judged before a marker tells its role
     */
    Lookout(WatchedServer server, Map<DatabaseId, Role> roles) {
        this.server = server;
        this.roles.putAll(roles);
    }

    private record Mapped(String schema, String table, boolean values) {}

    private record Touch(String schema, String table, StrayWrite.Kind kind) {}

    private record Begin(DatabaseId database, Role role) {}

    /** A marker with this nonce was written while the fence was held in this role: from it on, the role is known. */
    void await(String nonce, DatabaseId database, Role role) {
        begins.put(nonce, new Begin(database, role));
    }

    /** Whether the roles of all databases are known. */
    boolean knowsAll() {
        return roles.keySet().containsAll(server.schemas().values());
    }

    /** Whether somebody has asked, since this was called last, how far the look has come. */
    boolean asked() {
        boolean since = asked;
        asked = false;
        return since;
    }

    boolean allPrimary() {
        return knowsAll() && roles.values().stream().allMatch(role -> role == Role.PRIMARY);
    }

    Map<DatabaseId, Role> roles() {
        return Map.copyOf(roles);
    }

    void begin(String newGtid) {
        gtid = newGtid;
        mapped.clear();
        touched.clear();
        marked.clear();
        moves.clear();
    }

    /** A table is given a number, for the events that follow; whether the values of its rows are wanted. */
    boolean map(long id, String schema, String table) {
        if (!server.schemas().containsKey(schema)) {
            return false;
        }
        boolean values = table.equals(FENCE) || table.equals(MARKER);
        mapped.put(id, new Mapped(schema, table, values));
        return values;
    }

    /** Rows of a numbered table changed; the images after it, where their values were wanted. */
    void rows(long id, StrayWrite.Kind kind, List<? extends @Nullable Object[]> after) {
        Mapped table = mapped.get(id);
        if (table == null) {
            return;
        }
        if (table.table().equals(FENCE)) {
            fence(table, kind, after);
        } else if (table.table().equals(MARKER)) {
            after.forEach(row -> marker(text(row, MARKER_NONCE)));
            asked |= after.stream().anyMatch(row -> text(row, MARKER_STREAM).equals(StrayLedger.MARKER));
        } else if (MARKS.contains(table.table())) {
            marked.add(table.schema());
        } else {
            touch(table.schema(), table.table(), kind);
        }
    }

    private void touch(String schema, String table, StrayWrite.Kind kind) {
        if (server.tables().getOrDefault(schema, Set.of()).contains(table)) {
            touched.merge(new Touch(schema, table, kind), 1L, Long::sum);
        }
    }

    private void fence(Mapped table, StrayWrite.Kind kind, List<? extends @Nullable Object[]> after) {
        DatabaseId database = server.schemas().get(table.schema());
        if (database == null) {
            return;
        }
        // Without a row nobody may write.
        Role role = Role.CLOSING;
        for (@Nullable Object[] row : after) {
            if (row.length != FENCE_COLUMNS) {
                throw new WatchGapException(
                        gtid, "a move of the fence of " + database + " was logged with " + row.length + " columns");
            }
            String word = text(row, FENCE_ROLE);
            role = kind == StrayWrite.Kind.DELETE
                    ? Role.CLOSING
                    : word.equals(Role.PRIMARY.word())
                            ? Role.PRIMARY
                            : word.equals(Role.REPLICA.word()) ? Role.REPLICA : Role.CLOSING;
        }
        moves.put(database, role);
    }

    private void marker(String nonce) {
        Begin begin = begins.remove(nonce);
        if (begin != null) {
            moves.put(begin.database(), begin.role());
        }
    }

    private static String text(@Nullable Object[] row, int column) {
        Object value = column < row.length ? row[column] : null;
        return value instanceof byte[] bytes
                ? new String(bytes, StandardCharsets.ISO_8859_1)
                : String.valueOf(value).strip();
    }

    /** A statement stands in the binlog as it was typed. */
    void statement(String defaultSchema, String sql) {
        StrayWrite.Kind kind = CHANGE.matcher(sql).matches()
                ? StrayWrite.Kind.STATEMENT
                : DEFINITION.matcher(sql).matches() && !sql.endsWith(OwnMark.COMMENT) ? StrayWrite.Kind.DDL : null;
        if (kind == null) {
            return;
        }
        String text = sql.toLowerCase(Locale.ROOT);
        for (String schema : server.schemas().keySet()) {
            if (!schema.equals(defaultSchema) && !text.contains(schema.toLowerCase(Locale.ROOT))) {
                continue;
            }
            for (String table : server.tables().getOrDefault(schema, Set.of())) {
                if (Pattern.compile("(?<![\\w$])" + Pattern.quote(table.toLowerCase(Locale.ROOT)) + "(?![\\w$])")
                        .matcher(text)
                        .find()) {
                    touch(schema, table, kind);
                }
            }
        }
    }

    /** The transaction is complete; gives what was stray in it. */
    List<StrayWrite> end() {
        List<StrayWrite> strays = new ArrayList<>();
        touched.forEach((touch, events) -> {
            DatabaseId database = server.schemas().get(touch.schema());
            Role role = database == null ? null : roles.get(database);
            // A statement carries no mark of its own transaction's rows: whose it is, nobody knows.
            boolean own = marked.contains(touch.schema()) && touch.kind() != StrayWrite.Kind.STATEMENT;
            if (database != null && role != null && role != Role.PRIMARY && !own) {
                strays.add(StrayWrite.seen(
                        server.name(),
                        database.name(),
                        touch.table(),
                        gtid,
                        touch.kind(),
                        events,
                        role == Role.CLOSING ? "behind the close of its fence" : null));
            }
        });
        roles.putAll(moves);
        begin("");
        return strays;
    }
}
