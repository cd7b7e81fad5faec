package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.console.Json;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import java.util.ArrayList;
import java.util.List;

/** Says in a line which row differs, where it is, and how. */
public final class VerificationRows {
    private VerificationRows() {}

    static boolean equal(VerificationReport report) {
        return report.verdict() == Verdict.EQUAL;
    }

    /** The first differences, a line each. */
    public static List<String> lines(VerificationReport report, int limit) {
        List<String> lines = new ArrayList<>();
        for (Difference difference : report.differences()) {
            if (lines.size() == limit) {
                lines.add("and " + (report.differences().size() - limit) + " more");
                break;
            }
            lines.add(line(difference));
        }
        return lines;
    }

    private static String line(Difference difference) {
        RowKey key = difference.sourceKey();
        RowKey there = difference.targetKey();
        return difference.table() + " " + (key == null ? "?" : String.join("/", key.parts())) + " is "
                + difference.kind() + " in " + difference.database() + "." + difference.physicalTable()
                + (there == null ? "" : " (key there " + String.join("/", there.parts()) + ")")
                + (difference.differingColumns().isEmpty()
                        ? ""
                        : ", columns " + String.join(", ", difference.differingColumns()))
                + (difference.hint().isEmpty() ? "" : ", probably " + difference.hint());
    }

    /** Rows in quarantine when a run was made. */
    static long quarantined(VerificationRecord run) {
        JsonNode report = Json.parse(run.reportJson());
        return report == null ? 0 : report.path("quarantined").asLong(0);
    }

    /** The first rows of a stored run, to stand behind a sentence. */
    static String named(VerificationRecord run) {
        JsonNode report = Json.parse(run.reportJson());
        if (report == null || report.path("differences").isEmpty()) {
            return "";
        }
        List<String> rows = new ArrayList<>();
        for (JsonNode difference : report.path("differences")) {
            if (rows.size() == 3) {
                rows.add("…");
                break;
            }
            JsonNode key = difference.path("sourceKey");
            String text = key.isArray() || key.isObject() ? keyText(key) : key.asText();
            rows.add(difference.path("table").asText() + " " + text + " in "
                    + difference.path("database").asText() + "."
                    + difference.path("physicalTable").asText());
        }
        return " (" + String.join("; ", rows) + ")";
    }

    private static String keyText(JsonNode key) {
        List<String> parts = new ArrayList<>();
        (key.isObject() ? key.path("parts") : key).forEach(part -> parts.add(part.asText()));
        return String.join("/", parts);
    }
}
