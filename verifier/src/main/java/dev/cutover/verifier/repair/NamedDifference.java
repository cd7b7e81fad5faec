package dev.cutover.verifier.repair;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.Difference;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A difference as a report names it: where to look again, nothing more.
 *
 * @param table the table's name in the plan
 * @param sourceKey its key on OLD; null where the report has none
 * @param targetKey its key on NEW; null where it has none
 * @param database the database on NEW
 * @param physicalTable the table there
 * @param kind what it was called
 */
public record NamedDifference(
        String table,
        @Nullable RowKey sourceKey,
        @Nullable RowKey targetKey,
        String database,
        String physicalTable,
        String kind) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static NamedDifference of(Difference difference) {
        return new NamedDifference(
                difference.table(),
                difference.sourceKey(),
                difference.targetKey(),
                difference.database(),
                difference.physicalTable(),
                difference.kind().name());
    }

    /** The differences that the JSON of a verification report lists. */
    public static List<NamedDifference> ofReport(String reportJson) {
        List<NamedDifference> found = new ArrayList<>();
        for (JsonNode node :
                parse(reportJson, "the report of the last verification").path("differences")) {
            of(node).ifPresent(found::add);
        }
        return found;
    }

    /** The same from a text with one JSON object a line. */
    public static List<NamedDifference> ofLines(String text) {
        List<NamedDifference> found = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            if (!line.isBlank()) {
                int here = number;
                found.add(of(parse(line, "line " + number))
                        .orElseThrow(() -> new RepairRefusedException(
                                RepairRefusedException.Reason.FILE,
                                "Line " + here
                                        + " is no difference: a table, a database, a physical table and a key are"
                                        + " expected.")));
            }
        }
        return found;
    }

    private static JsonNode parse(String text, String what) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            // The parser's message quotes the text.
            throw new RepairRefusedException(RepairRefusedException.Reason.FILE, what + " is not JSON.");
        }
    }

    private static Optional<NamedDifference> of(JsonNode node) {
        RowKey sourceKey = key(node.path("sourceKey"));
        RowKey targetKey = key(node.path("targetKey"));
        if (!node.path("table").isTextual()
                || !node.path("database").isTextual()
                || !node.path("physicalTable").isTextual()
                || (sourceKey == null && targetKey == null)) {
            return Optional.empty();
        }
        return Optional.of(new NamedDifference(
                node.path("table").asText(),
                sourceKey,
                targetKey,
                node.path("database").asText(),
                node.path("physicalTable").asText(),
                node.path("kind").asText()));
    }

    private static @Nullable RowKey key(JsonNode node) {
        if (!node.isArray() || node.isEmpty()) {
            return null;
        }
        List<String> parts = new ArrayList<>();
        node.forEach(part -> parts.add(part.asText()));
        return new RowKey(parts);
    }
}
