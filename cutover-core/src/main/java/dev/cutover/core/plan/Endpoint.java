package dev.cutover.core.plan;

import java.util.Objects;

/**
 * One MySQL schema and how to log in to it.
 *
 * @param name {@code old}, {@code meta}, {@code shard-0} … or {@code control}
 * @param host host name or address
 * @param port TCP port
 * @param schema the schema (MySQL calls it database)
 * @param user the MySQL account
 * @param password read when a connection is opened, never shown
 */
public record Endpoint(String name, String host, int port, String schema, String user, Secret password) {
    public Endpoint {
        Objects.requireNonNull(password, "password");
        if (host.isBlank() || port < 1 || port > 65535 || schema.isBlank()) {
            throw new IllegalArgumentException(
                    "The endpoint " + name + " has no usable address: " + host + ":" + port + "/" + schema);
        }
    }

    Endpoint at(String server, String newHost, int newPort) {
        return server().equals(server) ? new Endpoint(name, newHost, newPort, schema, user, password) : this;
    }

    /** {@code host:port}, which names a server. */
    public String server() {
        return host + ":" + port;
    }

    /** For messages: {@code shard-0 (host:port/schema)}. */
    public String describe() {
        return name + " (" + host + ":" + port + "/" + schema + ")";
    }
}
