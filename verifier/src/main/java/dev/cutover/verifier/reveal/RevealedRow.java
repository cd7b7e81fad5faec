package dev.cutover.verifier.reveal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a differing row holds now, which may be later than the difference.
 *
 * @param onSource whether OLD holds it, mapped or not
 * @param onTarget whether NEW holds it
 * @param columns those that differ; all where only one side holds the row
 * @param masked the names of those the plan masks, whose values were not read
 */
public record RevealedRow(boolean onSource, boolean onTarget, List<Column> columns, List<String> masked) {
    public RevealedRow {
        columns = List.copyOf(columns);
        masked = List.copyOf(masked);
    }

    /**
     * A column's values in the NEW shape.
     *
     * @param source null for NULL, and where OLD does not hold the row
     * @param target null for NULL, and where NEW does not hold the row
     */
    public record Column(
            String name, @Nullable String source, @Nullable String target) {}
}
