package dev.cutover.migrator.stream;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.QueryEventData;
import dev.cutover.migrator.binlog.TableMaps;
import io.debezium.config.Configuration;
import io.debezium.connector.mysql.MySqlConnectorTask;
import io.debezium.connector.mysql.MySqlOffsetContext;
import io.debezium.connector.mysql.MySqlPartition;
import io.debezium.connector.mysql.MySqlStreamingChangeEventSource;
import io.debezium.pipeline.ChangeEventSourceCoordinator;
import io.debezium.pipeline.EventDispatcher;
import io.debezium.pipeline.source.spi.DataChangeEventListener;
import java.lang.reflect.Field;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's MySQL task, without its metrics of single events, without what is optional in descriptions of tables, and noticing two things
 * Debezium 3.6 passes over in silence.
 *
 * <p>First: with keep-alive off, a binlog connection that ends (server killed, dump thread killed) ends the reader thread, but neither
 * the task nor the engine; they poll an empty queue for ever. Second: a change in statement format is one warning in the log, its rows are
 * lost. Both end the task here. Made by Debezium by name; {@code poll} is called by one thread, the listener runs on the reader's.
 */
public final class WatchedTask extends MySqlConnectorTask {
    private static final Pattern STATEMENT_CHANGE = Pattern.compile(
            "^\\s*(/\\*.*?\\*/\\s*)*(INSERT|UPDATE|DELETE|REPLACE|LOAD)\\s.*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private static final long SOON_NANOS = 200_000;

    private volatile String stream = "";
    private volatile boolean ended;
    private volatile @Nullable StreamStoppedException stopped;
    private volatile @Nullable ChangeEventSourceCoordinator<MySqlPartition, MySqlOffsetContext> sources;

    private @Nullable BinaryLogClient client;
    private boolean connected;

    @Override
    public ChangeEventSourceCoordinator<MySqlPartition, MySqlOffsetContext> start(Configuration config) {
        stream = config.getString(EngineSettings.STREAM);
        ChangeEventSourceCoordinator<MySqlPartition, MySqlOffsetContext> started = super.start(config);
        sources = started;
        leaveOutMetadata();
        return started;
    }

    // Debezium makes its client on a thread of its own and connects it some round trips later. Should it ever be
    // quicker than
    // this, an event it cannot read ends the stream, which starts again.
    private void leaveOutMetadata() {
        Thread early = new Thread(
                () -> {
                    while (!ended) {
                        BinaryLogClient made = findClient();
                        if (made != null) {
                            TableMaps.leaveOutMetadata(made);
                            return;
                        }
                        LockSupport.parkNanos(SOON_NANOS);
                    }
                },
                "cutover-tables-" + stream);
        early.setDaemon(true);
        early.start();
    }

    @Override
    protected void doStop() {
        ended = true;
        super.doStop();
    }

    @Override
    public List<SourceRecord> doPoll() throws InterruptedException {
        watch();
        StreamStoppedException reason = stopped;
        if (reason != null) {
            throw reason;
        }
        return super.doPoll();
    }

    private void watch() {
        if (client == null) {
            client = findClient();
            if (client == null) {
                return;
            }
            client.registerEventListener(this::lookForStatements);
        }
        boolean now = client.isConnected();
        if (connected && !now) {
            throw new StreamBrokenException(stream, "the server closed the binlog connection.", null);
        }
        if (now && !connected) {
            silenceMetrics();
        }
        connected = now;
    }

    // For a JMX bean that nobody asks, Debezium 3.6 writes each event's key and position as JSON, each time with a new
    // ObjectMapper: a quarter of the time of the reader, which is one thread. There is no setting for it.
    private void silenceMetrics() {
        try {
            Field field = ChangeEventSourceCoordinator.class.getDeclaredField("eventDispatcher");
            field.setAccessible(true);
            if (field.get(sources) instanceof EventDispatcher<?, ?> dispatcher) {
                dispatcher.setEventListener(DataChangeEventListener.NO_OP());
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Debezium's coordinator is not as this version of Cutover expects.", e);
        }
    }

    private @Nullable BinaryLogClient findClient() {
        ChangeEventSourceCoordinator<MySqlPartition, MySqlOffsetContext> running = sources;
        if (running == null || running.getStreamingSource().isEmpty()) {
            return null;
        }
        if (!(running.getStreamingSource().get() instanceof MySqlStreamingChangeEventSource source)) {
            throw new IllegalStateException("Debezium streams with "
                    + running.getStreamingSource().get().getClass() + ", not as this version of Cutover expects.");
        }
        return source.getBinaryLogClient();
    }

    private void lookForStatements(Event event) {
        if (event.getHeader().getEventType() == EventType.PARTIAL_UPDATE_ROWS_EVENT) {
            stopped = new StreamStoppedException(
                    stream,
                    "a change was logged as a part of a JSON value, which is not read",
                    "position " + event.getHeader(),
                    "Find the session that sets binlog_row_value_options, take that privilege away, then copy the changed tables again.");
            return;
        }
        if (event.getData() instanceof QueryEventData query
                && STATEMENT_CHANGE.matcher(query.getSql()).matches()) {
            stopped = new StreamStoppedException(
                    stream,
                    "a change was logged in statement format, so its rows are unknown",
                    "schema " + query.getDatabase() + ", thread " + query.getThreadId(),
                    "Find the session that sets binlog_format, take that privilege away, then copy the changed tables again.");
        }
    }
}
