package dev.cutover.chaos.bench;

import dev.cutover.chaos.stand.ChaosFailedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Asks a Redis on this machine a few words, each on a connection of its own: what a person would type. Safe for many threads. */
final class RedisTalk {
    private final int port;

    RedisTalk(int port) {
        this.port = port;
    }

    /** An answer that is a number. */
    long number(String words) {
        return Long.parseLong(ask(words).substring(1));
    }

    /** An answer that is a text; empty for none. */
    String text(String words) {
        String answer = ask(words);
        int line = answer.indexOf('\n');
        return line < 0 ? "" : answer.substring(line + 1);
    }

    private String ask(String words) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write((words + "\r\nQUIT\r\n").getBytes(StandardCharsets.UTF_8));
            InputStream in = socket.getInputStream();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            in.transferTo(bytes);
            String all = bytes.toString(StandardCharsets.UTF_8);
            // The answer to QUIT stands behind it.
            return all.substring(0, all.length() - "+OK\r\n".length())
                    .replace("\r", "")
                    .stripTrailing();
        } catch (IOException e) {
            throw new ChaosFailedException("Redis did not answer " + words + ": " + e.getMessage(), e);
        }
    }
}
