package dev.cutover.migrator.stream;

import io.debezium.config.Configuration;
import io.debezium.relational.Table;
import io.debezium.relational.Tables;
import io.debezium.relational.ddl.DdlParser;
import io.debezium.relational.history.HistoryRecordComparator;
import io.debezium.relational.history.SchemaHistory;
import io.debezium.relational.history.SchemaHistoryListener;
import io.debezium.relational.history.TableChanges;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Debezium's schema history without a history: what {@link SourceDefinitions} read just before the engine was made. A definition that
 * changes later stops the stream, and the next one reads again. Made by Debezium by name, so it finds its tables by the name of its stream;
 * safe for many streams.
 */
public final class CurrentDefinitions implements SchemaHistory {
    static final String OF = CONFIGURATION_FIELD_PREFIX_STRING + "cutover.of";

    private static final ConcurrentMap<String, List<Table>> READ = new ConcurrentHashMap<>();

    private String name = "";

    /** Before the engine of that name is run. */
    static void keep(String name, List<Table> tables) {
        READ.put(name, tables);
    }

    /** When that engine has ended, however far it came. */
    static void forget(String name) {
        READ.remove(name);
    }

    @Override
    public void configure(
            Configuration config,
            HistoryRecordComparator comparator,
            SchemaHistoryListener listener,
            boolean useCatalogBeforeSchema) {
        name = config.getString(OF);
    }

    @Override
    public void recover(Map<Map<String, ?>, Map<String, ?>> offsets, Tables schema, DdlParser parser) {
        Optional.ofNullable(READ.get(name))
                .orElseThrow(() -> new IllegalStateException("Nobody has read the definitions for " + name + "."))
                .forEach(schema::overwriteTable);
    }

    @Override
    public boolean exists() {
        return true;
    }

    @Override
    public boolean storageExists() {
        return true;
    }

    @Override
    public void record(Map<String, ?> source, Map<String, ?> position, String databaseName, String ddl) {
        // Nothing is recovered from it.
    }

    @Override
    public void record(
            Map<String, ?> source,
            Map<String, ?> position,
            String databaseName,
            String schemaName,
            String ddl,
            TableChanges changes,
            Instant timestamp) {
        // Nothing is recovered from it.
    }

    @Override
    public void start() {
        // Nothing is open.
    }

    @Override
    public void stop() {
        // Nothing is open.
    }

    @Override
    public void initializeStorage() {
        // There is none.
    }
}
