package dev.cutover.sandbox.wire;

import dev.cutover.sandbox.LoopbackPort;
import dev.cutover.sandbox.SandboxException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The one thread of a proxy: it owns every connection, and what others want done it does between two selections. Safe for many threads by
 * {@link #call}; everything else is its own.
 */
final class ProxyLoop {
    private static final int BUFFER = 128 << 10;
    private static final int PORT_ATTEMPTS = 8;
    private static final long NANOS_OF_A_MILLI = 1_000_000;
    private static final Duration ANSWER = Duration.ofSeconds(10);

    private final Selector selector;
    private final Thread thread;
    private final Queue<FutureTask<?>> wishes = new ConcurrentLinkedQueue<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    private final List<ProxiedConnection> connections = new ArrayList<>();
    private final int port;
    private @Nullable ServerSocketChannel door;
    private List<Fault> faults = List.of();
    private int upstream;
    private long accepted;
    private long toServer;
    private long toClient;
    private long statements;
    private long resets;
    private volatile boolean closed;

    private ProxyLoop(Selector selector, ServerSocketChannel door, int port, int upstream) throws IOException {
        this.selector = selector;
        this.door = door;
        this.port = port;
        this.upstream = upstream;
        door.register(selector, SelectionKey.OP_ACCEPT);
        this.thread = new Thread(this::run, "fault-proxy-" + port);
        thread.setDaemon(true);
    }

    static ProxyLoop start(int upstream) {
        try {
            for (int attempt = 1; ; attempt++) {
                int port = LoopbackPort.free();
                try {
                    ProxyLoop loop = new ProxyLoop(Selector.open(), listen(port), port, upstream);
                    loop.thread.start();
                    return loop;
                } catch (BindException taken) {
                    if (attempt == PORT_ATTEMPTS) {
                        throw taken;
                    }
                }
            }
        } catch (IOException e) {
            throw new SandboxException("A proxy before port " + upstream + " could not listen: " + e.getMessage(), e);
        }
    }

    private static ServerSocketChannel listen(int port) throws IOException {
        ServerSocketChannel door = ServerSocketChannel.open();
        try {
            door.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 512);
            door.configureBlocking(false);
            return door;
        } catch (IOException e) {
            door.close();
            throw e;
        }
    }

    int port() {
        return port;
    }

    boolean closed() {
        return closed;
    }

    /** Does it on the thread of the loop; what it did is on the wire when this returns. */
    <T> T call(Callable<T> wish) {
        FutureTask<T> task = new FutureTask<>(wish);
        wishes.add(task);
        if (closed) {
            throw new SandboxException("The proxy on port " + port + " is closed.");
        }
        selector.wakeup();
        try {
            T answer = task.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            // Sockets that were closed leave the selector, and with it the wire, at the next selection.
            FutureTask<Boolean> next = new FutureTask<>(() -> true);
            wishes.add(next);
            selector.wakeup();
            next.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            return answer;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("Interrupted while waiting for the proxy on port " + port + ".", e);
        } catch (CancellationException | ExecutionException | TimeoutException e) {
            throw new SandboxException("The proxy on port " + port + " did not do as asked: " + e, e);
        }
    }

    private void run() {
        try (selector) {
            while (!closed) {
                select();
                turn(System.nanoTime());
                // Only what was wished before this round: what is wished during it must find a selection in between,
                // because that is when closed sockets leave the wire.
                for (int left = wishes.size(); left > 0; left--) {
                    wishes.remove().run();
                }
            }
        } catch (IOException e) {
            throw new SandboxException("The proxy on port " + port + " ended: " + e.getMessage(), e);
        } finally {
            closed = true;
            connections.forEach(ProxiedConnection::reset);
            lock();
            wishes.forEach(wish -> wish.cancel(false));
        }
    }

    private void select() throws IOException {
        long now = System.nanoTime();
        long wait = -1;
        for (ProxiedConnection connection : connections) {
            long due = connection.dueIn(now);
            if (due >= 0 && (wait < 0 || due < wait)) {
                wait = due;
            }
        }
        if (!wishes.isEmpty() || wait == 0) {
            selector.selectNow();
        } else {
            // A select knows milliseconds only; rounded up, so that it does not turn in circles until the time has
            // come.
            selector.select(wait < 0 ? 0 : (wait + NANOS_OF_A_MILLI - 1) / NANOS_OF_A_MILLI);
        }
    }

    private void turn(long now) throws IOException {
        for (SelectionKey key : selector.selectedKeys()) {
            if (key.attachment() instanceof ProxiedConnection connection) {
                connection.go(buffer, now);
            } else {
                accept();
            }
        }
        selector.selectedKeys().clear();
        for (ProxiedConnection connection : connections) {
            if (connection.dueIn(now) == 0) {
                connection.go(buffer, now);
            }
        }
        connections.removeIf(this::gone);
    }

    private boolean gone(ProxiedConnection connection) {
        if (connection.isOpen()) {
            return false;
        }
        toServer += connection.bytes(Direction.TO_SERVER);
        toClient += connection.bytes(Direction.TO_CLIENT);
        statements += connection.statements();
        resets += connection.wasReset() ? 1 : 0;
        return true;
    }

    private void accept() throws IOException {
        ServerSocketChannel open = door;
        @Nullable SocketChannel client = open == null ? null : open.accept();
        if (client == null) {
            return;
        }
        accepted++;
        SocketChannel server = SocketChannel.open();
        for (SocketChannel side : List.of(client, server)) {
            side.configureBlocking(false);
            side.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), upstream));
        } catch (IOException nobodyThere) {
            // On loopback a refusal may come at once; then the client is refused too, as far as it still can be.
            server.close();
            client.setOption(StandardSocketOptions.SO_LINGER, 0);
            client.close();
            resets++;
            return;
        }
        connections.add(new ProxiedConnection(selector, client, server, faults));
    }

    /** Called on the loop's thread, as are all below. */
    void faults(List<Fault> inForce) {
        faults = inForce;
        for (ProxiedConnection connection : connections) {
            connection.obey(inForce);
            connection.go(buffer, System.nanoTime());
        }
    }

    List<Fault> faults() {
        return faults;
    }

    List<ProxiedConnection> connections() {
        return List.copyOf(connections);
    }

    void upstream(int newPort) {
        upstream = newPort;
    }

    int upstream() {
        return upstream;
    }

    /** Nobody gets in, as if no process listened; in force from the next selection on. */
    void lock() {
        ServerSocketChannel open = door;
        door = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                throw new SandboxException("The proxy could not leave port " + port + ": " + e.getMessage(), e);
            }
        }
    }

    void unlock() throws IOException {
        if (door == null) {
            ServerSocketChannel open = listen(port);
            open.register(selector, SelectionKey.OP_ACCEPT);
            door = open;
        }
    }

    Counts counts() {
        long there = toServer;
        long back = toClient;
        long said = statements;
        long open = 0;
        for (ProxiedConnection connection : connections) {
            there += connection.bytes(Direction.TO_SERVER);
            back += connection.bytes(Direction.TO_CLIENT);
            said += connection.statements();
            open += connection.isOpen() ? 1 : 0;
        }
        return new Counts(accepted, open, there, back, said, resets);
    }

    void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join(ANSWER.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("Interrupted while the proxy on port " + port + " ends.", e);
        }
        if (thread.isAlive()) {
            throw new SandboxException("The proxy on port " + port + " does not end.");
        }
    }
}
