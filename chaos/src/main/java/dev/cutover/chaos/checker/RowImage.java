package dev.cutover.chaos.checker;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The cells of a row as the binlog has them, by their position in the table. Not changed after it is made. */
final class RowImage {
    private final @Nullable Object[] cells;

    RowImage(@Nullable Object[] cells) {
        this.cells = cells;
    }

    static RowImage of(Object... cells) {
        return new RowImage(cells.clone());
    }

    long number(int column) {
        Object cell = cell(column);
        if (cell instanceof Number number) {
            return number.longValue();
        }
        throw new EvidenceUnreadableException(
                "Column " + column + " of " + this + " holds no number; is the table as the contract says?", null);
    }

    String text(int column) {
        Object cell = cell(column);
        if (cell instanceof byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        return cell.toString();
    }

    private Object cell(int column) {
        @Nullable Object cell = column < cells.length ? cells[column] : null;
        if (cell == null) {
            throw new EvidenceUnreadableException(
                    "Column " + column + " of " + this + " is missing or NULL; is binlog_row_image FULL?", null);
        }
        return cell;
    }

    boolean isNull(int column) {
        return column >= cells.length || cells[column] == null;
    }

    @Override
    public String toString() {
        return Arrays.toString(cells);
    }
}
