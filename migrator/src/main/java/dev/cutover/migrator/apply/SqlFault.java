package dev.cutover.migrator.apply;

import java.sql.SQLException;

/** What a refused statement means for a batch. */
enum SqlFault {
    /** Deadlock or lock timeout: the same again may work. */
    CONTENTION,
    /** A unique key of the target is taken. */
    DUPLICATE,
    /** The target cannot hold the value. */
    DATA,
    /** Everything else: connection, privileges, schema. */
    OTHER;

    static SqlFault of(SQLException e) {
        switch (e.getErrorCode()) {
            case 1205, 1213 -> {
                return CONTENTION;
            }
            case 1062, 1586 -> {
                return DUPLICATE;
            }
            // Data too long, out of range, NULL in NOT NULL, wrong value, CHECK, no such partition, bad JSON,
            // truncated.
            case 1406, 1264, 1048, 1366, 1292, 1265, 3819, 1526, 3140, 1364 -> {
                return DATA;
            }
            default -> {
                return OTHER;
            }
        }
    }
}
