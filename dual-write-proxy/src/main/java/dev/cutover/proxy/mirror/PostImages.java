package dev.cutover.proxy.mirror;

import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import java.util.List;
import java.util.Set;

/**
 * The touched rows of a unit as they are at its end, projected for the other side.
 *
 * @param wanted whether there is anything to mirror
 * @param tables empty although wanted: the images could not be read
 */
public record PostImages(boolean wanted, List<OfTable> tables) {
    /** A unit that is not mirrored or touched nothing. */
    public static final PostImages NONE = new PostImages(false, List.of());

    static final PostImages UNREADABLE = new PostImages(true, List.of());

    /**
     * The images of one table.
     *
     * @param keys all touched keys
     * @param rows the rows of these keys; a key without a row was deleted
     */
    public record OfTable(Projection projection, Set<RowKey> keys, List<ProjectedRow> rows) {}

    public PostImages {
        tables = List.copyOf(tables);
    }
}
