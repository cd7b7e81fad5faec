package dev.cutover.sandbox.wire;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Stands before one MySQL server on a loopback port of its own, passes everything on, and lets things go wrong when asked to.
 *
 * <p>A fault is aimed at clients by their label, the connection attribute {@code program_name}; the label of a client that told none is
 * empty, as is that of Debezium's binlog reader. A fault is in force when the method that begins it returns, and over when {@link Fault#end}
 * returns. It reads the client's packets, so connections must not use TLS or compression. Safe for many threads.
 */
public final class FaultProxy implements AutoCloseable {
    /** Aims at every client. */
    public static final Predicate<String> EVERYBODY = label -> true;

    private final ProxyLoop loop;

    private FaultProxy(ProxyLoop loop) {
        this.loop = loop;
    }

    /** A proxy before the server that listens on this loopback port. */
    public static FaultProxy before(int port) {
        return new FaultProxy(ProxyLoop.start(port));
    }

    /** Where clients connect to. */
    public int port() {
        return loop.port();
    }

    /** Where new connections are passed on to. */
    public int upstream() {
        return loop.call(loop::upstream);
    }

    /** Every byte of this direction arrives so much later; faults of this kind add up. */
    public Fault delay(Predicate<String> clients, Direction direction, Duration delay) {
        return begin(clients, Effect.delay(Map.of(direction, delay)));
    }

    /**
     * Connections stay open and nothing arrives, in the directions named, or in both when none is. As after a real partition, what was
     * sent meanwhile arrives when it ends.
     */
    public Fault blackHole(Predicate<String> clients, Direction... directions) {
        EnumSet<Direction> held = EnumSet.allOf(Direction.class);
        if (directions.length > 0) {
            held.retainAll(List.of(directions));
        }
        return begin(clients, Effect.hold(held));
    }

    /** New connections of these clients are reset when they have told who they are; those that are open stay. */
    public Fault turnAway(Predicate<String> clients) {
        return begin(clients, Effect.turnAway());
    }

    /** Each of these clients' connections is reset when so many more bytes have arrived there from the server. */
    public Fault cutAfter(Predicate<String> clients, long bytes) {
        return begin(clients, Effect.cut(bytes));
    }

    /**
     * The server executes the n-th COMMIT of these clients, counted from 1 and from now; the client gets a reset instead of the answer.
     */
    public Fault swallowCommit(Predicate<String> clients, int number) {
        return swallowAnswer(
                clients, statement -> statement.strip().toUpperCase(Locale.ROOT).equals("COMMIT"), number);
    }

    /** The same for the n-th of the statements that the predicate names; of a long one it sees the first 8 kB. */
    public Fault swallowAnswer(Predicate<String> clients, Predicate<String> statements, int number) {
        return begin(clients, Effect.swallow(statements, number));
    }

    /**
     * The server gets another statement than these clients sent, and they get its answer. What comes back from the operator is not longer than
     * what it was given, and blanks make up for the rest, so that nothing else of the packet changes; what is longer resets the connection.
     * A statement that arrives in pieces, or is longer than 8 kB, passes as it is. The operator runs on the thread of the proxy.
     *
     * @param rewriting gets each statement with one character a byte
     */
    public Fault rewrite(Predicate<String> clients, UnaryOperator<String> rewriting) {
        return begin(clients, Effect.rewrite(rewriting));
    }

    private Fault begin(Predicate<String> clients, Effect effect) {
        Fault fault = new Fault(clients, effect, this::end);
        return loop.call(() -> {
            List<Fault> more = new ArrayList<>(loop.faults());
            more.add(fault);
            loop.faults(List.copyOf(more));
            return fault;
        });
    }

    private void end(Fault fault) {
        if (!loop.closed()) {
            loop.call(() -> {
                loop.faults(loop.faults().stream().filter(one -> one != fault).toList());
                return true;
            });
        }
    }

    /** Resets what these clients have open now, also what has not told yet whose it is when everybody is meant. */
    public int reset(Predicate<String> clients) {
        return loop.call(() -> {
            int count = 0;
            for (ProxiedConnection connection : loop.connections()) {
                String label = connection.label();
                boolean meant = label == null ? clients == EVERYBODY : clients.test(label);
                if (meant && connection.isOpen()) {
                    connection.reset();
                    count++;
                }
            }
            return count;
        });
    }

    /** From now on nobody can connect, as if the server's process were gone; what is open stays open. */
    public void refuse() {
        loop.call(() -> {
            loop.lock();
            return true;
        });
    }

    /** Ends {@link #refuse}. */
    public void accept() {
        loop.call(() -> {
            loop.unlock();
            return true;
        });
    }

    /** New connections go to the server on this loopback port; those that are open are reset. */
    public void upstream(int port) {
        loop.call(() -> {
            loop.upstream(port);
            loop.connections().forEach(ProxiedConnection::reset);
            return true;
        });
    }

    /** The labels of the open connections, one for each that has told. */
    public List<String> labels() {
        return loop.call(() -> {
            List<String> labels = new ArrayList<>();
            for (ProxiedConnection connection : loop.connections()) {
                String label = connection.label();
                if (label != null && connection.isOpen()) {
                    labels.add(label);
                }
            }
            return List.copyOf(labels);
        });
    }

    /** What has gone through so far. */
    public Counts counts() {
        return loop.call(loop::counts);
    }

    /** Resets everything and leaves the port; its thread has ended when this returns. Closing twice is the same as closing once. */
    @Override
    public void close() {
        loop.close();
    }
}
