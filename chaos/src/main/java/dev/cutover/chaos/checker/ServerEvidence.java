package dev.cutover.chaos.checker;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What one server left behind.
 *
 * @param name what the layout calls it
 * @param login how to read its final tables; empty when the server is gone
 * @param binlogs the folder its binlog files are in
 */
public record ServerEvidence(String name, Optional<Login> login, Path binlogs) {
    /** Address and account of a server; the URL names no database. */
    public record Login(String jdbcUrl, String user, String password) {
        @Override
        public String toString() {
            return user + " at " + jdbcUrl;
        }
    }
}
