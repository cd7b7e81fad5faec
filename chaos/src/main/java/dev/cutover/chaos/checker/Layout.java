package dev.cutover.chaos.checker;

import dev.cutover.chaos.history.Side;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where the bank's tables are, and how the run ended.
 *
 * @param old the legacy schema
 * @param meta the unsharded schema of NEW
 * @param shards the shard schemas of NEW, in the order of their numbers
 * @param tablesPerShard physical tables of each kind in a shard schema
 * @param control the schema with the register; empty when its binlog is not in evidence
 * @param ending what the caller knows of the end of the run
 */
public record Layout(
        Place old, Place meta, List<Place> shards, int tablesPerShard, Optional<Place> control, Ending ending) {
    public Layout {
        shards = List.copyOf(shards);
        if (shards.isEmpty() || tablesPerShard < 1) {
            throw new IllegalArgumentException(
                    "A layout has at least one shard schema with at least one table of each kind.");
        }
        Set<Place> fenced = new HashSet<>(shards);
        fenced.add(old);
        fenced.add(meta);
        if (fenced.size() != shards.size() + 2) {
            throw new IllegalArgumentException("Two databases of the layout are the same schema of the same server.");
        }
    }

    /**
     * A schema of a server.
     *
     * @param server the name of its {@link ServerEvidence}
     */
    public record Place(String server, String schema) {
        @Override
        public String toString() {
            return server + "/" + schema;
        }
    }

    /**
     * How a run ended.
     *
     * @param truth the side that the register names
     * @param drained whether the streams had caught up when everything stopped, so that the other side holds the same
     * @param longestClosed closed windows above this are a violation
     */
    public record Ending(Side truth, boolean drained, Optional<Duration> longestClosed) {}

    /** Physical tables of a kind in NEW. */
    public int slots() {
        return shards.size() * tablesPerShard;
    }
}
