package dev.cutover.verifier.repair;

import dev.cutover.core.row.ProjectedRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What the truth holds of one row, as the other side shall hold it.
 *
 * @param rows by where it stands; more than one is not what any projection makes
 */
record TruthImage(Map<RowRepair.Spot, ProjectedRow> rows) {
    TruthImage {
        rows = Map.copyOf(rows);
    }

    boolean empty() {
        return rows.isEmpty();
    }

    ProjectedRow only() {
        return rows.values().iterator().next();
    }

    String digest(RowDigest digest) {
        Map<String, ProjectedRow> sorted = new TreeMap<>();
        rows.forEach((spot, row) -> sorted.put(spot.slot() + " " + spot.key().text(), row));
        List<String> texts = new ArrayList<>();
        sorted.forEach((spot, row) -> {
            texts.add(spot);
            texts.add(Integer.toString(row.slot()));
            texts.add(Objects.requireNonNullElse(row.rejectReason(), ""));
            texts.add(digest.of(row.values()));
        });
        return rows.isEmpty() ? RowDigest.NOTHING : digest.of(texts);
    }
}
