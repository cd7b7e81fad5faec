package dev.cutover.core.topology;

import java.util.List;

/**
 * One MySQL server of a side, which is also one stream.
 *
 * @param stream {@code old}, or {@code new-0}, {@code new-1} … in the order the plan first names the servers
 * @param host host name or address
 * @param port TCP port
 * @param databases the fenced databases on it
 */
public record ServerAddress(String stream, String host, int port, List<DatabaseId> databases) {
    public ServerAddress {
        databases = List.copyOf(databases);
    }
}
