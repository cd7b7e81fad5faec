package dev.cutover.sandbox.wire;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A client, the server behind it, and what the faults do to the bytes between them. Owned by the thread of the proxy.
 *
 * <p>Nothing is done to a connection before its client has said who it is: until then bytes pass.
 */
final class ProxiedConnection implements ClientPackets.Listener {
    private final SocketChannel client;
    private final SocketChannel server;
    private final SelectionKey clientKey;
    private final SelectionKey serverKey;
    private final Flow toServer;
    private final Flow toClient;
    private final ClientPackets packets = new ClientPackets(this);
    private final Map<Fault, Long> cutAt = new HashMap<>();
    private final Set<Fault> met = new HashSet<>();
    private List<Fault> faults;
    private @Nullable String label;
    private boolean answerSwallowed;
    private boolean connected;
    private boolean open = true;
    private boolean wasReset;
    private long statements;

    ProxiedConnection(Selector selector, SocketChannel client, SocketChannel server, List<Fault> faults)
            throws IOException {
        this.client = client;
        this.server = server;
        this.faults = faults;
        this.toServer = new Flow(client, server);
        this.toClient = new Flow(server, client);
        this.connected = server.isConnected();
        this.clientKey = client.register(selector, 0, this);
        this.serverKey = server.register(selector, 0, this);
        interests();
    }

    /** Who the client said it is; null as long as it has not. */
    @Nullable
    String label() {
        return label;
    }

    boolean isOpen() {
        return open;
    }

    boolean wasReset() {
        return wasReset;
    }

    long statements() {
        return statements;
    }

    long bytes(Direction direction) {
        return direction == Direction.TO_SERVER ? toServer.passed() : toClient.passed();
    }

    /** Does what can be done now; {@code buffer} is lent. */
    void go(ByteBuffer buffer, long now) {
        try {
            if (open && !connected && serverKey.isConnectable()) {
                connected = server.finishConnect();
            }
            if (open && connected) {
                exchange(buffer, now);
            }
            if (open) {
                interests();
            }
        } catch (IOException peerIsGone) {
            reset();
        }
    }

    private void exchange(ByteBuffer buffer, long now) throws IOException {
        toServer.deliver(now);
        toClient.deliver(now);
        if (toServer.receive(buffer)) {
            packets.read(buffer);
            if (open) {
                toServer.send(buffer, now);
            }
        }
        if (open && toClient.receive(buffer)) {
            answer(buffer, now);
        }
        if (open && (toServer.finished() || toClient.finished())) {
            close();
        }
    }

    private void answer(ByteBuffer buffer, long now) throws IOException {
        if (answerSwallowed) {
            reset();
            return;
        }
        @Nullable Fault cutting = null;
        for (Map.Entry<Fault, Long> cut : cutAt.entrySet()) {
            long left = cut.getValue() - toClient.passed();
            if (left < buffer.remaining()) {
                buffer.limit(buffer.position() + (int) Math.max(0, left));
                cutting = cut.getKey();
            }
        }
        toClient.send(buffer, now);
        if (cutting != null) {
            cutting.act();
            reset();
        }
    }

    @Override
    public void client(String name) {
        label = name;
        obey(faults);
        for (Fault fault : faults) {
            if (fault.effect().turnsAway() && fault.aimsAt(name)) {
                fault.act();
                reset();
                return;
            }
        }
    }

    @Override
    public void statement(String text) {
        statements++;
        for (Fault fault : met) {
            if (fault.swallows(text)) {
                fault.act();
                answerSwallowed = true;
            }
        }
    }

    @Override
    public String rewritten(String statement) {
        String now = statement;
        for (Fault fault : met) {
            now = fault.rewritten(now);
        }
        if (now.length() > statement.length()) {
            reset();
            return statement;
        }
        return now;
    }

    @Override
    public boolean rewrites() {
        return met.stream().anyMatch(fault -> fault.effect().rewrites());
    }

    /** From now on these faults are in force, and no others. */
    void obey(List<Fault> inForce) {
        faults = inForce;
        String name = label;
        if (name == null) {
            return;
        }
        met.retainAll(inForce);
        cutAt.keySet().retainAll(inForce);
        long later = 0;
        long laterBack = 0;
        boolean stop = false;
        boolean stopBack = false;
        for (Fault fault : inForce) {
            if (fault.aimsAt(name)) {
                Effect effect = fault.effect();
                Duration there = effect.delay(Direction.TO_SERVER);
                Duration back = effect.delay(Direction.TO_CLIENT);
                if (met.add(fault)) {
                    if (effect.cuts()) {
                        cutAt.put(fault, toClient.passed() + effect.cutAfter());
                    }
                    if (!there.isZero() || !back.isZero() || !effect.held().isEmpty()) {
                        fault.act();
                    }
                }
                later += there.toNanos();
                laterBack += back.toNanos();
                stop |= effect.held().contains(Direction.TO_SERVER);
                stopBack |= effect.held().contains(Direction.TO_CLIENT);
            }
        }
        toServer.delay(later);
        toServer.hold(stop);
        toClient.delay(laterBack);
        toClient.hold(stopBack);
    }

    /** Nanoseconds until it has to be looked at without being asked; negative when it need not. */
    long dueIn(long now) {
        long there = toServer.dueIn(now);
        long back = toClient.dueIn(now);
        return there < 0 ? back : back < 0 ? there : Math.min(there, back);
    }

    private void interests() {
        clientKey.interestOps(interest(connected && toServer.wantsMore(), toClient.blocked()));
        serverKey.interestOps(connected ? interest(toClient.wantsMore(), toServer.blocked()) : SelectionKey.OP_CONNECT);
    }

    private static int interest(boolean read, boolean write) {
        return (read ? SelectionKey.OP_READ : 0) | (write ? SelectionKey.OP_WRITE : 0);
    }

    /** Both sides see a reset, not an end; on the wire with the next selection. */
    void reset() {
        if (open) {
            wasReset = true;
            abandon(client);
            abandon(server);
            close();
        }
    }

    private static void abandon(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException alreadyGone) {
            // Then it is closed as it is.
        }
    }

    private void close() {
        open = false;
        close(client);
        close(server);
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException alreadyGone) {
            // There is nothing left to close.
        }
    }
}
