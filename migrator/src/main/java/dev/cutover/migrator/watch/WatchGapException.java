package dev.cutover.migrator.watch;

import dev.cutover.core.CutoverException;

/** A stretch of a binlog cannot be looked at; whether something stray was in it, nobody knows. */
final class WatchGapException extends CutoverException {
    private final String transactions;

    /**
     * Names the stretch.
     *
     * @param transactions the transactions that were not looked at
     * @param why one clause
     */
    WatchGapException(String transactions, String why) {
        super(why);
        this.transactions = transactions;
    }

    String transactions() {
        return transactions;
    }
}
