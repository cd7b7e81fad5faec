package dev.cutover.verifier;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.stage.PassRange;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Gathers a heat map while a table is read. Owned by one thread at a time; its size does not grow with the number of rows or ranges.
 *
 * <p>Ranges are put together by equal numbers of neighbours, physical tables by equal numbers of neighbours of one database.
 */
final class HeatMapDraft {
    static final int MOST_ROWS = 200;
    static final int MOST_COLUMNS = 128;

    private final int ranges;
    private final int rows;
    private final int tablesPerDatabase;
    private final int databases;
    private final int tablesPerColumn;
    private final int databasesPerColumn;
    private final Line[] lines;

    /** One row of the picture. */
    private static final class Line {
        private @Nullable String lo;
        private @Nullable String hi;
        private int first = Integer.MAX_VALUE;
        private int last = -1;
        private int ranges;
        private int kept;
        private @Nullable Instant readFrom;
        private @Nullable Instant readTo;
        private long millis;
        private long sourceRows;
        private long targetRows;
        private final Map<Integer, Place> places = new TreeMap<>();
    }

    /** One place of the picture. */
    private static final class Place {
        private long unequal;
        private long settled;
        private long different;
        private long hot;
    }

    /**
     * Of a table of so many ranges.
     *
     * @param slots its physical tables
     */
    HeatMapDraft(int ranges, int slots, int tablesPerDatabase) {
        this.ranges = ranges;
        this.rows = Math.min(ranges, MOST_ROWS);
        this.tablesPerDatabase = tablesPerDatabase;
        this.databases = slots / tablesPerDatabase;
        int perColumn = 1;
        while (databases * divided(tablesPerDatabase, perColumn) > MOST_COLUMNS && perColumn < tablesPerDatabase) {
            perColumn++;
        }
        this.tablesPerColumn = perColumn;
        this.databasesPerColumn =
                perColumn < tablesPerDatabase || databases <= MOST_COLUMNS ? 1 : divided(databases, MOST_COLUMNS);
        this.lines = new Line[rows];
        for (int i = 0; i < rows; i++) {
            lines[i] = new Line();
        }
    }

    private static int divided(int things, int groups) {
        return (things + groups - 1) / groups;
    }

    void read(PassRange range, Instant readAt, long millis, boolean kept) {
        Line line = line(range.number());
        KeyRange keys = range.keys();
        if (range.number() < line.first) {
            line.first = range.number();
            line.lo = keys.lo() == null ? null : keys.lo().text();
        }
        if (range.number() > line.last) {
            line.last = range.number();
            line.hi = keys.hi() == null ? null : keys.hi().text();
        }
        line.ranges++;
        line.kept += kept ? 1 : 0;
        line.readFrom = line.readFrom == null || readAt.isBefore(line.readFrom) ? readAt : line.readFrom;
        line.readTo = line.readTo == null || readAt.isAfter(line.readTo) ? readAt : line.readTo;
        line.millis += millis;
        line.sourceRows += range.sourceRows();
        line.targetRows += range.targetRows();
    }

    void unequal(int range, int slot) {
        place(range, slot).unequal++;
    }

    void settled(int range, int slot) {
        place(range, slot).settled++;
    }

    void different(int range, int slot) {
        place(range, slot).different++;
    }

    void hot(int range, int slot) {
        place(range, slot).hot++;
    }

    /** Unequal cells are no rows in flight where nothing moves: what nobody found again stays open. */
    void nothingSettles() {
        for (Line line : lines) {
            for (Place place : line.places.values()) {
                if (place.different == 0 && place.hot == 0) {
                    place.hot = place.unequal;
                }
            }
        }
    }

    private Line line(int range) {
        return lines[(int) ((long) range * rows / ranges)];
    }

    private Place place(int range, int slot) {
        return line(range).places.computeIfAbsent(column(slot), any -> new Place());
    }

    private int columnsPerDatabase() {
        return divided(tablesPerDatabase, tablesPerColumn);
    }

    private int column(int slot) {
        // A route outside the layout has no place of its own, and must not get lost.
        int database = Math.min(slot / tablesPerDatabase, databases - 1);
        return databasesPerColumn > 1
                ? database / databasesPerColumn
                : database * columnsPerDatabase() + slot % tablesPerDatabase / tablesPerColumn;
    }

    /**
     * The picture.
     *
     * @param database names the database of a slot
     * @param physicalTable names the physical table of a slot
     */
    HeatMap finished(IntFunction<String> database, IntFunction<String> physicalTable) {
        List<HeatMap.Column> columns = new ArrayList<>();
        int slot = 0;
        int slots = databases * tablesPerDatabase;
        while (slot < slots) {
            int last = slot;
            while (last + 1 < slots && column(last + 1) == column(slot)) {
                last++;
            }
            columns.add(new HeatMap.Column(
                    database.apply(slot),
                    physicalTable.apply(slot),
                    database.apply(last),
                    physicalTable.apply(last),
                    last - slot + 1));
            slot = last + 1;
        }
        List<HeatMap.Row> finished = new ArrayList<>();
        for (Line line : lines) {
            List<HeatMap.Cell> cells = new ArrayList<>();
            line.places.forEach((column, place) ->
                    cells.add(new HeatMap.Cell(column, place.unequal, place.settled, place.different, place.hot)));
            finished.add(new HeatMap.Row(
                    line.lo,
                    line.hi,
                    line.ranges,
                    line.kept,
                    Objects.requireNonNull(line.readFrom, "every range was read"),
                    Objects.requireNonNull(line.readTo, "every range was read"),
                    line.millis,
                    line.sourceRows,
                    line.targetRows,
                    cells));
        }
        return new HeatMap(columns, finished);
    }
}
