package dev.cutover.chaos.checker;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/** The transactions of all servers in one order: each server's own, and by the time of commit between servers. Stateless. */
final class MergedLogs {
    /** The next transaction of a log. */
    private record Head(LoggedTransaction transaction, TransactionLog log) {}

    private MergedLogs() {}

    static void each(Collection<TransactionLog> logs, Consumer<LoggedTransaction> consumer) {
        PriorityQueue<Head> heads =
                new PriorityQueue<>(Comparator.comparingLong(head -> head.transaction.committedMicros()));
        for (TransactionLog log : logs) {
            log.next().ifPresent(first -> heads.add(new Head(first, log)));
        }
        while (!heads.isEmpty()) {
            Head head = heads.remove();
            consumer.accept(head.transaction);
            Optional<LoggedTransaction> next = head.log.next();
            next.ifPresent(following -> heads.add(new Head(following, head.log)));
        }
    }
}
