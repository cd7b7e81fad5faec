package dev.cutover.core.position;

/**
 * Consecutive transactions of one server.
 *
 * @param first inclusive, at least 1
 * @param last inclusive
 */
record Interval(long first, long last) implements Comparable<Interval> {
    Interval {
        if (first < 1 || last < first) {
            throw new IllegalArgumentException("Transactions run upwards from 1, not " + first + "-" + last + ".");
        }
    }

    boolean covers(Interval other) {
        return first <= other.first && other.last <= last;
    }

    @Override
    public int compareTo(Interval other) {
        return Long.compare(first, other.first);
    }

    @Override
    public String toString() {
        return first == last ? Long.toString(first) : first + "-" + last;
    }
}
