package dev.cutover.sandbox.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;

/** The bytes of one connection in one direction, and those of them that are late. Owned by the thread of the proxy. */
final class Flow {
    // So much may be under way: enough not to slow down what is only delayed, little enough to hold a sender back in
    // the
    // end.
    private static final int UNDER_WAY = 4 << 20;

    /** Bytes that arrive at a time of System.nanoTime. */
    private record Piece(long due, ByteBuffer bytes) {}

    private final SocketChannel from;
    private final SocketChannel to;
    private final Deque<Piece> pieces = new ArrayDeque<>();
    private int underWay;
    private long passed;
    private long delay;
    private boolean held;
    private boolean ended;
    private boolean full;

    Flow(SocketChannel from, SocketChannel to) {
        this.from = from;
        this.to = to;
    }

    void delay(long nanos) {
        delay = nanos;
    }

    void hold(boolean stop) {
        held = stop;
    }

    /** Bytes that have arrived. */
    long passed() {
        return passed;
    }

    /** Puts what the sender has sent into the buffer, ready to be read; false when there was nothing. */
    boolean receive(ByteBuffer buffer) throws IOException {
        buffer.clear();
        if (!wantsMore()) {
            return false;
        }
        int read = from.read(buffer);
        ended |= read < 0;
        buffer.flip();
        return read > 0;
    }

    /** Sends the buffer on: now, or when its time has come. */
    void send(ByteBuffer buffer, long now) throws IOException {
        if (pieces.isEmpty() && delay == 0 && !held) {
            write(buffer);
        }
        if (buffer.hasRemaining()) {
            ByteBuffer copy = ByteBuffer.allocate(buffer.remaining());
            copy.put(buffer).flip();
            underWay += copy.remaining();
            pieces.add(new Piece(now + delay, copy));
        }
    }

    /** Sends on whatever is due. */
    void deliver(long now) throws IOException {
        full = false;
        while (!held && !full && !pieces.isEmpty() && pieces.getFirst().due() - now <= 0) {
            ByteBuffer bytes = pieces.getFirst().bytes();
            int before = bytes.remaining();
            write(bytes);
            underWay -= before - bytes.remaining();
            if (!bytes.hasRemaining()) {
                pieces.removeFirst();
            }
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        passed += to.write(bytes);
        full = bytes.hasRemaining();
    }

    boolean wantsMore() {
        return !ended && !held && underWay < UNDER_WAY;
    }

    /** Whether the receiver has to take something first. */
    boolean blocked() {
        return full && !held;
    }

    /** Nanoseconds until something is due; negative when nothing waits for its time. */
    long dueIn(long now) {
        return held || full || pieces.isEmpty()
                ? -1
                : Math.max(0, pieces.getFirst().due() - now);
    }

    /** Whether the sender is gone and all it sent has arrived. */
    boolean finished() {
        return ended && pieces.isEmpty();
    }
}
