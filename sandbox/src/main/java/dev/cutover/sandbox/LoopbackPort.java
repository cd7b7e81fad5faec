package dev.cutover.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds a loopback port that nobody listens on now. Another process may take it before the server binds, so whoever starts a
 * server tries again with another one.
 *
 * <p>Ports below the kernel's ephemeral range are taken: a client that keeps knocking on the ephemeral port of a killed server
 * is in time given that very port as its own and connects to itself, and then the restarted server cannot bind.
 */
public final class LoopbackPort {
    private static final Path EPHEMERAL_RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final int LOWEST = 10_000;
    private static final int USUAL_EPHEMERAL_START = 32_768;
    private static final int ATTEMPTS = 200;

    private LoopbackPort() {}

    public static int free() {
        int end = Math.max(ephemeralStart(), LOWEST + 1_000);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int candidate = ThreadLocalRandom.current().nextInt(LOWEST, end);
            if (isFree(candidate)) {
                return candidate;
            }
        }
        throw new SandboxException("None of " + ATTEMPTS + " loopback ports tried between " + LOWEST + " and " + end
                + " is free. Stop servers that are no longer needed, or name a port.");
    }

    static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    /** The lowest port the kernel gives to clients. */
    static int ephemeralStart() {
        if (!Files.isReadable(EPHEMERAL_RANGE)) {
            return USUAL_EPHEMERAL_START;
        }
        // The kernel answers the first read and calls the second the end, however short the first was; Files.readString
        // reads
        // one byte first, because the file says it has none.
        try (InputStream range = Files.newInputStream(EPHEMERAL_RANGE)) {
            byte[] answer = new byte[64];
            int length = range.read(answer);
            return Integer.parseInt(
                    new String(answer, 0, Math.max(length, 0), StandardCharsets.US_ASCII).split("\\s+", -1)[0]);
        } catch (IOException | NumberFormatException unreadable) {
            return USUAL_EPHEMERAL_START;
        }
    }
}
