package dev.cutover.migrator.stream;

import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.position.GtidSet;
import dev.cutover.migrator.stream.WatchedTables.TableName;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The one place that names Debezium's settings. */
final class EngineSettings {
    static final String STREAM = "cutover.stream";

    // Measured on two cores: an idle marker is seen 4 ms after its commit; 1 ms wins nothing more, and polls five times
    // as often.
    private static final String POLL_MILLIS = "5";
    private static final String BATCH = "2048";
    private static final String QUEUE = "8192";

    private EngineSettings() {}

    /** Of one stream out of one server, from a position on. */
    static Properties of(String stream, Endpoint endpoint, WatchedTables tables, GtidSet from) {
        Properties settings = of(stream);
        settings.setProperty(StartPosition.GTID_SET, from.toString());
        settings.setProperty("database.hostname", endpoint.host());
        settings.setProperty("database.port", Integer.toString(endpoint.port()));
        settings.setProperty("database.user", endpoint.user());
        settings.setProperty("database.password", endpoint.password().reveal());
        settings.setProperty(
                "database.server.id",
                Integer.toString(ThreadLocalRandom.current().nextInt(1_000_000_000, Integer.MAX_VALUE)));
        // As the JDBC sessions do: plain on this machine, TLS where the server has it.
        settings.setProperty(
                "database.ssl.mode",
                InetAddress.getLoopbackAddress().getHostAddress().equals(endpoint.host())
                                || endpoint.host().equals("localhost")
                        ? "disabled"
                        : "preferred");
        settings.setProperty("driver.allowPublicKeyRetrieval", "true");

        // Only keys and watched columns; their values never reach a target.
        settings.setProperty(
                "database.include.list",
                tables.schemas().stream().map(EngineSettings::exactly).collect(Collectors.joining(",")));
        settings.setProperty("table.include.list", tableFilter(tables));
        settings.setProperty("column.include.list", columnFilter(tables));
        return settings;
    }

    /** What does not depend on a server: enough to make an engine, not to run it. */
    static Properties of(String stream) {
        Properties settings = new Properties();
        // One JVM may run the same stream twice, in tests and while an old one still ends; JMX names and threads must
        // differ.
        String unique = "cutover-" + stream + "-" + UUID.randomUUID().toString().substring(0, 8);
        settings.setProperty(STREAM, stream);
        settings.setProperty("name", unique);
        settings.setProperty("topic.prefix", unique);
        settings.setProperty("connector.class", WatchedConnector.class.getName());

        // The start: our own position, the schema as it is now, nothing kept.
        settings.setProperty("offset.storage", StartPosition.class.getName());
        settings.setProperty("offset.flush.interval.ms", "86400000");
        settings.setProperty("snapshot.mode", "no_data");
        settings.setProperty("snapshot.locking.mode", "none");
        settings.setProperty("internal.log.position.check.enable", "false"); // ChangeStream has asked
        settings.setProperty("schema.history.internal", CurrentDefinitions.class.getName());
        settings.setProperty(CurrentDefinitions.OF, unique);
        settings.setProperty("schema.history.internal.store.only.captured.tables.ddl", "true");
        settings.setProperty("schema.history.internal.skip.unparseable.ddl", "false");

        settings.setProperty("bigint.unsigned.handling.mode", "precise");
        settings.setProperty("decimal.handling.mode", "string");

        // Whole transactions, everything that changes, no doubt passed over.
        settings.setProperty("provide.transaction.metadata", "true");
        settings.setProperty("include.schema.changes", "true");
        settings.setProperty("skipped.operations", "none");
        settings.setProperty("tombstones.on.delete", "false");
        settings.setProperty("connect.keep.alive", "false");
        settings.setProperty("errors.max.retries", "0");
        settings.setProperty("event.processing.failure.handling.mode", "fail");
        settings.setProperty("event.deserialization.failure.handling.mode", "fail");
        settings.setProperty("inconsistent.schema.handling.mode", "fail");

        // The worker measures its lag by beats. The engine's own figures cost it a thread and, when that is late, a log
        // line an event.
        settings.setProperty("advanced.metrics.enable", "false");
        settings.setProperty("statistics.metrics.enabled", "false");

        settings.setProperty("poll.interval.ms", POLL_MILLIS);
        settings.setProperty("max.batch.size", BATCH);
        settings.setProperty("max.queue.size", QUEUE);
        return settings;
    }

    // Debezium tries the expressions of a list in turn, for every column at the start and for every change after it:
    // there
    // is one a schema (and set of columns), however many tables it has.
    private static String tableFilter(WatchedTables tables) {
        Map<String, List<TableName>> schemas = new LinkedHashMap<>();
        tables.names()
                .forEach(name -> schemas.computeIfAbsent(name.schema(), any -> new ArrayList<>())
                        .add(name));
        return schemas.entrySet().stream()
                .map(schema -> exactly(schema.getKey()) + "\\." + oneOf(schema.getValue(), TableName::table))
                .collect(Collectors.joining(","));
    }

    private static String columnFilter(WatchedTables tables) {
        record Alike(String schema, Set<String> columns) {}
        Map<Alike, List<TableName>> groups = new LinkedHashMap<>();
        tables.names()
                .forEach(name -> groups.computeIfAbsent(
                                new Alike(name.schema(), tables.columns(name)), any -> new ArrayList<>())
                        .add(name));
        return groups.entrySet().stream()
                .map(group -> exactly(group.getKey().schema()) + "\\."
                        + oneOf(group.getValue(), TableName::table) + "\\."
                        + oneOf(group.getKey().columns(), column -> column))
                .collect(Collectors.joining(","));
    }

    private static <T> String oneOf(Collection<T> things, Function<T, String> name) {
        return things.stream().map(name).map(EngineSettings::exactly).collect(Collectors.joining("|", "(?:", ")"));
    }

    // Names are letters, digits, '_', '$' and, for schemas, '-'.
    private static String exactly(String name) {
        return name.replace("$", "\\$").replace("-", "\\-");
    }
}
