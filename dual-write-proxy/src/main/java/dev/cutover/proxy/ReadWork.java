package dev.cutover.proxy;

import java.sql.SQLException;

/**
 * A read of the application. It may be run on either side, on both, and on another thread; what it returns is compared with
 * {@code equals}.
 */
@FunctionalInterface
public interface ReadWork<T> {
    T run(ReadView view) throws SQLException;
}
