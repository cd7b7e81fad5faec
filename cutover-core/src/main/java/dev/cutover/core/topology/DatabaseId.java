package dev.cutover.core.topology;

import java.util.regex.Pattern;

/**
 * Names one fenced database: {@code old}, {@code meta} or {@code shard-0} to {@code shard-(N-1)}.
 *
 * @param name the short name shown to people
 */
public record DatabaseId(String name) implements Comparable<DatabaseId> {
    // Before the names that are held to it.
    private static final Pattern NAME = Pattern.compile("old|meta|shard-\\d{1,4}");

    public static final DatabaseId OLD = new DatabaseId("old");
    public static final DatabaseId META = new DatabaseId("meta");

    public DatabaseId {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("A database is named old, meta or shard-N, not '" + name + "'.");
        }
    }

    /** The shard database with this number, from 0. */
    public static DatabaseId shard(int database) {
        return new DatabaseId("shard-" + database);
    }

    public Side side() {
        return equals(OLD) ? Side.OLD : Side.NEW;
    }

    @Override
    public int compareTo(DatabaseId other) {
        int byLength = Integer.compare(name.length(), other.name.length());
        return byLength != 0 && name.startsWith("shard-") && other.name.startsWith("shard-")
                ? byLength
                : name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
