package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.console.Json;
import dev.cutover.core.fence.TableDefinitions;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.UnreachableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Every migrated table is defined as it was when its rows were last verified: what a column is called and holds was compared for that only. */
final class DefinitionGate {
    private static final String NAME = "definitions as verified";
    private static final String FIX = "cutover verify once";
    private static final int SHOWN = 5;

    private DefinitionGate() {}

    static Gate of(StepContext context) {
        Optional<VerificationRecord> verified = VerificationGate.lastFull(context);
        if (verified.isEmpty()) {
            return Gate.unmet(NAME, "never verified in full", FIX);
        }
        try {
            TableDefinitions now = now(context);
            List<String> changed = changed(verified.get(), now);
            return Gate.of(
                    NAME,
                    changed.isEmpty(),
                    changed.isEmpty() ? now.digests().size() + " on all databases" : sentence(changed),
                    FIX);
        } catch (SQLException | UnreachableException e) {
            return Gate.unmet(NAME, "cannot be told: " + e.getMessage(), "cutover status");
        }
    }

    private static TableDefinitions now(StepContext context) throws SQLException {
        List<Callable<TableDefinitions>> tasks = new ArrayList<>();
        for (DatabaseId database : context.plan().databases()) {
            tasks.add(() -> {
                try (Connection connection =
                        context.topology().database(database).getConnection()) {
                    return TableDefinitions.read(
                            connection, context.plan(), database, context.plan().tables());
                }
            });
        }
        return together(Together.call(context.threads(), tasks));
    }

    static TableDefinitions together(List<TableDefinitions> each) {
        return each.stream().reduce(new TableDefinitions(Map.of()), TableDefinitions::with);
    }

    /** The tables that are not defined as they were when that run compared them. */
    static List<String> changed(VerificationRecord verified, TableDefinitions now) {
        @Nullable JsonNode report = Json.parse(verified.reportJson());
        Map<String, String> digests = new TreeMap<>();
        if (report != null) {
            report.path("definitions")
                    .fields()
                    .forEachRemaining(entry ->
                            digests.put(entry.getKey(), entry.getValue().asText()));
        }
        return now.unlike(new TableDefinitions(digests));
    }

    static String sentence(List<String> changed) {
        return "changed since the last full verification: "
                + String.join(", ", changed.subList(0, Math.min(SHOWN, changed.size())))
                + (changed.size() > SHOWN ? " and " + (changed.size() - SHOWN) + " more" : "");
    }
}
