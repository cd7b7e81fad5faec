package dev.cutover.core.position;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A set of MySQL transactions by GTID, tagged ones (MySQL 8.3 and later) included. Immutable, safe for many threads. */
public final class GtidSet {
    public static final GtidSet EMPTY = new GtidSet(new TreeMap<>());

    private static final Pattern UUID = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    private static final Pattern TAG = Pattern.compile("[a-z_][a-z0-9_]{0,31}");
    private static final Pattern INTERVAL = Pattern.compile("(\\d{1,19})(?:-(\\d{1,19}))?");

    // By source: a server uuid, or uuid:tag. Intervals are sorted and neither touch nor overlap; no source is empty.
    private final TreeMap<String, List<Interval>> bySource;

    private GtidSet(TreeMap<String, List<Interval>> bySource) {
        this.bySource = bySource;
    }

    /** Reads MySQL's notation, {@code uuid:1-5:7,uuid:3}; white space is ignored, an empty text is the empty set. */
    public static GtidSet parse(String text) {
        TreeMap<String, List<Interval>> bySource = new TreeMap<>();
        for (String part : text.replaceAll("\\s", "").toLowerCase(Locale.ROOT).split(",", -1)) {
            if (!part.isEmpty()) {
                parseServer(part, text, bySource);
            }
        }
        bySource.replaceAll((source, intervals) -> merged(intervals));
        return bySource.isEmpty() ? EMPTY : new GtidSet(bySource);
    }

    private static void parseServer(String part, String text, TreeMap<String, List<Interval>> bySource) {
        String[] words = part.split(":", -1);
        if (!UUID.matcher(words[0]).matches() || words.length < 2) {
            throw refused(part, text);
        }
        String source = words[0];
        for (int i = 1; i < words.length; i++) {
            if (TAG.matcher(words[i]).matches() && i + 1 < words.length) {
                source = words[0] + ":" + words[i];
                continue;
            }
            var interval = INTERVAL.matcher(words[i]);
            if (!interval.matches()) {
                throw refused(part, text);
            }
            try {
                long first = Long.parseLong(interval.group(1));
                long last = interval.group(2) == null ? first : Long.parseLong(interval.group(2));
                bySource.computeIfAbsent(source, any -> new ArrayList<>()).add(new Interval(first, last));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(refused(part, text).getMessage() + " " + e.getMessage(), e);
            }
        }
    }

    private static IllegalArgumentException refused(String part, String text) {
        String shown = text.length() > 200 ? text.substring(0, 200) + "…" : text;
        return new IllegalArgumentException(
                "'" + part + "' in '" + shown + "' is not a GTID set: uuid:first-last is expected.");
    }

    /** Whether every transaction of the other set is in this one. */
    public boolean contains(GtidSet other) {
        return other.bySource.entrySet().stream()
                .allMatch(entry -> covers(bySource.get(entry.getKey()), entry.getValue()));
    }

    private static boolean covers(@Nullable List<Interval> mine, List<Interval> theirs) {
        if (mine == null) {
            return false;
        }
        int at = 0;
        for (Interval wanted : theirs) {
            while (at < mine.size() && mine.get(at).last() < wanted.first()) {
                at++;
            }
            if (at == mine.size() || !mine.get(at).covers(wanted)) {
                return false;
            }
        }
        return true;
    }

    /** Whether this one transaction, {@code uuid:n}, is in the set. */
    public boolean containsGtid(String gtid) {
        GtidSet one = parse(gtid);
        if (one.count() != 1) {
            throw new IllegalArgumentException("'" + gtid + "' is not one GTID: uuid:number is expected.");
        }
        return contains(one);
    }

    public GtidSet union(GtidSet other) {
        if (contains(other)) {
            return this;
        }
        TreeMap<String, List<Interval>> union = new TreeMap<>(bySource);
        other.bySource.forEach((source, intervals) -> union.merge(source, intervals, (mine, theirs) -> {
            List<Interval> all = new ArrayList<>(mine);
            all.addAll(theirs);
            return merged(all);
        }));
        return new GtidSet(union);
    }

    public GtidSet intersect(GtidSet other) {
        return subtract(subtract(other));
    }

    public GtidSet subtract(GtidSet other) {
        TreeMap<String, List<Interval>> rest = new TreeMap<>();
        bySource.forEach((source, intervals) -> {
            List<Interval> left = without(intervals, other.bySource.getOrDefault(source, List.of()));
            if (!left.isEmpty()) {
                rest.put(source, left);
            }
        });
        return rest.isEmpty() ? EMPTY : new GtidSet(rest);
    }

    private static List<Interval> without(List<Interval> mine, List<Interval> theirs) {
        List<Interval> left = new ArrayList<>();
        for (Interval interval : mine) {
            long from = interval.first();
            boolean open = true;
            for (Interval cut : theirs) {
                if (!open || cut.first() > interval.last()) {
                    break;
                }
                if (cut.last() < from) {
                    continue;
                }
                if (cut.first() > from) {
                    left.add(new Interval(from, cut.first() - 1));
                }
                open = cut.last() < interval.last();
                from = open ? cut.last() + 1 : from;
            }
            if (open) {
                left.add(new Interval(from, interval.last()));
            }
        }
        return left;
    }

    private static List<Interval> merged(List<Interval> intervals) {
        List<Interval> sorted = new ArrayList<>(intervals);
        Collections.sort(sorted);
        List<Interval> merged = new ArrayList<>();
        for (Interval next : sorted) {
            Interval last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
            if (last != null && (next.first() <= last.last() || next.first() - 1 == last.last())) {
                merged.set(merged.size() - 1, new Interval(last.first(), Math.max(last.last(), next.last())));
            } else {
                merged.add(next);
            }
        }
        return List.copyOf(merged);
    }

    public boolean isEmpty() {
        return bySource.isEmpty();
    }

    /** How many transactions are in the set. */
    public long count() {
        return bySource.values().stream()
                .flatMap(List::stream)
                .mapToLong(interval -> interval.last() - interval.first() + 1)
                .sum();
    }

    /** The server uuids, lower case, sorted. */
    public Set<String> servers() {
        return bySource.keySet().stream()
                .map(source -> source.substring(0, 36))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof GtidSet set && bySource.equals(set.bySource);
    }

    @Override
    public int hashCode() {
        return bySource.hashCode();
    }

    /** Canonical: servers sorted, intervals merged, no white space; two equal sets have one text. */
    @Override
    public String toString() {
        return bySource.entrySet().stream().map(GtidSet::describe).collect(Collectors.joining(","));
    }

    private static String describe(Map.Entry<String, List<Interval>> entry) {
        return entry.getKey()
                + entry.getValue().stream().map(interval -> ":" + interval).collect(Collectors.joining());
    }
}
