package dev.cutover.core.row;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One row as the target shall hold it, its values the bytes MySQL sent. Immutable by agreement: nobody writes into {@link #values}. */
public final class ProjectedRow {
    private final RowKey sourceKey;
    private final int slot;
    private final @Nullable String rejectReason;
    private final byte[] @Nullable [] values;

    ProjectedRow(RowKey sourceKey, int slot, @Nullable String rejectReason, byte[] @Nullable [] values) {
        this.sourceKey = sourceKey;
        this.slot = slot;
        this.rejectReason = rejectReason;
        this.values = values;
    }

    /** About how many bytes of the heap it takes. */
    public long heapBytes() {
        long bytes = 200;
        for (byte[] value : values) {
            bytes += 8 + (value == null ? 0 : 24 + value.length);
        }
        return bytes;
    }

    /** About how many bytes it takes in a statement. */
    int size() {
        int size = 0;
        for (byte[] value : values) {
            size += 12 + (value == null ? 0 : value.length);
        }
        return size;
    }

    public RowKey sourceKey() {
        return sourceKey;
    }

    /** The slot it routes to: -1 when its shard key is NULL, 0 for single tables and on the way back. */
    public int slot() {
        return slot;
    }

    /** Why it cannot be mapped; null when it can. */
    public @Nullable String rejectReason() {
        return rejectReason;
    }

    public boolean rejected() {
        return rejectReason != null;
    }

    /** The same row, refused: the target would not take it, or its key is taken. */
    public ProjectedRow rejectedFor(String reason) {
        return new ProjectedRow(sourceKey, slot, reason, values);
    }

    /** One value a column of {@link Projection#columns()}; an element is null for NULL. */
    public byte[] @Nullable [] values() {
        return values;
    }

    /** The value of one column of {@link Projection#columns()}; null for NULL. */
    public byte @Nullable [] value(int column) {
        return values[column];
    }

    /** Whether these are its values, byte for byte. */
    public boolean sameValues(byte[] @Nullable [] others) {
        return Arrays.deepEquals(values, others);
    }
}
