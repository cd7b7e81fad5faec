package dev.cutover.migrator.stream;

import dev.cutover.core.row.RowKey;
import dev.cutover.migrator.stream.BinlogRecord.RowImage;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Puts records together to whole transactions, and stops at everything that keys alone cannot carry over.
 *
 * <p>A transaction is handed on only when its end was seen: half of one would be written and its position lost. One too big to hold
 * is handed on in parts that do not move the position; applying a part twice is harmless, because a change is a key and not a value.
 *
 * <p>Owned by one thread.
 */
final class TransactionAssembler {
    // As MySQL's HEX writes it: keys read and keys streamed are compared.
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private final String stream;
    private final WatchedTables tables;
    private final Set<String> knownServers;
    private final Predicate<String> acceptedDdl;
    private final int maxKeys;

    private @Nullable Open open;

    /**
     * Begins at the start position.
     *
     * @param knownServers the server UUIDs whose transactions are expected
     * @param acceptedDdl GTIDs of definition changes that people have looked at and let through
     * @param maxKeys a transaction with more changes is handed on in parts
     */
    TransactionAssembler(
            String stream, WatchedTables tables, Set<String> knownServers, Predicate<String> acceptedDdl, int maxKeys) {
        this.stream = stream;
        this.tables = tables;
        this.knownServers = Set.copyOf(knownServers);
        this.acceptedDdl = acceptedDdl;
        this.maxKeys = maxKeys;
    }

    /** A transaction whose end has not been seen. */
    private static final class Open {
        final String gtid;
        final String before;
        List<ChangedKey> keys = new ArrayList<>();
        final List<SeenMarker> markers = new ArrayList<>();

        Open(String gtid, String before) {
            this.gtid = gtid;
            this.before = before;
        }
    }

    /** Takes one record; gives a transaction, or a part of a big one, when there is one. */
    Optional<SourceTransaction> take(BinlogRecord record) {
        if (record instanceof BinlogRecord.Row row) {
            return row(row);
        }
        if (record instanceof BinlogRecord.Begin begin) {
            begin(begin);
            return Optional.empty();
        }
        if (record instanceof BinlogRecord.End end) {
            return Optional.of(end(end));
        }
        if (record instanceof BinlogRecord.Truncate truncate) {
            throw stopped(
                    "table " + truncate.table() + " was truncated, which no row event tells",
                    "transaction " + truncate.gtid(),
                    "Empty the physical tables on the other side and copy the table again, then start a new stream.");
        }
        ddl((BinlogRecord.Ddl) record);
        return Optional.empty();
    }

    private void begin(BinlogRecord.Begin begin) {
        if (open != null) {
            throw stopped(
                    "a transaction began before the end of " + open.gtid + " was seen",
                    "transaction " + begin.gtid(),
                    "This is an error of Cutover or of its binlog reader; report it.");
        }
        String server = serverOf(begin.gtid());
        if (!knownServers.contains(server)) {
            throw stopped(
                    "a transaction came from the unknown server " + server + "; known are " + knownServers,
                    "transaction " + begin.gtid(),
                    "Was there a failover, or is this server a replica? 'cutover adopt' checks and takes over a new server.");
        }
        open = new Open(begin.gtid(), begin.before());
    }

    private Optional<SourceTransaction> row(BinlogRecord.Row row) {
        Open transaction = open;
        if (transaction == null || row.gtid() == null) {
            throw stopped(
                    "a row of " + row.table() + " changed outside of a plain transaction, as XA transactions do",
                    "transaction " + row.gtid(),
                    "XA is not supported on migrated tables: end it at its source, then copy the table again.");
        }
        for (WatchedTable table : tables.of(row.table())) {
            if (table instanceof WatchedTable.Routed routed) {
                routed(transaction, routed, row);
            } else if (table instanceof WatchedTable.Placed placed) {
                placed(transaction, placed, row);
            } else if (table instanceof WatchedTable.Frozen frozen) {
                frozen(transaction, frozen, row);
            } else {
                marker(transaction, row);
            }
        }
        if (transaction.keys.size() < maxKeys) {
            return Optional.empty();
        }
        SourceTransaction part =
                new SourceTransaction(transaction.gtid, transaction.before, transaction.keys, List.of(), false);
        transaction.keys = new ArrayList<>();
        return Optional.of(part);
    }

    private SourceTransaction end(BinlogRecord.End end) {
        Open transaction = open;
        if (transaction == null || !transaction.gtid.equals(end.gtid())) {
            throw stopped(
                    "the end of a transaction came without its begin",
                    "transaction " + end.gtid(),
                    "This is an error of Cutover or of its binlog reader; report it.");
        }
        open = null;
        return new SourceTransaction(transaction.gtid, transaction.before, transaction.keys, transaction.markers, true);
    }

    private void ddl(BinlogRecord.Ddl ddl) {
        String gtid = ddl.gtid();
        if (gtid != null && acceptedDdl.test(gtid)) {
            return;
        }
        throw stopped(
                "the definition of a migrated table changed: " + oneLine(ddl.statement()),
                "schema " + ddl.schema() + ", transaction " + gtid,
                "Check that the plan's projection still fits the table and that the change rewrote no rows (else copy the "
                        + "table again); then let it through: setting 'accept_ddl' = '" + gtid + "'.");
    }

    private void routed(Open transaction, WatchedTable.Routed table, BinlogRecord.Row row) {
        ChangedKey was = place(table, row.before());
        ChangedKey is = place(table, row.after());
        if (was != null) {
            transaction.keys.add(was);
        }
        if (is != null && !is.equals(was)) {
            transaction.keys.add(is);
        }
    }

    private @Nullable ChangedKey place(WatchedTable.Routed table, @Nullable RowImage image) {
        return image == null
                ? null
                : new ChangedKey(
                        table.table(),
                        key(table.table(), table.keyColumns(), image),
                        table.slot(text(image.value(table.shardColumn()))));
    }

    private void placed(Open transaction, WatchedTable.Placed table, BinlogRecord.Row row) {
        RowImage before = row.before();
        RowImage after = row.after();
        String route = table.routeColumn();
        if (before != null && after != null && route != null && !same(before, after, route)) {
            throw stopped(
                    "row " + key(table.table(), table.keyColumns(), before).parts() + " of " + row.table()
                            + " changed its shard key " + route + " while NEW holds the truth",
                    "transaction " + row.gtid(),
                    "A shard key is immutable on NEW: write it back, move the row by delete and insert under a new key.");
        }
        RowKey was = before == null ? null : key(table.table(), table.keyColumns(), before);
        RowKey is = after == null ? null : key(table.table(), table.keyColumns(), after);
        if (was != null) {
            transaction.keys.add(new ChangedKey(table.table(), was, table.slot()));
        }
        if (is != null && !is.equals(was)) {
            transaction.keys.add(new ChangedKey(table.table(), is, table.slot()));
        }
    }

    private void frozen(Open transaction, WatchedTable.Frozen table, BinlogRecord.Row row) {
        RowImage before = row.before();
        RowImage after = row.after();
        String fix =
                "The " + table.role() + " is frozen and is not streamed. Undo the change on the source, or copy the "
                        + "tables that depend on it again.";
        if (before == null || after == null) {
            throw stopped(
                    "a row was " + (before == null ? "inserted into" : "deleted from") + " the frozen table "
                            + row.table(),
                    "transaction " + transaction.gtid,
                    fix);
        }
        List<String> changed = table.columns().stream()
                .filter(column -> !same(before, after, column))
                .sorted()
                .toList();
        if (!changed.isEmpty()) {
            throw stopped(
                    "columns " + changed + " of the frozen table " + row.table() + " were updated",
                    "transaction " + transaction.gtid,
                    fix);
        }
    }

    private static void marker(Open transaction, BinlogRecord.Row row) {
        RowImage after = row.after();
        if (after != null) {
            transaction.markers.add(new SeenMarker(
                    String.valueOf(text(after.value(WatchedTable.Markers.NAME))),
                    String.valueOf(text(after.value(WatchedTable.Markers.NONCE)))));
        }
    }

    private static boolean same(RowImage before, RowImage after, String column) {
        Object was = before.value(column);
        Object is = after.value(column);
        return was instanceof byte[] bytes && is instanceof byte[] others
                ? Arrays.equals(bytes, others)
                : Objects.equals(was, is);
    }

    private RowKey key(String table, List<String> columns, RowImage image) {
        List<String> parts = new ArrayList<>(columns.size());
        for (String column : columns) {
            String part = text(image.value(column));
            if (part == null) {
                // A key holds no NULL: it is a value the binlog reader has no word for.
                throw stopped(
                        "a row of " + table + " changed whose key column " + column + " holds a date that is none",
                        "column " + column,
                        "Give such rows a real date on the source, then copy the table again.");
            }
            parts.add(part);
        }
        return new RowKey(parts);
    }

    /** As {@link RowKey} writes it. */
    private static @Nullable String text(@Nullable Object value) {
        if (value == null) {
            return null;
        }
        if (value instanceof BigDecimal number) {
            return number.toPlainString();
        }
        if (value instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return "0x" + HEX.formatHex(bytes);
        }
        if (value instanceof byte[] bytes) {
            return "0x" + HEX.formatHex(bytes);
        }
        return value.toString();
    }

    static String serverOf(String gtid) {
        int colon = gtid.indexOf(':');
        return (colon < 0 ? gtid : gtid.substring(0, colon)).toLowerCase(Locale.ROOT);
    }

    private static String oneLine(String statement) {
        String line = statement.replaceAll("\\s+", " ").strip();
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }

    private StreamStoppedException stopped(String what, String where, String fix) {
        return new StreamStoppedException(stream, what, where, fix);
    }
}
