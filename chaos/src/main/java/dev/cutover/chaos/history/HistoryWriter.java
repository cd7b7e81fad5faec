package dev.cutover.chaos.history;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Appends records to a history; a line has left this process when {@link #write} returns. Safe for many threads.
 *
 * <p>What a client did before it died is what its history says: so a call goes out only after its line is with the operating system.
 */
public final class HistoryWriter implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final Object turn = new Object();

    private HistoryWriter(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Begins a history; there must be none of that name. */
    public static HistoryWriter create(Path path) {
        try {
            Path folder = path.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            return new HistoryWriter(
                    path, FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw new UncheckedIOException("The history " + path + " cannot be begun: " + e.getMessage(), e);
        }
    }

    /** Writes one line. */
    public void write(HistoryRecord entry) {
        ByteBuffer line = ByteBuffer.wrap(HistoryLine.encode(entry));
        synchronized (turn) {
            try {
                while (line.hasRemaining()) {
                    channel.write(line);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(
                        "A line of the history " + path + " is not written: " + e.getMessage(), e);
            }
        }
    }

    @Override
    public void close() {
        synchronized (turn) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException("The history " + path + " cannot be closed: " + e.getMessage(), e);
            }
        }
    }
}
