package dev.cutover.chaos.checker;

import com.github.shyiko.mysql.binlog.event.DeleteRowsEventData;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.UpdateRowsEventData;
import com.github.shyiko.mysql.binlog.event.WriteRowsEventData;
import com.github.shyiko.mysql.binlog.event.deserialization.DeleteRowsEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer.CompatibilityMode;
import com.github.shyiko.mysql.binlog.event.deserialization.EventHeaderV4Deserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.FormatDescriptionEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.GtidEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.NullEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.PreviousGtidSetDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.QueryEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.TableMapEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.UpdateRowsEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.WriteRowsEventDataDeserializer;
import com.github.shyiko.mysql.binlog.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;

/** How the events of one binlog file are decoded: rows of wanted tables and what frames transactions, nothing else. Owned by one thread. */
final class EventDecoding {
    private final Map<Long, TableMapEventData> tables = new HashMap<>();
    private final Map<TableMapEventData, Boolean> asked = new IdentityHashMap<>();
    private final BiPredicate<String, String> wanted;

    EventDecoding(BiPredicate<String, String> wanted) {
        this.wanted = wanted;
    }

    /** The tables of the events seen so far, by the number that row events carry. */
    Map<Long, TableMapEventData> tables() {
        return tables;
    }

    EventDeserializer deserializer() {
        Map<EventType, EventDataDeserializer> by = new HashMap<>();
        by.put(EventType.FORMAT_DESCRIPTION, new FormatDescriptionEventDataDeserializer());
        by.put(EventType.TABLE_MAP, new TableMapEventDataDeserializer());
        by.put(EventType.QUERY, new QueryEventDataDeserializer());
        by.put(EventType.GTID, new GtidEventDataDeserializer());
        by.put(EventType.ANONYMOUS_GTID, new GtidEventDataDeserializer());
        by.put(EventType.PREVIOUS_GTIDS, new PreviousGtidSetDeserializer());
        by.put(EventType.WRITE_ROWS, new Written(false));
        by.put(EventType.EXT_WRITE_ROWS, new Written(true));
        by.put(EventType.UPDATE_ROWS, new Updated(false));
        by.put(EventType.EXT_UPDATE_ROWS, new Updated(true));
        by.put(EventType.DELETE_ROWS, new Deleted(false));
        by.put(EventType.EXT_DELETE_ROWS, new Deleted(true));
        EventDeserializer deserializer =
                new EventDeserializer(new EventHeaderV4Deserializer(), new NullEventDataDeserializer(), by, tables);
        deserializer.setCompatibilityMode(CompatibilityMode.DATE_AND_TIME_AS_LONG);
        return deserializer;
    }

    // The number of the table comes first, in six bytes.
    private boolean wanted(byte[] event) {
        long number = 0;
        for (int i = 5; i >= 0; i--) {
            number = number << 8 | (event[i] & 0xff);
        }
        TableMapEventData table = tables.get(number);
        return table != null && asked.computeIfAbsent(table, any -> wanted.test(any.getDatabase(), any.getTable()));
    }

    // From memory: the library's row reading asks for its bytes one by one.
    private static byte[] whole(ByteArrayInputStream stream) throws IOException {
        return stream.read(stream.available());
    }

    private final class Written extends WriteRowsEventDataDeserializer {
        Written(boolean extra) {
            super(tables);
            setMayContainExtraInformation(extra);
        }

        @Override
        public WriteRowsEventData deserialize(ByteArrayInputStream stream) throws IOException {
            byte[] event = whole(stream);
            if (wanted(event)) {
                return super.deserialize(new ByteArrayInputStream(event));
            }
            WriteRowsEventData nothing = new WriteRowsEventData();
            nothing.setRows(List.of());
            return nothing;
        }
    }

    private final class Updated extends UpdateRowsEventDataDeserializer {
        Updated(boolean extra) {
            super(tables);
            setMayContainExtraInformation(extra);
        }

        @Override
        public UpdateRowsEventData deserialize(ByteArrayInputStream stream) throws IOException {
            byte[] event = whole(stream);
            if (wanted(event)) {
                return super.deserialize(new ByteArrayInputStream(event));
            }
            UpdateRowsEventData nothing = new UpdateRowsEventData();
            nothing.setRows(List.of());
            return nothing;
        }
    }

    private final class Deleted extends DeleteRowsEventDataDeserializer {
        Deleted(boolean extra) {
            super(tables);
            setMayContainExtraInformation(extra);
        }

        @Override
        public DeleteRowsEventData deserialize(ByteArrayInputStream stream) throws IOException {
            byte[] event = whole(stream);
            if (wanted(event)) {
                return super.deserialize(new ByteArrayInputStream(event));
            }
            DeleteRowsEventData nothing = new DeleteRowsEventData();
            nothing.setRows(List.of());
            return nothing;
        }
    }
}
