package dev.cutover.chaos.checker;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A GTID set, read anew from its text: which transactions of which servers. Not changed after it is made. */
final class GtidRanges {
    private final Map<String, long[]> bounds;

    private GtidRanges(Map<String, long[]> bounds) {
        this.bounds = bounds;
    }

    /** Reads {@code uuid:1-5:7,uuid:3}; spaces and line ends do not count. */
    static GtidRanges parse(String text) {
        Map<String, List<long[]>> found = new TreeMap<>();
        for (String part : text.replaceAll("\\s", "").split(",", -1)) {
            if (part.isEmpty()) {
                continue;
            }
            String[] words = part.split(":", -1);
            if (words.length < 2) {
                throw new EvidenceUnreadableException("'" + part + "' is not a part of a GTID set.", null);
            }
            List<long[]> ranges = found.computeIfAbsent(words[0].toLowerCase(Locale.ROOT), any -> new ArrayList<>());
            for (int i = 1; i < words.length; i++) {
                int dash = words[i].indexOf('-');
                long first = Long.parseLong(dash < 0 ? words[i] : words[i].substring(0, dash));
                long last = dash < 0 ? first : Long.parseLong(words[i].substring(dash + 1));
                ranges.add(new long[] {first, last});
            }
        }
        Map<String, long[]> bounds = new TreeMap<>();
        found.forEach((server, ranges) -> bounds.put(server, joined(ranges)));
        return new GtidRanges(bounds);
    }

    // first and last of each range in turn, no two of which touch
    private static long[] joined(List<long[]> ranges) {
        ranges.sort((a, b) -> Long.compare(a[0], b[0]));
        long[] flat = new long[2 * ranges.size()];
        int used = 0;
        for (long[] range : ranges) {
            if (used > 0 && range[0] <= flat[used - 1] + 1) {
                flat[used - 1] = Math.max(flat[used - 1], range[1]);
            } else {
                flat[used++] = range[0];
                flat[used++] = range[1];
            }
        }
        return Arrays.copyOf(flat, used);
    }

    /** Whether every transaction of the other set is in this one. */
    boolean contains(GtidRanges other) {
        for (Map.Entry<String, long[]> part : other.bounds.entrySet()) {
            long[] mine = bounds.get(part.getKey());
            if (mine == null) {
                if (part.getValue().length > 0) {
                    return false;
                }
                continue;
            }
            long[] theirs = part.getValue();
            int at = 0;
            for (int i = 0; i < theirs.length; i += 2) {
                while (at < mine.length && mine[at + 1] < theirs[i]) {
                    at += 2;
                }
                if (at == mine.length || mine[at] > theirs[i] || mine[at + 1] < theirs[i + 1]) {
                    return false;
                }
            }
        }
        return true;
    }
}
