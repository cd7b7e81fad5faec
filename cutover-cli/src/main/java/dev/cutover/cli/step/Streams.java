package dev.cutover.cli.step;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which streams leave a side, and where they are applied; meta holds nothing that is streamed. */
final class Streams {
    private Streams() {}

    /** Stream name to the databases of the side whose rows it carries. */
    static Map<String, List<DatabaseId>> outOf(Topology topology, Side side) {
        Map<String, List<DatabaseId>> streams = new LinkedHashMap<>();
        for (ServerAddress server : topology.servers(side)) {
            List<DatabaseId> carried = new ArrayList<>();
            for (DatabaseId database : server.databases()) {
                if (!database.equals(DatabaseId.META)) {
                    carried.add(database);
                }
            }
            if (!carried.isEmpty()) {
                streams.put(server.stream(), carried);
            }
        }
        return streams;
    }

    /** The databases that keep a position of each stream that arrives at a side. */
    static List<DatabaseId> targets(Topology topology, Side side) {
        return side == Side.OLD ? List.of(DatabaseId.OLD) : topology.plan().shardDatabases();
    }

    /** Every fenced database of a side. */
    static List<DatabaseId> databases(Topology topology, Side side) {
        return side == Side.OLD ? List.of(DatabaseId.OLD) : topology.plan().newDatabases();
    }
}
