package dev.cutover.migrator.stream;

import dev.cutover.migrator.stream.WatchedTables.TableName;
import org.jspecify.annotations.Nullable;

/** What the binlog said, without Debezium's types. */
sealed interface BinlogRecord {
    /** A transaction begins; {@code before} is every GTID that came before it. */
    record Begin(String gtid, String before) implements BinlogRecord {}

    /** A row came, changed or went; an image is null where there is none, and {@code gtid} where it is outside of a transaction. */
    record Row(
            @Nullable String gtid,
            TableName table,
            @Nullable RowImage before,
            @Nullable RowImage after) implements BinlogRecord {}

    /** A transaction ends. */
    record End(String gtid) implements BinlogRecord {}

    /** A table was emptied. */
    record Truncate(@Nullable String gtid, TableName table) implements BinlogRecord {}

    /** A definition of a watched table changed. */
    record Ddl(@Nullable String gtid, String schema, String statement) implements BinlogRecord {}

    /** The values of a row by column. */
    @FunctionalInterface
    interface RowImage {
        /** The value of a column; null for NULL. */
        @Nullable
        Object value(String column);
    }
}
