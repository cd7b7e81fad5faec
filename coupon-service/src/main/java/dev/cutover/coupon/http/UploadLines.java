package dev.cutover.coupon.http;

import java.nio.charset.StandardCharsets;

/**
 * The lines of a list that somebody uploads, numbered from 1 as an editor numbers them. A byte order mark at the beginning, a heading in
 * the first line and blank lines are passed over; nothing else is, so that no row gets lost without a word. Owned by one thread.
 */
final class UploadLines {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final byte[] text;
    private final String heading;
    private int next;
    private int begin;
    private int end;
    private long number;
    private String headed = "";

    /** @param heading what the first field of the first line may be, in any case */
    UploadLines(byte[] text, String heading) {
        this.text = text;
        this.heading = heading;
        this.next = marked(text) ? BYTE_ORDER_MARK.length : 0;
    }

    private static boolean marked(byte[] text) {
        for (int i = 0; i < BYTE_ORDER_MARK.length; i++) {
            if (i >= text.length || text[i] != BYTE_ORDER_MARK[i]) {
                return false;
            }
        }
        return true;
    }

    /** Moves to the next line that says something; whether there is one. */
    boolean move() {
        while (next < text.length) {
            begin = next;
            while (next < text.length && text[next] != '\n') {
                next++;
            }
            end = next > begin && text[next - 1] == '\r' ? next - 1 : next;
            next++;
            number++;
            if (number == 1 && field().strip().equalsIgnoreCase(heading)) {
                headed = whole();
            } else if (!blank()) {
                return true;
            }
        }
        return false;
    }

    private boolean blank() {
        for (int i = begin; i < end; i++) {
            if (text[i] != ' ' && text[i] != '\t') {
                return false;
            }
        }
        return true;
    }

    /** What stands before the first comma. */
    private String field() {
        String whole = whole();
        int comma = whole.indexOf(',');
        return comma < 0 ? whole : whole.substring(0, comma);
    }

    /** The heading that was passed over; empty when there was none. */
    String headed() {
        return headed;
    }

    /** The line that it stands at. */
    String whole() {
        return new String(text, begin, end - begin, StandardCharsets.UTF_8);
    }

    /**
     * The number that stands before the first comma, or -1 where none does.
     *
     * @param most no number above is read
     */
    long leadingNumber(long most) {
        long value = 0;
        int at = begin;
        for (; at < end && text[at] != ','; at++) {
            int digit = text[at] - '0';
            if (digit < 0 || digit > 9 || value > most) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return at == begin || value > most ? -1 : value;
    }

    long number() {
        return number;
    }
}
