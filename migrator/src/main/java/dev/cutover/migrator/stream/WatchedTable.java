package dev.cutover.migrator.stream;

import dev.cutover.core.routing.ShardLayout;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One table of the source and what its changes mean. */
sealed interface WatchedTable {
    /** The columns the events must carry. */
    Set<String> columns();

    /** A dynamic table of OLD: its rows route by a shard key. */
    record Routed(String table, List<String> keyColumns, String shardColumn, ShardLayout layout)
            implements WatchedTable {
        @Override
        public Set<String> columns() {
            Set<String> columns = new LinkedHashSet<>(keyColumns);
            columns.add(shardColumn);
            return columns;
        }

        int slot(@Nullable String shardKey) {
            return shardKey == null ? ChangedKey.NO_ROUTE : layout.slot(shardKey);
        }
    }

    /** A physical table of NEW: its rows are where they are, and must stay there. */
    record Placed(
            String table, List<String> keyColumns, @Nullable String routeColumn, int slot) implements WatchedTable {
        @Override
        public Set<String> columns() {
            Set<String> columns = new LinkedHashSet<>(keyColumns);
            if (routeColumn != null) {
                columns.add(routeColumn);
            }
            return columns;
        }
    }

    /** A static or looked-up table: rows must not come or go, and these columns must not change. */
    record Frozen(String role, Set<String> columns) implements WatchedTable {
        public Frozen {
            columns = Set.copyOf(columns);
        }
    }

    /** {@code cutover_marker}. */
    record Markers() implements WatchedTable {
        static final String NAME = "stream";
        static final String NONCE = "nonce";

        @Override
        public Set<String> columns() {
            return Set.of(NAME, NONCE);
        }
    }
}
