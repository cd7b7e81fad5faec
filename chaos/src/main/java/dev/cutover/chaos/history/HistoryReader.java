package dev.cutover.chaos.history;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Reads a history line by line, in bounded memory; refuses what it does not know, by file and line. Stateless. */
public final class HistoryReader {
    private HistoryReader() {}

    /**
     * What was read.
     *
     * @param records the lines
     * @param torn whether a last line without its end was left out: the process died while it wrote it, so its call never went out
     */
    public record Extent(long records, boolean torn) {}

    /**
     * Hands every record on in the order of the file.
     *
     * @throws HistoryUnreadableException when a line that has an end is not a record
     */
    public static Extent read(Path path, Consumer<HistoryRecord> records) {
        try (InputStream bytes = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
            return read(path, bytes, records);
        } catch (IOException e) {
            throw new HistoryUnreadableException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Extent read(Path path, InputStream bytes, Consumer<HistoryRecord> records) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(512);
        byte[] piece = new byte[1 << 16];
        long count = 0;
        for (int length = bytes.read(piece); length >= 0; length = bytes.read(piece)) {
            int from = 0;
            for (int i = 0; i < length; i++) {
                if (piece[i] == '\n') {
                    line.write(piece, from, i - from);
                    from = i + 1;
                    count++;
                    records.accept(decode(path, count, line.toByteArray()));
                    line.reset();
                }
            }
            line.write(piece, from, length - from);
        }
        return new Extent(count, line.size() > 0);
    }

    private static HistoryRecord decode(Path path, long number, byte[] line) {
        try {
            return HistoryLine.decode(line);
        } catch (IOException | IllegalArgumentException e) {
            throw new HistoryUnreadableException(
                    path + ":" + number + " is not a record of a history: " + e.getMessage(), e);
        }
    }
}
