package dev.cutover.verifier.report;

import java.util.Locale;

/** Text that cannot break out of HTML or XML, nor hide in it: what neither shows is spelt out. */
final class Escaped {
    private Escaped() {}

    static String of(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(point -> append(escaped, point));
        return escaped.toString();
    }

    private static void append(StringBuilder escaped, int point) {
        switch (point) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            case '\n' -> escaped.append('\n');
            case '\t' -> escaped.append('\t');
            default -> {
                if (unseen(point)) {
                    escaped.append(String.format(Locale.ROOT, "\\u%04X", point));
                } else {
                    escaped.appendCodePoint(point);
                }
            }
        }
    }

    // Control characters, most of which XML forbids; halves of pairs; what turns the direction of text round or has no
    // width.
    private static boolean unseen(int point) {
        return Character.isISOControl(point)
                || (point >= 0xD800 && point <= 0xDFFF)
                || (point & 0xFFFE) == 0xFFFE
                || Character.getType(point) == Character.FORMAT;
    }
}
