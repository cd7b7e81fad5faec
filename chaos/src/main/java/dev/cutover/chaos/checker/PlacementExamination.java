package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FinalDatabase.Found;
import java.util.List;

/** I12: every row of NEW is in the table its user belongs to. Stateless. */
final class PlacementExamination {
    private PlacementExamination() {}

    static void examine(List<FinalDatabase> databases, Layout layout, Findings findings) {
        Routing routing = Routing.of(layout);
        for (FinalDatabase database : databases) {
            int shard = layout.shards().indexOf(database.place());
            if (shard < 0) {
                continue;
            }
            int base = shard * routing.tablesPerShard();
            database.coupons().forEach(row -> {
                row(routing, base, row.found(), row.user(), row, findings);
                if ((row.stored() & 1023) != routing.slot(row.user())) {
                    findings.add(
                            "I12",
                            "an id carries the slot of its user",
                            () -> row + ": its id says slot " + (row.stored() & 1023) + ", its user "
                                    + routing.slot(row.user()));
                }
            });
            database.probes().forEach(row -> row(routing, base, row.found(), row.user(), row, findings));
            database.redemptions().forEach(row -> row(routing, base, row.found(), row.user(), row, findings));
            database.operations().forEach(row -> row(routing, base, row.found(), row.user(), row, findings));
        }
    }

    private static void row(Routing routing, int base, Found found, long user, Object row, Findings findings) {
        int slot = routing.slot(user);
        if (slot != base + found.table()) {
            findings.add(
                    "I12",
                    "a row is where its user belongs",
                    () -> row + " stands in slot " + (base + found.table()) + ", user " + user + " belongs to slot "
                            + slot);
        }
    }
}
