package dev.cutover.chaos.checker;

import com.github.shyiko.mysql.binlog.BinaryLogFileReader;
import com.github.shyiko.mysql.binlog.event.DeleteRowsEventData;
import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.EventHeaderV4;
import com.github.shyiko.mysql.binlog.event.GtidEventData;
import com.github.shyiko.mysql.binlog.event.PreviousGtidSetEventData;
import com.github.shyiko.mysql.binlog.event.QueryEventData;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.UpdateRowsEventData;
import com.github.shyiko.mysql.binlog.event.WriteRowsEventData;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The transactions in the binlog files of a server that is down or still writes: one transaction in memory at a time, in the order the server
 * committed them. Owned by one thread.
 *
 * <p>A file that ends within an event, or within a transaction, ends before it: the server had not committed it, or will trim it when it
 * recovers. An event that is whole and cannot be read is refused.
 */
final class BinlogFolder implements TransactionLog {
    private static final byte[] MAGIC = BinaryLogFileReader.MAGIC_HEADER;

    private final String server;
    private final List<Path> files;
    private final BiPredicate<String, String> wanted;
    private int nextFile;
    private long bytes;
    private @Nullable OpenFile open;
    private String missing = "";

    /**
     * @param wanted by schema and table: whose rows are decoded
     */
    BinlogFolder(String server, Path folder, BiPredicate<String, String> wanted) {
        this.server = server;
        this.files = BinlogFiles.of(folder);
        this.wanted = wanted;
    }

    @Override
    public String server() {
        return server;
    }

    @Override
    public long files() {
        return nextFile;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public String missing() {
        return missing;
    }

    @Override
    public Optional<LoggedTransaction> next() {
        while (true) {
            OpenFile current = open;
            if (current == null) {
                if (nextFile == files.size()) {
                    return Optional.empty();
                }
                current = begin(files.get(nextFile++));
                open = current;
            }
            LoggedTransaction found = current.next();
            if (found != null) {
                return Optional.of(found);
            }
            close();
        }
    }

    private OpenFile begin(Path file) {
        try {
            bytes += Files.size(file);
            return new OpenFile(file);
        } catch (IOException e) {
            throw unreadable(file, 0, e);
        }
    }

    @Override
    public void close() {
        OpenFile current = open;
        open = null;
        if (current != null) {
            try {
                if (current.reader != null) {
                    current.reader.close();
                }
            } catch (IOException e) {
                throw unreadable(current.file, current.end, e);
            }
        }
    }

    private static EvidenceUnreadableException unreadable(Path file, long position, Exception e) {
        return new EvidenceUnreadableException(
                file + ":" + position + " cannot be read as a binlog: " + e.getMessage(), e);
    }

    /** One file and the transaction being gathered from it. */
    private final class OpenFile {
        private final Path file;
        private final Map<Long, TableMapEventData> tables;
        private final @Nullable BinaryLogFileReader reader;
        private long end = MAGIC.length;
        private long size;

        private long begun;
        private String gtid = "";
        private long committedMicros;
        private boolean inTransaction;
        private List<RowChange> rows = new ArrayList<>();

        OpenFile(Path file) throws IOException {
            this.file = file;
            EventDecoding decoding = new EventDecoding(wanted);
            this.tables = decoding.tables();
            // A server that died as it made the file leaves less than the four bytes every binlog begins with.
            this.reader = Files.size(file) < MAGIC.length
                    ? null
                    : new BinaryLogFileReader(new BulkInputStream(Files.newInputStream(file)), decoding.deserializer());
        }

        @Nullable
        LoggedTransaction next() {
            if (reader == null) {
                return null;
            }
            while (true) {
                Event event;
                try {
                    event = reader.readEvent();
                } catch (IOException | RuntimeException e) {
                    return torn(e);
                }
                if (event == null) {
                    return null;
                }
                EventHeaderV4 header = event.getHeader();
                long start = end;
                if (start + header.getEventLength() > size) {
                    // The library does not miss a part of the last checksum.
                    size = length();
                    if (start + header.getEventLength() > size) {
                        return torn(new IOException("the event is longer than what is left"));
                    }
                }
                end += header.getEventLength();
                LoggedTransaction done = take(event, header, start);
                if (done != null) {
                    return done;
                }
            }
        }

        private @Nullable LoggedTransaction take(Event event, EventHeaderV4 header, long start) {
            switch (header.getEventType()) {
                case PREVIOUS_GTIDS -> {
                    PreviousGtidSetEventData before = event.getData();
                    if (nextFile == 1 && before.getGtidSet() != null) {
                        missing = before.getGtidSet();
                    }
                }
                case GTID, ANONYMOUS_GTID -> {
                    GtidEventData of = event.getData();
                    begin(start, of);
                }
                case QUERY -> {
                    QueryEventData query = event.getData();
                    return statement(query);
                }
                case EXT_WRITE_ROWS, WRITE_ROWS -> {
                    WriteRowsEventData written = event.getData();
                    for (Serializable[] row : written.getRows()) {
                        add(written.getTableId(), null, row);
                    }
                }
                case EXT_UPDATE_ROWS, UPDATE_ROWS -> {
                    UpdateRowsEventData updated = event.getData();
                    for (Map.Entry<Serializable[], Serializable[]> row : updated.getRows()) {
                        add(updated.getTableId(), row.getKey(), row.getValue());
                    }
                }
                case EXT_DELETE_ROWS, DELETE_ROWS -> {
                    DeleteRowsEventData deleted = event.getData();
                    for (Serializable[] row : deleted.getRows()) {
                        add(deleted.getTableId(), row, null);
                    }
                }
                case XID -> {
                    return finish("", "");
                }
                case TRANSACTION_PAYLOAD, XA_PREPARE, GTID_TAGGED, PARTIAL_UPDATE_ROWS_EVENT ->
                    throw unreadable(
                            file,
                            start,
                            new IOException("events of the type " + header.getEventType() + " are not read"));
                default -> {}
            }
            return null;
        }

        private void begin(long start, GtidEventData of) {
            begun = start;
            gtid = of.getMySqlGtid() == null ? "no GTID" : of.getMySqlGtid().toString();
            committedMicros = of.getImmediateCommitTimestamp();
            inTransaction = false;
            rows = new ArrayList<>();
        }

        private @Nullable LoggedTransaction statement(QueryEventData query) {
            String sql = query.getSql();
            if (sql.equals("BEGIN")) {
                inTransaction = true;
                return null;
            }
            if (sql.equals("COMMIT")) {
                return finish("", "");
            }
            if (inTransaction) {
                return null;
            }
            return finish(query.getDatabase(), sql);
        }

        private LoggedTransaction finish(String database, String sql) {
            inTransaction = false;
            return new LoggedTransaction(
                    server, file.getFileName().toString(), begun, gtid, committedMicros, rows, database, sql);
        }

        private void add(long tableId, Serializable @Nullable [] before, Serializable @Nullable [] after) {
            TableMapEventData table = tables.get(tableId);
            if (table == null) {
                throw unreadable(file, end, new IOException("rows of the unknown table " + tableId));
            }
            rows.add(new RowChange(
                    table.getDatabase(),
                    table.getTable(),
                    before == null ? null : new RowImage(before),
                    after == null ? null : new RowImage(after)));
        }

        // A server that recovers trims the file it wrote to; so only the very last may end within an event.
        private @Nullable LoggedTransaction torn(Exception e) {
            if (nextFile == files.size() && endsWithin()) {
                return null;
            }
            throw unreadable(file, end, e);
        }

        private long length() {
            try {
                return Files.size(file);
            } catch (IOException e) {
                throw unreadable(file, end, e);
            }
        }

        // The header of an event holds its length in bytes 9 to 12.
        private boolean endsWithin() {
            try (RandomAccessFile bytesOf = new RandomAccessFile(file.toFile(), "r")) {
                long rest = bytesOf.length() - end;
                if (rest < 19) {
                    return true;
                }
                bytesOf.seek(end + 9);
                byte[] length = new byte[4];
                bytesOf.readFully(length);
                return rest
                        < Integer.toUnsignedLong(ByteBuffer.wrap(length)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getInt());
            } catch (IOException e) {
                throw unreadable(file, end, e);
            }
        }
    }
}
