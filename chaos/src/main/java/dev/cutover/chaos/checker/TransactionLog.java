package dev.cutover.chaos.checker;

import java.util.Optional;

/** The transactions of one server in the order of its binlog, each handed out once. Owned by one thread. */
interface TransactionLog extends AutoCloseable {
    /** What the layout calls the server. */
    String server();

    Optional<LoggedTransaction> next();

    /** Files opened so far. */
    default long files() {
        return 0;
    }

    /** Bytes of those files. */
    default long bytes() {
        return 0;
    }

    /** GTIDs that were executed before the first file began; empty when nothing is missing. */
    default String missing() {
        return "";
    }

    @Override
    default void close() {}
}
