package dev.cutover.chaos.checker;

import java.io.IOException;
import java.io.InputStream;

/**
 * A buffer without a lock: the binlog library asks for headers byte by byte, and a lock for each byte is what reading would cost most. Owned by
 * one thread.
 */
final class BulkInputStream extends InputStream {
    private final InputStream source;
    private final byte[] buffer = new byte[1 << 18];
    private int next;
    private int end;

    BulkInputStream(InputStream source) {
        this.source = source;
    }

    @Override
    public int read() throws IOException {
        return next < end || fill() ? buffer[next++] & 0xff : -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (next == end && !fill()) {
            return -1;
        }
        int taken = Math.min(length, end - next);
        System.arraycopy(buffer, next, bytes, offset, taken);
        next += taken;
        return taken;
    }

    @Override
    public long skip(long wanted) throws IOException {
        if (wanted <= 0 || (next == end && !fill())) {
            return 0;
        }
        long skipped = Math.min(wanted, end - next);
        next += (int) skipped;
        return skipped;
    }

    @Override
    public int available() throws IOException {
        return end - next + source.available();
    }

    private boolean fill() throws IOException {
        next = 0;
        end = Math.max(0, source.read(buffer));
        return end > 0;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
