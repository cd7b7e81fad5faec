package dev.cutover.migrator.stream;

import dev.cutover.core.fence.Fence;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Topology;
import io.debezium.embedded.Connect;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.relational.Table;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The change stream of one server, from a GTID set on: whole transactions of changed keys, in commit order.
 *
 * <p>It never goes on from a position of its own, never reconnects, and never passes over what it does not understand: it ends, says why,
 * and whoever owns the positions starts another one. Safe for many threads.
 */
public final class ChangeStream implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeStream.class);
    // As Debezium 3.6 says it; started again it would say it again.
    private static final String OTHER_COLUMNS = "internal schema size";

    private static final int MAX_KEYS = 50_000;

    private final String stream;
    private final StreamListener listener;
    private final TransactionAssembler assembler;
    private final String engineName;
    private final DebeziumEngine<ChangeEvent<SourceRecord, SourceRecord>> engine;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
    private volatile boolean closing;

    private ChangeStream(
            String stream,
            Endpoint endpoint,
            WatchedTables tables,
            GtidSet from,
            Set<String> knownServers,
            List<Table> definitions,
            Set<String> acceptedDdl,
            StreamListener listener) {
        this.stream = stream;
        this.listener = listener;
        this.assembler = new TransactionAssembler(stream, tables, knownServers, acceptedDdl::contains, MAX_KEYS);
        DebeziumEngine.ChangeConsumer<ChangeEvent<SourceRecord, SourceRecord>> consumer =
                (records, committer) -> consume(records);
        Properties settings = EngineSettings.of(stream, endpoint, tables, from);
        this.engineName = settings.getProperty("name");
        CurrentDefinitions.keep(engineName, definitions);
        this.engine = DebeziumEngine.create(Connect.class)
                .using(settings)
                .using((success, message, error) -> completed(error))
                .notifying(consumer)
                .build();
    }

    /**
     * Starts the stream out of OLD.
     *
     * @param from what the targets have applied already
     * @param acceptedDdl GTIDs of definition changes that people have let through
     * @throws StreamStoppedException when the server cannot give the stream from there
     */
    public static ChangeStream forward(
            Topology topology, GtidSet from, Set<String> acceptedDdl, StreamListener listener) {
        MigrationPlan plan = topology.plan();
        return start(topology, "old", DatabaseId.OLD, WatchedTables.forward(plan), from, acceptedDdl, listener);
    }

    /** Starts the stream out of one server of NEW. */
    public static ChangeStream reverse(
            Topology topology, ServerAddress server, GtidSet from, Set<String> acceptedDdl, StreamListener listener) {
        return start(
                topology,
                server.stream(),
                server.databases().get(0),
                WatchedTables.reverse(topology.plan(), server),
                from,
                acceptedDdl,
                listener);
    }

    private static ChangeStream start(
            Topology topology,
            String name,
            DatabaseId database,
            WatchedTables tables,
            GtidSet from,
            Set<String> acceptedDdl,
            StreamListener listener) {
        Endpoint endpoint = topology.endpoint(database);
        Set<String> servers = new TreeSet<>();
        from.servers().forEach(server -> servers.add(server.toLowerCase(Locale.ROOT)));
        List<Table> definitions;
        try (Connection connection = topology.database(database).getConnection()) {
            servers.add(checkStart(connection, name, endpoint, from));
            definitions = SourceDefinitions.read(connection, tables.names());
        } catch (SQLException e) {
            throw new StreamBrokenException(name, endpoint.describe() + " does not answer: " + e.getMessage() + ".", e);
        }
        ChangeStream stream =
                new ChangeStream(name, endpoint, tables, from, servers, definitions, acceptedDdl, listener);
        Thread thread = new Thread(stream.engine, "stream-" + name);
        thread.setDaemon(true);
        thread.start();
        LOG.info("Stream '{}' listens to {} from {}", name, endpoint.server(), from);
        return stream;
    }

    /** Whether the server still has everything after {@code from}, and had everything in it; gives its UUID. */
    private static String checkStart(Connection connection, String name, Endpoint endpoint, GtidSet from)
            throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT @@server_uuid, @@global.gtid_executed, @@global.gtid_purged,"
                                + " @@global.gtid_mode, @@global.binlog_format, @@global.binlog_row_image")) {
            row.next();
            String uuid = row.getString(1).toLowerCase(Locale.ROOT);
            String where = endpoint.describe() + ", server " + uuid;
            GtidSet executed = GtidSet.parse(row.getString(2));
            GtidSet purged = GtidSet.parse(row.getString(3));
            if (!"ON".equals(row.getString(4)) || !"ROW".equals(row.getString(5)) || !"FULL".equals(row.getString(6))) {
                throw new StreamStoppedException(
                        name,
                        "the binlog is not written as needed: gtid_mode=" + row.getString(4) + ", binlog_format="
                                + row.getString(5) + ", binlog_row_image=" + row.getString(6),
                        where,
                        "Set gtid_mode=ON, binlog_format=ROW and binlog_row_image=FULL; changes made meanwhile are lost to the "
                                + "stream, so copy again.");
            }
            Optional<String> fencedBy = Fence.writtenBy(connection);
            if (fencedBy.isPresent() && !fencedBy.get().equalsIgnoreCase(uuid)) {
                throw new StreamStoppedException(
                        name,
                        "another server answers than the one that wrote the fence, " + fencedBy.get(),
                        where,
                        "Was there a failover? 'cutover adopt " + endpoint.name()
                                + "' checks that nothing was lost and takes the new server over; the stream then goes on by itself.");
            }
            if (from.isEmpty()) {
                throw new StreamStoppedException(
                        name,
                        "there is no start position",
                        where,
                        "'cutover dual-write on' records it before anything is copied.");
            }
            if (!executed.contains(from)) {
                throw new StreamStoppedException(
                        name,
                        "the server does not know transactions that were applied from it: " + from.subtract(executed),
                        where,
                        "It lost them in a failover or was restored (RESET MASTER): bring the server back that has them; else what "
                                + "they wrote is on the other side alone, 'cutover verify once' names the rows, and only a new copy makes "
                                + "both sides one again.");
            }
            if (!from.contains(purged)) {
                throw new StreamStoppedException(
                        name,
                        "the server has purged binlogs that were not applied: " + purged.subtract(from),
                        where,
                        "The gap cannot be streamed any more: copy all dynamic tables again, and raise binlog_expire_logs_seconds.");
            }
            return uuid;
        }
    }

    private void consume(List<ChangeEvent<SourceRecord, SourceRecord>> records) throws InterruptedException {
        List<SourceTransaction> transactions = new ArrayList<>();
        try {
            for (ChangeEvent<SourceRecord, SourceRecord> record : records) {
                RecordDecoder.decode(record.value()).flatMap(assembler::take).ifPresent(transactions::add);
            }
        } catch (RuntimeException e) {
            // What was complete before the stop is good, and lets the positions come as close to the stop as they can.
            deliver(transactions);
            failure.compareAndSet(null, e);
            throw e;
        }
        deliver(transactions);
    }

    private void deliver(List<SourceTransaction> transactions) throws InterruptedException {
        if (!transactions.isEmpty() && !closing) {
            listener.transactions(transactions);
        }
    }

    private void completed(@Nullable Throwable error) {
        try {
            if (!closing) {
                listener.ended(reason(error));
            }
        } finally {
            CurrentDefinitions.forget(engineName);
            ended.countDown();
        }
    }

    private RuntimeException reason(@Nullable Throwable error) {
        RuntimeException own = failure.get();
        if (own != null) {
            return own;
        }
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof StreamStoppedException stopped) {
                return stopped;
            }
            if (cause instanceof StreamBrokenException broken) {
                return broken;
            }
        }
        if (error != null && deepest(error).contains(OTHER_COLUMNS)) {
            return new StreamStoppedException(
                    stream,
                    "a row was logged with other columns than its table has",
                    deepest(error),
                    "A session sets binlog_row_image other than FULL (take that privilege away), or the definition changed before the "
                            + "stream had read so far: either way copy the table again.",
                    error);
        }
        return new StreamBrokenException(
                stream, error == null ? "its engine ended." : "its engine failed: " + deepest(error) + ".", error);
    }

    private static String deepest(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }

    /** Ends the stream and waits for it; the listener hears nothing any more. */
    @Override
    public void close() {
        closing = true;
        try {
            engine.close();
            if (!ended.await(30, TimeUnit.SECONDS)) {
                LOG.warn("Stream '{}' did not end within 30 s; its engine is left behind", stream);
            }
        } catch (IllegalStateException alreadyEnding) {
            LOG.debug("Stream '{}' was ending already", stream, alreadyEnding);
        } catch (IOException e) {
            throw new UncheckedIOException("Stream '" + stream + "' could not be closed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
