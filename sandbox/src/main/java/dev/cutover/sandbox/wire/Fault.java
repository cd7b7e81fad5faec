package dev.cutover.sandbox.wire;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** One fault of a {@link FaultProxy}, in force from its creation until it is ended. Safe for many threads. */
public final class Fault implements AutoCloseable {
    private final Predicate<String> clients;
    private final Effect effect;
    private final Consumer<Fault> ending;
    private final AtomicLong acted = new AtomicLong();
    private final AtomicLong matching = new AtomicLong();

    Fault(Predicate<String> clients, Effect effect, Consumer<Fault> ending) {
        this.clients = clients;
        this.effect = effect;
        this.ending = ending;
    }

    boolean aimsAt(String label) {
        return clients.test(label);
    }

    Effect effect() {
        return effect;
    }

    void act() {
        acted.incrementAndGet();
    }

    /** Whether this statement is the one whose answer is to be lost. */
    boolean swallows(String statement) {
        return effect.swallowed() > 0
                && effect.statements().test(statement)
                && matching.incrementAndGet() == effect.swallowed();
    }

    /** What the server gets instead of this statement, which is text of one byte a character. */
    String rewritten(String statement) {
        String other = effect.rewriting().apply(statement);
        if (!other.equals(statement)) {
            act();
        }
        return other;
    }

    /** How often it struck: connections it slowed down, held, reset or turned away, answers it swallowed, statements it rewrote. */
    public long acted() {
        return acted.get();
    }

    /** Ends it; what it held goes on. Ending twice is the same as ending once. */
    public void end() {
        ending.accept(this);
    }

    @Override
    public void close() {
        end();
    }
}
