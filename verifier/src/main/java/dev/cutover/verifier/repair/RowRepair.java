package dev.cutover.verifier.repair;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import java.util.List;

/**
 * One row in one database of the side that is not the truth: one transaction.
 *
 * @param table the table's name in the plan
 * @param sourceKey the row's key on OLD
 * @param database where is written
 * @param kinds what was wrong
 * @param truth the salted hash of what the truth holds of the row
 * @param spots where the truth held it, besides where it is looked for anyway
 * @param places everything that is looked at and written there
 * @param statements what is done, for people
 */
record RowRepair(
        String table,
        RowKey sourceKey,
        DatabaseId database,
        List<String> kinds,
        String truth,
        List<Spot> spots,
        List<PlannedPlace> places,
        List<String> statements) {
    RowRepair {
        kinds = List.copyOf(kinds);
        spots = List.copyOf(spots);
        places = List.copyOf(places);
        statements = List.copyOf(statements);
    }

    boolean writesRow() {
        return places.stream().anyMatch(place -> place.goal().kind() == Goal.Kind.ROW);
    }

    /** A physical table of NEW and a key in it. */
    record Spot(int slot, RowKey key) {}

    String describe() {
        return table + " " + sourceKey.parts() + " in " + database;
    }
}
