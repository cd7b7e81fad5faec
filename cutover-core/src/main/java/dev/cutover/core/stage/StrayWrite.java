package dev.cutover.core.stage;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A change of a migrated table on the side that was not the truth, made by neither an applier nor a mirror; or a stretch that nobody watched.
 *
 * @param number by which people name it; 0 before it is recorded
 * @param server {@code host:port}
 * @param database as the plan counts them, such as {@code shard-0}
 * @param table the physical table; empty for {@link Kind#UNWATCHED}
 * @param gtid the transaction, or the set that was not watched, shortened
 * @param events row events, each of one row or more
 * @param detail what else is known; null where nothing is
 * @param acknowledged null while nobody has looked at it
 */
public record StrayWrite(
        long number,
        String server,
        String database,
        String table,
        String gtid,
        Kind kind,
        long events,
        @Nullable String detail,
        Instant seenAt,
        @Nullable Acknowledged acknowledged) {
    private static final int MAX_GTID = 250;

    public StrayWrite {
        gtid = gtid.length() <= MAX_GTID ? gtid : gtid.substring(0, MAX_GTID);
    }

    /** How it changed the table. */
    public enum Kind {
        INSERT,
        UPDATE,
        DELETE,
        /** Logged in statement format: which rows it changed, nobody knows. */
        STATEMENT,
        /** Truncated, dropped, renamed or altered. */
        DDL,
        /** Nothing is known about these transactions; one of them may have been stray. */
        UNWATCHED
    }

    /** Who has looked at it, and what was done about it. */
    public record Acknowledged(String by, Instant at, String reason) {}

    /** One that has just been seen. */
    public static StrayWrite seen(
            String server,
            String database,
            String table,
            String gtid,
            Kind kind,
            long events,
            @Nullable String detail) {
        return new StrayWrite(0, server, database, table, gtid, kind, events, detail, Instant.EPOCH, null);
    }

    /** For gates and pages: what, where, by which transaction. */
    public String describe() {
        String about = detail == null ? "" : " (" + detail + ")";
        return kind == Kind.UNWATCHED
                ? "server " + server + " was not watched for " + gtid + about
                : kind + " on " + table + " in " + database + " (" + server + "), transaction " + gtid + about;
    }
}
