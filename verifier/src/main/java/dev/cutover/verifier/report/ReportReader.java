package dev.cutover.verifier.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.fence.TableDefinitions;
import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.Certificate;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.DifferenceKind;
import dev.cutover.verifier.HeatMap;
import dev.cutover.verifier.Resumed;
import dev.cutover.verifier.TableResult;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads back what {@link ReportJson} wrote; reports of older versions have no heat map and no positions. */
public final class ReportReader {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ReportReader() {}

    /** The report of a run; empty when the run failed and there is none. */
    public static Optional<VerificationReport> read(String text) {
        try {
            JsonNode root = JSON.readTree(text);
            return root.path("kind").asText().equals("VerificationReport")
                    ? Optional.of(report(root))
                    : Optional.empty();
        } catch (JsonProcessingException | IllegalArgumentException | DateTimeParseException e) {
            throw new ReportUnreadableException(
                    "The report in the control database is not one that this version of Cutover can read ("
                            + e.getMessage() + "). Verify again.",
                    e);
        }
    }

    private static VerificationReport report(JsonNode root) {
        JsonNode resumed = root.path("resumed");
        return new VerificationReport(
                text(root, "runId"),
                text(root, "migration"),
                text(root, "planHash"),
                Instant.parse(text(root, "startedAt")),
                Instant.parse(text(root, "finishedAt")),
                Verdict.valueOf(text(root, "verdict")),
                texts(root.path("scope")),
                root.path("quiesced").asBoolean(),
                text(root, "truth"),
                all(root.path("tables"), ReportReader::table),
                all(root.path("differences"), ReportReader::difference),
                texts(root.path("selfTest")),
                texts(root.path("unsettled")),
                texts(root.path("notChecked")),
                new TableDefinitions(map(root.path("definitions"), JsonNode::asText)),
                map(root.path("sessions"), session -> map(session, JsonNode::asText)),
                map(root.path("positions"), JsonNode::asText),
                resumed.isObject()
                        ? new Resumed(
                                text(resumed, "runId"),
                                Instant.parse(text(resumed, "startedAt")),
                                resumed.path("ranges").asInt())
                        : null);
    }

    private static TableResult table(JsonNode node) {
        Map<DifferenceKind, Long> kinds = new LinkedHashMap<>();
        node.path("kinds")
                .properties()
                .forEach(kind -> kinds.put(
                        DifferenceKind.valueOf(kind.getKey()), kind.getValue().asLong()));
        return new TableResult(
                text(node, "table"),
                node.path("ranges").asInt(),
                node.path("cells").asLong(),
                node.path("unequalCells").asLong(),
                node.path("sourceRows").asLong(),
                node.path("targetRows").asLong(),
                node.path("quarantined").asLong(),
                node.path("settled").asLong(),
                node.path("differences").asLong(),
                node.path("hot").asLong(),
                node.path("millis").asLong(),
                kinds,
                new HeatMap(
                        all(node.path("heatMap").path("columns"), ReportReader::column),
                        all(node.path("heatMap").path("rows"), ReportReader::row)));
    }

    private static HeatMap.Column column(JsonNode node) {
        return new HeatMap.Column(
                text(node, "firstDatabase"),
                text(node, "firstTable"),
                text(node, "lastDatabase"),
                text(node, "lastTable"),
                node.path("tables").asInt());
    }

    private static HeatMap.Row row(JsonNode node) {
        return new HeatMap.Row(
                optional(node.path("lo")),
                optional(node.path("hi")),
                node.path("ranges").asInt(),
                node.path("kept").asInt(),
                Instant.parse(text(node, "readFrom")),
                Instant.parse(text(node, "readTo")),
                node.path("millis").asLong(),
                node.path("sourceRows").asLong(),
                node.path("targetRows").asLong(),
                all(
                        node.path("cells"),
                        cell -> new HeatMap.Cell(
                                cell.path(0).asInt(),
                                cell.path(1).asLong(),
                                cell.path(2).asLong(),
                                cell.path(3).asLong(),
                                cell.path(4).asLong())));
    }

    private static Difference difference(JsonNode node) {
        JsonNode certificate = node.path("certificate");
        return new Difference(
                text(node, "table"),
                key(node.path("sourceKey")),
                key(node.path("targetKey")),
                text(node, "database"),
                text(node, "physicalTable"),
                DifferenceKind.valueOf(text(node, "kind")),
                text(node, "hint"),
                texts(node.path("differingColumns")),
                new Certificate(
                        Instant.parse(text(certificate, "at")),
                        texts(certificate.path("applied")),
                        optional(certificate.path("sourceHash")),
                        optional(certificate.path("targetHash"))),
                text(node, "sourceSql"),
                text(node, "targetSql"));
    }

    private static String text(JsonNode node, String name) {
        JsonNode value = node.path(name);
        if (!value.isTextual()) {
            throw new IllegalArgumentException("no text '" + name + "'");
        }
        return value.asText();
    }

    private static @Nullable String optional(JsonNode node) {
        return node.isTextual() ? node.asText() : null;
    }

    private static @Nullable RowKey key(JsonNode node) {
        return node.isArray() ? new RowKey(texts(node)) : null;
    }

    private static List<String> texts(JsonNode array) {
        return all(array, JsonNode::asText);
    }

    private static <T> List<T> all(JsonNode array, Function<JsonNode, T> reading) {
        List<T> all = new ArrayList<>();
        array.forEach(node -> all.add(reading.apply(node)));
        return all;
    }

    private static <T> Map<String, T> map(JsonNode object, Function<JsonNode, T> reading) {
        Map<String, T> map = new LinkedHashMap<>();
        object.properties().forEach(entry -> map.put(entry.getKey(), reading.apply(entry.getValue())));
        return map;
    }
}
