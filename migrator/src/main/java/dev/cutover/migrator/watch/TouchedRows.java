package dev.cutover.migrator.watch;

import com.github.shyiko.mysql.binlog.event.DeleteRowsEventData;
import com.github.shyiko.mysql.binlog.event.EventData;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.UpdateRowsEventData;
import com.github.shyiko.mysql.binlog.event.WriteRowsEventData;
import com.github.shyiko.mysql.binlog.event.deserialization.DeleteRowsEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.UpdateRowsEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.WriteRowsEventDataDeserializer;
import com.github.shyiko.mysql.binlog.io.ByteArrayInputStream;
import dev.cutover.core.stage.StrayWrite;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * A row event of which only the table's number is read, and of the few wanted tables the rows.
 *
 * @param after the images after the change; of a delete those before; empty where the values are not wanted
 */
record TouchedRows(long tableId, StrayWrite.Kind kind, List<? extends Serializable[]> after) implements EventData {
    private static final int TABLE_ID_BYTES = 6;

    /** Of an event that the reader has taken apart already, as it does with compressed transactions. */
    static TouchedRows of(EventData data) {
        if (data instanceof TouchedRows rows) {
            return rows;
        }
        if (data instanceof WriteRowsEventData rows) {
            return new TouchedRows(rows.getTableId(), StrayWrite.Kind.INSERT, rows.getRows());
        }
        if (data instanceof UpdateRowsEventData rows) {
            return new TouchedRows(
                    rows.getTableId(),
                    StrayWrite.Kind.UPDATE,
                    rows.getRows().stream().map(Map.Entry::getValue).toList());
        }
        if (data instanceof DeleteRowsEventData rows) {
            return new TouchedRows(rows.getTableId(), StrayWrite.Kind.DELETE, rows.getRows());
        }
        throw new IllegalArgumentException("Not a row event: " + data.getClass());
    }

    /** Reads events of one kind; {@code wanted} holds the tables whose values are. */
    static EventDataDeserializer<TouchedRows> reader(StrayWrite.Kind kind, Map<Long, TableMapEventData> wanted) {
        EventDataDeserializer<?> values = switch (kind) {
            case INSERT -> new WriteRowsEventDataDeserializer(wanted).setMayContainExtraInformation(true);
            case UPDATE -> new UpdateRowsEventDataDeserializer(wanted).setMayContainExtraInformation(true);
            default -> new DeleteRowsEventDataDeserializer(wanted).setMayContainExtraInformation(true);
        };
        return input -> read(input, kind, wanted, values);
    }

    private static TouchedRows read(
            ByteArrayInputStream input,
            StrayWrite.Kind kind,
            Map<Long, TableMapEventData> wanted,
            EventDataDeserializer<?> values)
            throws IOException {
        byte[] id = input.read(TABLE_ID_BYTES);
        long tableId = 0;
        for (int i = TABLE_ID_BYTES - 1; i >= 0; i--) {
            tableId = tableId << 8 | id[i] & 0xff;
        }
        if (!wanted.containsKey(tableId)) {
            // The reader skips the rest: not a value is decoded.
            return new TouchedRows(tableId, kind, List.of());
        }
        byte[] rest = input.read(input.available());
        byte[] whole = new byte[id.length + rest.length];
        System.arraycopy(id, 0, whole, 0, id.length);
        System.arraycopy(rest, 0, whole, id.length, rest.length);
        return of(values.deserialize(new ByteArrayInputStream(whole)));
    }
}
