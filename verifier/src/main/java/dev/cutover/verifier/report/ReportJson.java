package dev.cutover.verifier.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.HeatMap;
import dev.cutover.verifier.Resumed;
import dev.cutover.verifier.TableResult;
import dev.cutover.verifier.VerificationReport;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A report for programs. */
public final class ReportJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ReportJson() {}

    public static String of(VerificationReport report) {
        ObjectNode root = JSON.createObjectNode();
        root.put("apiVersion", "cutover/v1");
        root.put("kind", "VerificationReport");
        root.put("runId", report.runId());
        root.put("migration", report.migration());
        root.put("planHash", report.planHash());
        root.put("startedAt", report.startedAt().toString());
        root.put("finishedAt", report.finishedAt().toString());
        root.put("verdict", report.verdict().name());
        texts(root.putArray("scope"), report.scope());
        root.put("quiesced", report.quiesced());
        root.put("truth", report.truth());
        Resumed resumed = report.resumed();
        if (resumed != null) {
            ObjectNode former = root.putObject("resumed");
            former.put("runId", resumed.runId());
            former.put("startedAt", resumed.startedAt().toString());
            former.put("ranges", resumed.ranges());
        }
        root.put("cells", report.cells());
        root.put("rowsCompared", report.rowsCompared());
        root.put("differenceCount", report.differenceCount());
        root.put("quarantined", report.quarantined());
        ArrayNode tables = root.putArray("tables");
        report.tables().forEach(table -> table(tables.addObject(), table));
        ArrayNode differences = root.putArray("differences");
        report.differences().forEach(difference -> difference(differences.addObject(), difference));
        texts(root.putArray("selfTest"), report.selfTest());
        texts(root.putArray("unsettled"), report.unsettled());
        texts(root.putArray("notChecked"), report.notChecked());
        ObjectNode definitions = root.putObject("definitions");
        new TreeMap<>(report.definitions().digests()).forEach(definitions::put);
        ObjectNode sessions = root.putObject("sessions");
        new TreeMap<>(report.sessions()).forEach((database, variables) -> {
            ObjectNode session = sessions.putObject(database);
            new TreeMap<>(variables).forEach(session::put);
        });
        ObjectNode positions = root.putObject("positions");
        new TreeMap<>(report.positions()).forEach(positions::put);
        return written(JSON.writerWithDefaultPrettyPrinter(), root);
    }

    /** One difference, on one line. */
    public static String of(Difference difference) {
        ObjectNode node = JSON.createObjectNode();
        difference(node, difference);
        return written(JSON.writer(), node);
    }

    private static String written(ObjectWriter writer, ObjectNode node) {
        try {
            return writer.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tree of texts and numbers could not be written as JSON.", e);
        }
    }

    private static void table(ObjectNode node, TableResult table) {
        node.put("table", table.table());
        node.put("ranges", table.ranges());
        node.put("cells", table.cells());
        node.put("unequalCells", table.unequalCells());
        node.put("sourceRows", table.sourceRows());
        node.put("targetRows", table.targetRows());
        node.put("quarantined", table.quarantined());
        node.put("settled", table.settled());
        node.put("differences", table.differences());
        node.put("hot", table.hot());
        node.put("millis", table.millis());
        ObjectNode kinds = node.putObject("kinds");
        table.kinds().forEach((kind, count) -> kinds.put(kind.name(), count));
        heatMap(node.putObject("heatMap"), table.heatMap());
    }

    private static void heatMap(ObjectNode node, HeatMap map) {
        ArrayNode columns = node.putArray("columns");
        for (HeatMap.Column column : map.columns()) {
            columns.addObject()
                    .put("firstDatabase", column.firstDatabase())
                    .put("firstTable", column.firstTable())
                    .put("lastDatabase", column.lastDatabase())
                    .put("lastTable", column.lastTable())
                    .put("tables", column.tables());
        }
        ArrayNode rows = node.putArray("rows");
        for (HeatMap.Row row : map.rows()) {
            ObjectNode line = rows.addObject();
            line.put("lo", row.lo());
            line.put("hi", row.hi());
            line.put("ranges", row.ranges());
            line.put("kept", row.kept());
            line.put("readFrom", row.readFrom().toString());
            line.put("readTo", row.readTo().toString());
            line.put("millis", row.millis());
            line.put("sourceRows", row.sourceRows());
            line.put("targetRows", row.targetRows());
            // Numbers without names: when everything differs there are 25,000 of these a table.
            ArrayNode cells = line.putArray("cells");
            for (HeatMap.Cell cell : row.cells()) {
                cells.addArray()
                        .add(cell.column())
                        .add(cell.unequal())
                        .add(cell.settled())
                        .add(cell.different())
                        .add(cell.hot());
            }
        }
    }

    private static void difference(ObjectNode node, Difference difference) {
        node.put("table", difference.table());
        key(node, "sourceKey", difference.sourceKey());
        key(node, "targetKey", difference.targetKey());
        node.put("database", difference.database());
        node.put("physicalTable", difference.physicalTable());
        node.put("kind", difference.kind().name());
        node.put("hint", difference.hint());
        texts(node.putArray("differingColumns"), difference.differingColumns());
        ObjectNode certificate = node.putObject("certificate");
        certificate.put("at", difference.certificate().at().toString());
        texts(certificate.putArray("applied"), difference.certificate().applied());
        certificate.put("sourceHash", difference.certificate().sourceHash());
        certificate.put("targetHash", difference.certificate().targetHash());
        node.put("sourceSql", difference.sourceSql());
        node.put("targetSql", difference.targetSql());
    }

    private static void key(ObjectNode node, String name, @Nullable RowKey key) {
        if (key == null) {
            node.putNull(name);
        } else {
            texts(node.putArray(name), key.parts());
        }
    }

    private static void texts(ArrayNode array, List<String> texts) {
        texts.forEach(array::add);
    }
}
