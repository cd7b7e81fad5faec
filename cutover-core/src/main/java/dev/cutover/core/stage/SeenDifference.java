package dev.cutover.core.stage;

import java.time.Instant;

/**
 * A row that was certified to differ when it was compared again after a change.
 *
 * @param table its name in the plan
 * @param place database and physical table on NEW, with a dot between
 * @param key on OLD; where it has none, on NEW
 * @param kind what is wrong
 * @param foundAt the control database's time; ignored when it is recorded
 * @param detailJson the difference as in a report, keys and never values
 */
public record SeenDifference(String table, String place, String key, String kind, Instant foundAt, String detailJson) {
    private static final int MAX_KEY = 255;

    public SeenDifference {
        key = key.length() <= MAX_KEY ? key : key.substring(0, MAX_KEY);
    }

    /** For gates and pages. */
    public String describe() {
        return table + " " + key + " is " + kind + " in " + place;
    }

    /** The database of the place. */
    public String database() {
        int dot = place.indexOf('.');
        return dot < 0 ? place : place.substring(0, dot);
    }
}
