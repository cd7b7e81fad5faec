package dev.cutover.verifier;

import dev.cutover.core.topology.DatabaseId;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one table as a picture has room for them: neighbouring ranges and neighbouring physical tables are put together until it
 * fits, and a cell that was not equal at once is never left out.
 *
 * @param columns physical tables, or neighbours of one database where there are many; together all of them
 * @param rows key ranges from low to high, together all keys; empty when single keys were compared
 */
public record HeatMap(List<Column> columns, List<Row> rows) {
    public static final HeatMap NONE = new HeatMap(List.of(), List.of());

    public HeatMap {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
    }

    /**
     * The physical tables from the first to the last.
     *
     * @param tables how many they are
     */
    public record Column(String firstDatabase, String firstTable, String lastDatabase, String lastTable, int tables) {
        private static final Comparator<DatabaseId> ORDER = Comparator.naturalOrder();

        public boolean covers(String database, String physicalTable) {
            return compare(firstDatabase, firstTable, database, physicalTable) <= 0
                    && compare(database, physicalTable, lastDatabase, lastTable) <= 0;
        }

        /** Such as {@code shard-1.user_coupon_003}, or the first and the last. */
        public String name() {
            if (tables == 1) {
                return firstDatabase + "." + firstTable;
            }
            return firstDatabase.equals(lastDatabase)
                    ? firstDatabase + "." + firstTable + " to " + lastTable
                    : firstDatabase + "." + firstTable + " to " + lastDatabase + "." + lastTable;
        }

        private static int compare(String database, String table, String otherDatabase, String otherTable) {
            int byDatabase = ORDER.compare(new DatabaseId(database), new DatabaseId(otherDatabase));
            return byDatabase != 0 ? byDatabase : table.compareTo(otherTable);
        }
    }

    /**
     * Neighbouring key ranges.
     *
     * @param lo exclusive, as {@link dev.cutover.core.row.RowKey#text}; null is open
     * @param hi inclusive, likewise; null is open
     * @param ranges how many they are
     * @param kept how many of them an interrupted run had proven
     * @param readFrom when the oldest of them was read
     * @param readTo when the youngest of them was read
     * @param millis how long reading took, one after the other
     * @param sourceRows mapped rows of OLD
     * @param targetRows rows of NEW
     * @param cells those that were not equal at once, by column
     */
    public record Row(
            @Nullable String lo,
            @Nullable String hi,
            int ranges,
            int kept,
            Instant readFrom,
            Instant readTo,
            long millis,
            long sourceRows,
            long targetRows,
            List<Cell> cells) {
        public Row {
            cells = List.copyOf(cells);
        }
    }

    /** What became of a place of the picture. */
    public enum State {
        /** Every cell was equal when it was read. */
        EQUAL,
        /** A cell was unequal when it was read, and every row of it turned out to be in flight. */
        SETTLED,
        /** A row could not be settled. */
        HOT,
        /** A row differs for certain. */
        DIFFERENT
    }

    /**
     * A place with cells that were not equal at once.
     *
     * @param column its number among {@link HeatMap#columns}
     * @param unequal cells that were unequal when they were read
     * @param settled rows that turned out to be in flight
     * @param different rows with a certificate
     * @param hot rows that could not be settled, and cells nobody could explain
     */
    public record Cell(int column, long unequal, long settled, long different, long hot) {
        public State state() {
            return different > 0 ? State.DIFFERENT : hot > 0 ? State.HOT : unequal > 0 ? State.SETTLED : State.EQUAL;
        }
    }
}
