package dev.cutover.core.position;

import java.util.Set;

/** A set of MySQL transactions by GTID. Immutable, safe for many threads. */
public final class GtidSet {
    public static final GtidSet EMPTY = new GtidSet();

    private GtidSet() {}

    /** Reads MySQL's notation, {@code uuid:1-5:7,uuid:3}; white space is ignored, an empty text is the empty set. */
    public static GtidSet parse(String text) {
        throw new UnsupportedOperationException();
    }

    /** Whether every transaction of the other set is in this one. */
    public boolean contains(GtidSet other) {
        throw new UnsupportedOperationException();
    }

    /** Whether this one transaction, {@code uuid:n}, is in the set. */
    public boolean containsGtid(String gtid) {
        throw new UnsupportedOperationException();
    }

    public GtidSet union(GtidSet other) {
        throw new UnsupportedOperationException();
    }

    public GtidSet intersect(GtidSet other) {
        throw new UnsupportedOperationException();
    }

    public GtidSet subtract(GtidSet other) {
        throw new UnsupportedOperationException();
    }

    public boolean isEmpty() {
        throw new UnsupportedOperationException();
    }

    /** How many transactions are in the set. */
    public long count() {
        throw new UnsupportedOperationException();
    }

    /** The server uuids, lower case, sorted. */
    public Set<String> servers() {
        throw new UnsupportedOperationException();
    }
}
