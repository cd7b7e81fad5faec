package dev.cutover.sandbox.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a MySQL client sends, packet by packet, in pieces as they come off the wire: first who it is, then its statements. Owned by one
 * thread.
 *
 * <p>A packet is three bytes of length, one of sequence, and the payload. The first one of a client is its answer to the server's greeting;
 * a command begins with sequence 0, which no packet of the login after the first can have.
 */
final class ClientPackets {
    /** What is heard. */
    interface Listener {
        /** The {@code program_name} the client connected with; empty when it told none, or went over to TLS. */
        void client(String label);

        /** The text of a statement, of which no more than the beginning is kept. */
        void statement(String text);

        /** Whether {@link #rewritten} may answer anything but its argument. */
        boolean rewrites();

        /** What is to be sent instead, not longer; one character a byte. */
        String rewritten(String statement);
    }

    private static final int LONGEST = 8_192;
    private static final int QUERY = 0x03;
    private static final int WITH_DATABASE = 0x8;
    private static final int TLS = 0x800;
    private static final int SECURE_LOGIN = 0x8000;
    private static final int NAMED_LOGIN = 0x8_0000;
    private static final int ATTRIBUTES = 0x10_0000;
    private static final int LENGTH_CODED_LOGIN = 0x20_0000;
    private static final int QUERY_ATTRIBUTES = 0x800_0000;
    private static final int BEFORE_USER = 32;

    private final Listener listener;
    private final byte[] header = new byte[4];
    private int headerBytes;
    private int missing;
    private byte[] payload = new byte[256];
    private int kept;
    private boolean greeted;
    private boolean opaque;
    private boolean queryAttributes;

    ClientPackets(Listener listener) {
        this.listener = listener;
    }

    /** Reads the buffer from its position to its limit and leaves both as they are; a statement in it may be another one afterwards. */
    void read(ByteBuffer bytes) {
        ByteBuffer rest = bytes.duplicate();
        int begun = -1;
        while (rest.hasRemaining() && !opaque) {
            if (headerBytes < header.length) {
                header[headerBytes++] = rest.get();
                if (headerBytes == header.length) {
                    begun = rest.position();
                    missing = header[0] & 0xff | (header[1] & 0xff) << 8 | (header[2] & 0xff) << 16;
                    kept = 0;
                    finishIfComplete();
                }
                continue;
            }
            int taken = Math.min(missing, rest.remaining());
            int keep = Math.min(taken, LONGEST - kept);
            if (kept + keep > payload.length) {
                payload = Arrays.copyOf(payload, Math.min(LONGEST, Math.max(2 * payload.length, kept + keep)));
            }
            rest.get(payload, kept, keep);
            rest.position(rest.position() + taken - keep);
            kept += keep;
            missing -= taken;
            if (missing == 0 && begun >= 0 && kept == rest.position() - begun) {
                rewrite(bytes, begun);
            }
            finishIfComplete();
        }
    }

    private boolean isStatement() {
        return greeted && header[3] == 0 && kept > 0 && payload[0] == QUERY;
    }

    private int textBegins() {
        return queryAttributes && kept > 2 && payload[1] == 0 ? 3 : 1;
    }

    // The whole statement is in hand and has not been sent on.
    private void rewrite(ByteBuffer bytes, int begun) {
        if (!isStatement() || !listener.rewrites()) {
            return;
        }
        int begin = textBegins();
        String text = new String(payload, begin, kept - begin, StandardCharsets.ISO_8859_1);
        String other = listener.rewritten(text);
        if (!other.equals(text)) {
            byte[] padded = (other + " ".repeat(text.length() - other.length())).getBytes(StandardCharsets.ISO_8859_1);
            System.arraycopy(padded, 0, payload, begin, padded.length);
            for (int i = 0; i < padded.length; i++) {
                bytes.put(begun + begin + i, padded[i]);
            }
        }
    }

    private void finishIfComplete() {
        if (missing > 0) {
            return;
        }
        headerBytes = 0;
        if (!greeted) {
            greeted = true;
            hello(ByteBuffer.wrap(payload, 0, kept));
        } else if (isStatement()) {
            int begin = textBegins();
            listener.statement(new String(payload, begin, kept - begin, StandardCharsets.UTF_8));
        }
    }

    private void hello(ByteBuffer packet) {
        if (packet.remaining() < BEFORE_USER) {
            opaque = true;
            listener.client("");
            return;
        }
        int abilities = packet.get() & 0xff
                | (packet.get() & 0xff) << 8
                | (packet.get() & 0xff) << 16
                | (packet.get() & 0xff) << 24;
        packet.position(BEFORE_USER);
        if ((abilities & TLS) != 0 && !packet.hasRemaining()) {
            opaque = true;
            listener.client("");
            return;
        }
        queryAttributes = (abilities & QUERY_ATTRIBUTES) != 0;
        listener.client((abilities & ATTRIBUTES) == 0 ? "" : programName(packet, abilities));
    }

    private static String programName(ByteBuffer packet, int abilities) {
        skipText(packet);
        if ((abilities & LENGTH_CODED_LOGIN) != 0) {
            skip(packet, length(packet));
        } else if ((abilities & SECURE_LOGIN) != 0) {
            skip(packet, packet.get() & 0xff);
        } else {
            skipText(packet);
        }
        if ((abilities & WITH_DATABASE) != 0) {
            skipText(packet);
        }
        if ((abilities & NAMED_LOGIN) != 0) {
            skipText(packet);
        }
        int end = Math.min(packet.limit(), length(packet) + packet.position());
        while (packet.position() < end) {
            @Nullable String key = text(packet);
            @Nullable String value = text(packet);
            if (key == null || value == null) {
                return "";
            }
            if (key.equals("program_name")) {
                return value;
            }
        }
        return "";
    }

    private static void skipText(ByteBuffer packet) {
        while (packet.hasRemaining() && packet.get() != 0) {
            // up to the zero that ends it
        }
    }

    private static void skip(ByteBuffer packet, int bytes) {
        packet.position(Math.min(packet.limit(), packet.position() + bytes));
    }

    private static @Nullable String text(ByteBuffer packet) {
        int length = length(packet);
        if (length > packet.remaining()) {
            return null;
        }
        byte[] bytes = new byte[length];
        packet.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    // A length-coded integer. What a client says of itself is never longer than two bytes can count.
    private static int length(ByteBuffer packet) {
        if (!packet.hasRemaining()) {
            return 0;
        }
        int first = packet.get() & 0xff;
        if (first < 0xfb || packet.remaining() < 2) {
            return first;
        }
        return packet.get() & 0xff | (packet.get() & 0xff) << 8;
    }
}
