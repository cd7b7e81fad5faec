package dev.cutover.migrator.binlog;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.TableMapEventMetadata;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.TableMapEventDataDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.TableMapEventMetadataDeserializer;
import com.github.shyiko.mysql.binlog.io.ByteArrayInputStream;
import java.lang.reflect.Field;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events that describe tables without what is optional in them.
 *
 * <p>Among it is a bit for each number's sign. Whether a YEAR is a number differs from server to server (not for 8.0.15, for later ones),
 * and mysql-binlog-connector-java 0.41 counts columns instead of reading how long the list is: with a table of eight numbers and a YEAR,
 * be it one that nobody migrates, it reads beyond the event and the stream ends. Nobody asks for these data, so they are left out. There
 * is no setting for it; fields of that version are written.
 */
public final class TableMaps {
    private TableMaps() {}

    /** Makes this deserializer do so; before it reads. */
    public static void leaveOutMetadata(EventDeserializer deserializer) {
        TableMapEventDataDeserializer tables = new TableMapEventDataDeserializer();
        try {
            Field metadata = TableMapEventDataDeserializer.class.getDeclaredField("metadataDeserializer");
            metadata.setAccessible(true);
            metadata.set(tables, new None());
        } catch (ReflectiveOperationException e) {
            throw unknown(e);
        }
        deserializer.setEventDataDeserializer(EventType.TABLE_MAP, tables);
    }

    /** The same for the deserializer of a client that somebody else has made. */
    public static void leaveOutMetadata(BinaryLogClient client) {
        try {
            Field field = BinaryLogClient.class.getDeclaredField("eventDeserializer");
            field.setAccessible(true);
            if (!(field.get(client) instanceof EventDeserializer deserializer)) {
                throw new IllegalStateException("The binlog client has no deserializer.");
            }
            leaveOutMetadata(deserializer);
        } catch (ReflectiveOperationException e) {
            throw unknown(e);
        }
    }

    private static IllegalStateException unknown(ReflectiveOperationException e) {
        return new IllegalStateException("The binlog client is not as this version of Cutover expects.", e);
    }

    private static final class None extends TableMapEventMetadataDeserializer {
        @Override
        public @Nullable TableMapEventMetadata deserialize(ByteArrayInputStream stream, int columns, byte[] types) {
            return null;
        }
    }
}
