package dev.cutover.chaos.plant;

import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.sandbox.wire.Fault;
import java.util.List;

/** Statements that arrive as others than they were sent, on some wires, until closed; a lie that nobody heard plants nothing. Owned by one thread. */
final class Lie implements AutoCloseable {
    private final String about;
    private final List<Fault> faults;

    Lie(String about, List<Fault> faults) {
        this.about = about;
        this.faults = List.copyOf(faults);
    }

    /** How many statements arrived as others. */
    long told() {
        return faults.stream().mapToLong(Fault::acted).sum();
    }

    /** Ends it and insists that it was told. */
    void end() {
        close();
        if (told() == 0) {
            throw new ChaosFailedException(
                    "The bug was not planted: no statement came by for the lie about " + about + ".", null);
        }
    }

    @Override
    public void close() {
        faults.forEach(Fault::end);
    }
}
