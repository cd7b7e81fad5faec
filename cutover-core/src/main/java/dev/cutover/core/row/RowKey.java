package dev.cutover.core.row;

import java.util.List;

/**
 * The key of one row as text: decimal for integers, the text itself for strings, {@code 0x…} for binary columns.
 *
 * @param parts one text a key column
 */
public record RowKey(List<String> parts) {
    public RowKey {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("A row key has at least one part.");
        }
    }

    public static RowKey of(String... parts) {
        return new RowKey(List.of(parts));
    }

    public static RowKey of(long part) {
        return new RowKey(List.of(Long.toString(part)));
    }
}
