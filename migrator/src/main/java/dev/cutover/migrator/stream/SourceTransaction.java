package dev.cutover.migrator.stream;

import dev.cutover.core.position.GtidSet;
import java.util.List;

/**
 * What one transaction of the source changed.
 *
 * @param gtid its GTID
 * @param before every GTID the server sent, or was told not to send, before this one
 * @param keys the changed keys, in order of the events, repeated where a row changed twice
 * @param markers the markers it wrote
 * @param complete false for a part of a transaction too big to hold; its rest follows, and only the last part moves the position
 */
public record SourceTransaction(
        String gtid, String before, List<ChangedKey> keys, List<SeenMarker> markers, boolean complete) {
    public SourceTransaction {
        keys = List.copyOf(keys);
        markers = List.copyOf(markers);
    }

    /** The position of who has applied this transaction and all before it. */
    public GtidSet position() {
        return complete ? GtidSet.parse(before).union(GtidSet.parse(gtid)) : GtidSet.parse(before);
    }
}
