package dev.cutover.core.stage;

import dev.cutover.core.fence.Role;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.DatabaseId;
import java.util.Map;

/**
 * How far the stray-write watch has looked at a server.
 *
 * @param server {@code host:port}
 * @param looked the transactions that were looked at
 * @param roles the fences behind the last of them
 */
public record WatchPosition(String server, GtidSet looked, Map<DatabaseId, Role> roles) {
    public WatchPosition {
        roles = Map.copyOf(roles);
    }
}
