package dev.cutover.migrator.stream;

import java.util.List;

/** Takes what a stream brings; called by one thread at a time. */
public interface StreamListener {
    /** Transactions in commit order; blocking here holds the stream back. */
    void transactions(List<SourceTransaction> transactions) throws InterruptedException;

    /** The stream has ended by itself, with a {@link StreamStoppedException} or a {@link StreamBrokenException}. */
    void ended(RuntimeException reason);
}
