package dev.cutover.verifier.report;

import dev.cutover.verifier.HeatMap;
import dev.cutover.verifier.TableResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One table's heat map as SVG: key ranges from top to bottom, physical tables from left to right. Neighbours that are equal are one shape
 * where there are many, so that the page stays small; each shape has its own title.
 */
final class HeatMapDrawing {
    // More shapes than this a table are put together where they are equal.
    private static final int SHAPES = 2_500;
    private static final int AGE_WIDTH = 76;
    private static final double CHARACTER = 6.7;
    private static final int HEAD = 20;
    private static final int LEAST_MARK = 9;
    private static final int TEXT_HEIGHT = 15;

    private final TableResult table;
    private final Instant end;
    private final HeatMap map;
    private final StringBuilder svg = new StringBuilder();
    // Drawn last, so that what matters lies on top.
    private final StringBuilder marks = new StringBuilder();
    private final int cellWidth;
    private final int cellHeight;
    private final int left;

    private HeatMapDrawing(TableResult table, Instant end) {
        this.table = table;
        this.end = end;
        this.map = table.heatMap();
        int columns = map.columns().size();
        int rows = map.rows().size();
        this.cellWidth = columns <= 16 ? 26 : columns <= 32 ? 19 : columns <= 64 ? 11 : 6;
        this.cellHeight = rows <= 40 ? 17 : rows <= 100 ? 9 : 5;
        this.left = 12
                + (int) (CHARACTER
                        * map.rows().stream()
                                .mapToInt(row -> border(row).length())
                                .max()
                                .orElse(0));
    }

    static String of(TableResult table, Instant end) {
        return new HeatMapDrawing(table, end).draw();
    }

    private static String border(HeatMap.Row row) {
        return row.hi() == null ? (row.lo() == null ? "all keys" : "highest") : "≤ " + Words.border(row.hi());
    }

    private String draw() {
        int columns = map.columns().size();
        int rows = map.rows().size();
        int width = left + columns * cellWidth + AGE_WIDTH;
        int height = HEAD + rows * cellHeight + 4;
        svg.append(String.format(
                Locale.ROOT,
                "<svg class=\"heat\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                width,
                height,
                width,
                height,
                Escaped.of(label())));
        int labelled = Integer.MIN_VALUE / 2;
        for (int i = 0; i < rows; i++) {
            int y = HEAD + i * cellHeight;
            HeatMap.Row row = map.rows().get(i);
            boolean last = i == rows - 1;
            if (y - labelled >= TEXT_HEIGHT && (last || HEAD + (rows - 1) * cellHeight - y >= TEXT_HEIGHT || rows == 1)
                    || last) {
                text(left - 6, y + cellHeight / 2 + 4, "end", border(row));
                text(left + columns * cellWidth + 6, y + cellHeight / 2 + 4, "start", age(row));
                labelled = y;
            }
            row(row, y);
        }
        head();
        svg.append(marks).append("</svg>");
        return svg.toString();
    }

    private String label() {
        Map<HeatMap.State, Integer> states = new TreeMap<>();
        map.rows().forEach(row -> row.cells().forEach(cell -> states.merge(cell.state(), 1, Integer::sum)));
        return table.table() + ": " + Words.count(map.rows().size(), "row") + " of key ranges, "
                + Words.count(map.columns().size(), "column") + " of physical tables; "
                + (states.isEmpty() ? "every place was equal when it was read" : "not equal at once: " + states);
    }

    private void head() {
        List<Integer> starts = new ArrayList<>();
        for (int i = 0; i < map.columns().size(); i++) {
            if (i == 0
                    || !map.columns()
                            .get(i)
                            .firstDatabase()
                            .equals(map.columns().get(i - 1).firstDatabase())) {
                starts.add(i);
            }
        }
        double free = left;
        int bottom = HEAD + map.rows().size() * cellHeight;
        for (int start : starts) {
            int x = left + start * cellWidth;
            if (start > 0) {
                svg.append(String.format(Locale.ROOT, "<path class=\"rule\" d=\"M%d %dV%d\"/>", x, HEAD - 4, bottom));
            }
            String name = map.columns().get(start).firstDatabase();
            if (x >= free) {
                text(x + 2, HEAD - 6, "start", name);
                free = x + CHARACTER * name.length() + 10;
            }
        }
    }

    private void row(HeatMap.Row row, int y) {
        boolean together = (long) map.rows().size() * map.columns().size() > SHAPES;
        HeatMap.Cell[] cells = new HeatMap.Cell[map.columns().size()];
        row.cells().forEach(cell -> cells[cell.column()] = cell);
        int column = 0;
        while (column < cells.length) {
            int last = column;
            if (cells[column] == null) {
                while (together && last + 1 < cells.length && cells[last + 1] == null) {
                    last++;
                }
            }
            shape(row, y, column, last, cells[column]);
            column = last + 1;
        }
    }

    private void shape(HeatMap.Row row, int top, int first, int last, HeatMap.@Nullable Cell cell) {
        HeatMap.State state = cell == null ? HeatMap.State.EQUAL : cell.state();
        // Where places are tiny, gaps would be more ink than places, and what is not equal is drawn larger than it is.
        boolean tiny = cellHeight < LEAST_MARK;
        int more = tiny && state != HeatMap.State.EQUAL ? (LEAST_MARK - cellHeight) / 2 : 0;
        int gap = tiny ? 0 : 1;
        int x = left + first * cellWidth - more;
        int y = top - more;
        int width = (last - first + 1) * cellWidth - gap + 2 * more;
        int height = cellHeight - gap + 2 * more;
        StringBuilder into = state == HeatMap.State.EQUAL ? svg : marks;
        String place = map.columns().get(first).name()
                + (last > first ? " to " + map.columns().get(last).name() : "");
        String counts = cell == null
                ? ""
                : " (" + Words.count(cell.unequal(), "cell") + " unequal at first, "
                        + Words.count(cell.settled(), "row") + " settled, " + number(cell.different()) + " different, "
                        + number(cell.hot()) + " hot)";
        into.append("<g class=\"").append(style(state, row)).append("\"><title>");
        into.append(Escaped.of(place + ", " + Words.keys(row) + ": " + state + counts + ", " + read(row)));
        into.append(String.format(
                Locale.ROOT, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>", x, y, width, height));
        double middle = y + height / 2.0;
        double centre = x + width / 2.0;
        double size = Math.min(width, height) / 2.0 - 1;
        switch (state) {
            case EQUAL -> {}
            case SETTLED ->
                into.append(String.format(
                        Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", centre, middle, size / 2));
            case HOT ->
                into.append(
                        String.format(Locale.ROOT, "<path d=\"M%.1f %.1fh%.1f\"/>", centre - size, middle, 2 * size));
            case DIFFERENT ->
                into.append(String.format(
                        Locale.ROOT,
                        "<path d=\"M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f\"/>",
                        centre - size,
                        middle - size,
                        2 * size,
                        2 * size,
                        -2 * size,
                        -2 * size,
                        2 * size));
        }
        into.append("</g>");
    }

    private static String number(long number) {
        return Words.number(number);
    }

    private String style(HeatMap.State state, HeatMap.Row row) {
        return switch (state) {
            case EQUAL -> "equal " + ageClass(row);
            case SETTLED -> "settled";
            case HOT -> "hot";
            case DIFFERENT -> "different";
        };
    }

    private Duration oldest(HeatMap.Row row) {
        return Duration.between(row.readFrom(), end);
    }

    private String ageClass(HeatMap.Row row) {
        long seconds = oldest(row).toSeconds();
        return seconds <= 60 ? "age-0" : seconds <= 600 ? "age-1" : seconds <= 3_600 ? "age-2" : "age-3";
    }

    private String age(HeatMap.Row row) {
        return Words.duration(oldest(row));
    }

    private String read(HeatMap.Row row) {
        return "read " + Words.time(row.readFrom()) + ", " + age(row) + " before the end"
                + (row.kept() > 0
                        ? ", " + number(row.kept()) + " of " + number(row.ranges()) + " ranges by an earlier run"
                        : "");
    }

    private void text(int x, int y, String anchor, String text) {
        svg.append(String.format(
                Locale.ROOT, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>", x, y, anchor, Escaped.of(text)));
    }
}
