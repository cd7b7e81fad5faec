package dev.cutover.migrator.stream;

import dev.cutover.migrator.stream.BinlogRecord.RowImage;
import dev.cutover.migrator.stream.WatchedTables.TableName;
import io.debezium.data.Enum;
import io.debezium.time.Date;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/** Turns Debezium's records into {@link BinlogRecord}s. Stateless. */
final class RecordDecoder {
    private static final String GTIDS = "gtids";
    private static final String TRUNCATED = "t";

    private RecordDecoder() {}

    /** Nothing for what is no news: heartbeats, tombstones, and the schema that is read at the start. */
    static Optional<BinlogRecord> decode(SourceRecord record) {
        if (!(record.value() instanceof Struct value)) {
            return Optional.empty();
        }
        if (value.schema().field("status") != null) {
            return Optional.of(border(record, value));
        }
        if (value.schema().field("ddl") != null) {
            return ddl(value);
        }
        if (value.schema().field("op") != null) {
            return Optional.of(row(value));
        }
        return Optional.empty();
    }

    private static BinlogRecord border(SourceRecord record, Struct value) {
        String gtid = value.getString("id");
        if ("END".equals(value.getString("status"))) {
            return new BinlogRecord.End(gtid);
        }
        Object before = record.sourceOffset().get(GTIDS);
        return new BinlogRecord.Begin(gtid, before == null ? "" : before.toString());
    }

    private static Optional<BinlogRecord> ddl(Struct value) {
        Struct source = value.getStruct("source");
        String snapshot = text(source, "snapshot");
        List<Object> changes = value.getArray("tableChanges");
        boolean readAtTheStart = snapshot != null && !snapshot.equals("false");
        // A change without a table is one of a database or of a setting, such as ALTER DATABASE … CHARACTER SET: rows
        // stay.
        if (readAtTheStart || ((changes == null || changes.isEmpty()) && text(source, "table") == null)) {
            return Optional.empty();
        }
        return Optional.of(new BinlogRecord.Ddl(
                text(source, "gtid"), String.valueOf(text(value, "databaseName")), String.valueOf(text(value, "ddl"))));
    }

    private static BinlogRecord row(Struct value) {
        Struct source = value.getStruct("source");
        TableName table = new TableName(source.getString("db"), source.getString("table"));
        if (TRUNCATED.equals(value.getString("op"))) {
            return new BinlogRecord.Truncate(text(source, "gtid"), table);
        }
        Struct transaction = value.schema().field("transaction") == null ? null : value.getStruct("transaction");
        return new BinlogRecord.Row(
                transaction == null ? null : transaction.getString("id"),
                table,
                image(value, "before"),
                image(value, "after"));
    }

    private static @Nullable RowImage image(Struct value, String field) {
        Struct image = value.schema().field(field) == null ? null : value.getStruct(field);
        return image == null ? null : column -> value(image, column);
    }

    private static @Nullable Object value(Struct image, String column) {
        Field field = image.schema().field(column);
        Object value = image.get(column);
        String type = field == null ? null : field.schema().name();
        if (value instanceof Integer days && Date.SCHEMA_NAME.equals(type)) {
            return LocalDate.ofEpochDay(days);
        }
        // Debezium escapes the commas of a member, because it writes lists of them.
        return value instanceof String member && Enum.LOGICAL_NAME.equals(type) ? member.replace("\\,", ",") : value;
    }

    private static @Nullable String text(Struct struct, String name) {
        Field field = struct.schema().field(name);
        Object value = field == null ? null : struct.get(field);
        return value == null ? null : value.toString();
    }
}
