package dev.cutover.migrator.watch;

import com.github.shyiko.mysql.binlog.BinaryLogClient;
import com.github.shyiko.mysql.binlog.GtidSet;
import com.github.shyiko.mysql.binlog.event.Event;
import com.github.shyiko.mysql.binlog.event.EventData;
import com.github.shyiko.mysql.binlog.event.EventType;
import com.github.shyiko.mysql.binlog.event.GtidEventData;
import com.github.shyiko.mysql.binlog.event.QueryEventData;
import com.github.shyiko.mysql.binlog.event.TableMapEventData;
import com.github.shyiko.mysql.binlog.event.TransactionPayloadEventData;
import com.github.shyiko.mysql.binlog.event.deserialization.EventDeserializer;
import com.github.shyiko.mysql.binlog.event.deserialization.NullEventDataDeserializer;
import com.github.shyiko.mysql.binlog.network.SSLMode;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.stage.StrayWrite;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.migrator.binlog.TableMaps;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One connection to one server's binlog, read for table numbers only.
 *
 * <p>The reader's way is to log what it cannot read and to go on; here the first doubt ends the look, and what it had not finished is
 * looked at again. One thread runs it, others take its findings.
 */
final class BinlogLook {
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1", "[::1]");
    private static final long HEARTBEAT_MILLIS = 5_000;
    private static final long SILENCE_MILLIS = 20_000;
    private static final long CONNECT_MILLIS = 5_000;

    // Held here, or the setting goes with the logger.
    private static final Logger READER = Logger.getLogger(BinaryLogClient.class.getName());

    private final BinaryLogClient client;
    private final Runnable asked;
    private final Map<Long, TableMapEventData> wanted = new HashMap<>();

    // Guarded by this.
    private final Lookout lookout;
    private final GtidSet looked;
    private List<StrayWrite> strays = new ArrayList<>();
    private long transactions;
    private @Nullable RuntimeException failure;

    // Owned by the reader's thread.
    private String gtid = "";
    private boolean inTransaction;

    /**
     * Prepares a look.
     *
     * @param asked run, on the reader's thread, when a marker asks how far the look has come
     */
    BinlogLook(Endpoint endpoint, Lookout lookout, dev.cutover.core.position.GtidSet from, Runnable asked) {
        this.lookout = lookout;
        this.asked = asked;
        this.looked = new GtidSet(from.toString());
        READER.setLevel(Level.WARNING);
        this.client = new BinaryLogClient(
                endpoint.host(),
                endpoint.port(),
                endpoint.user(),
                endpoint.password().reveal());
        client.setServerId(ThreadLocalRandom.current().nextInt(1_000_000_000, Integer.MAX_VALUE));
        client.setGtidSet(from.toString());
        client.setGtidSetFallbackToPurged(false);
        client.setSSLMode(LOOPBACK.contains(endpoint.host()) ? SSLMode.DISABLED : SSLMode.PREFERRED);
        client.setKeepAlive(false);
        client.setHeartbeatInterval(HEARTBEAT_MILLIS);
        client.setNetReadTimeout(SILENCE_MILLIS);
        client.setConnectTimeout(CONNECT_MILLIS);
        client.setEventDeserializer(deserializer());
        client.registerEventListener(this::event);
        client.registerLifecycleListener(new BinaryLogClient.AbstractLifecycleListener() {
            @Override
            public void onCommunicationFailure(BinaryLogClient reader, Exception e) {
                fail(new IllegalStateException("the connection broke: " + e.getMessage(), e));
            }

            @Override
            public void onEventDeserializationFailure(BinaryLogClient reader, Exception e) {
                fail(new WatchGapException(gtid, "an event cannot be read: " + e.getMessage()));
            }
        });
    }

    /**
     * What was found since it was asked last.
     *
     * @param transactions how many were looked at since the look began
     */
    record Findings(
            List<StrayWrite> strays, long transactions, String looked, Map<DatabaseId, Role> roles, boolean complete) {}

    private EventDeserializer deserializer() {
        EventDeserializer deserializer = new EventDeserializer();
        TableMaps.leaveOutMetadata(deserializer);
        for (EventType type : EventType.values()) {
            if (EventType.isWrite(type)) {
                deserializer.setEventDataDeserializer(type, TouchedRows.reader(StrayWrite.Kind.INSERT, wanted));
            } else if (EventType.isUpdate(type)) {
                deserializer.setEventDataDeserializer(type, TouchedRows.reader(StrayWrite.Kind.UPDATE, wanted));
            } else if (EventType.isDelete(type)) {
                deserializer.setEventDataDeserializer(type, TouchedRows.reader(StrayWrite.Kind.DELETE, wanted));
            }
        }
        deserializer.setEventDataDeserializer(
                EventType.PARTIAL_UPDATE_ROWS_EVENT, TouchedRows.reader(StrayWrite.Kind.UPDATE, wanted));
        deserializer.setEventDataDeserializer(EventType.ROWS_QUERY, new NullEventDataDeserializer());
        return deserializer;
    }

    /** Looks until the connection ends; gives why it ended, null when it was stopped. */
    @Nullable
    RuntimeException run() throws IOException {
        client.connect();
        synchronized (this) {
            return failure;
        }
    }

    /** Ends the look; may be called again, and must be when it comes before the connection stands. */
    void stop() {
        try {
            client.disconnect();
        } catch (IOException e) {
            fail(new IllegalStateException("the connection could not be ended: " + e.getMessage(), e));
        }
    }

    private synchronized void fail(RuntimeException e) {
        if (failure == null) {
            failure = e;
        }
    }

    boolean connected() {
        return client.isConnected();
    }

    synchronized Findings take() {
        List<StrayWrite> taken = strays;
        strays = new ArrayList<>();
        return new Findings(taken, transactions, looked.toString(), lookout.roles(), lookout.knowsAll());
    }

    /** Gives back what could not be recorded; it is taken again. */
    synchronized void giveBack(List<StrayWrite> notRecorded) {
        strays.addAll(0, notRecorded);
    }

    synchronized long transactions() {
        return transactions;
    }

    synchronized boolean allPrimary() {
        return lookout.allPrimary();
    }

    // The reader logs what a listener throws, and goes on.
    private void event(Event event) {
        boolean tell;
        synchronized (this) {
            if (failure != null) {
                return;
            }
            try {
                look(event);
            } catch (RuntimeException e) {
                failure = e;
            }
            tell = failure == null && gtid.isEmpty() && lookout.asked();
            if (failure == null && !tell) {
                return;
            }
        }
        if (tell) {
            asked.run();
        } else {
            stop();
        }
    }

    private void look(Event event) {
        EventType type = event.getHeader().getEventType();
        EventData data = event.getData();
        if (data instanceof GtidEventData begun) {
            gtid = begun.getMySqlGtid().toString().toLowerCase(Locale.ROOT);
            inTransaction = false;
            wanted.clear();
            lookout.begin(gtid);
        } else if (data instanceof TableMapEventData table) {
            if (lookout.map(table.getTableId(), table.getDatabase(), table.getTable())) {
                wanted.put(table.getTableId(), table);
            }
        } else if (EventType.isRowMutation(type) || type == EventType.PARTIAL_UPDATE_ROWS_EVENT) {
            TouchedRows rows = TouchedRows.of(data);
            lookout.rows(rows.tableId(), rows.kind(), rows.after());
        } else if (data instanceof QueryEventData query) {
            query(query);
        } else if (data instanceof TransactionPayloadEventData payload) {
            payload.getUncompressedEvents().forEach(this::look);
        } else if (type == EventType.XID || type == EventType.XA_PREPARE) {
            end();
        } else if (type == EventType.ANONYMOUS_GTID) {
            throw new WatchGapException("a transaction without a GTID", "gtid_mode is not ON");
        }
    }

    private void query(QueryEventData query) {
        String sql = query.getSql();
        String first = sql.length() > 12 ? sql.substring(0, 12).toUpperCase(Locale.ROOT) : sql.toUpperCase(Locale.ROOT);
        if (first.startsWith("BEGIN") || first.startsWith("XA START") || first.startsWith("XA BEGIN")) {
            inTransaction = true;
        } else if (first.startsWith("COMMIT") || first.startsWith("ROLLBACK") && !first.startsWith("ROLLBACK TO")) {
            end();
        } else {
            lookout.statement(query.getDatabase(), sql);
            if (!inTransaction) {
                end();
            }
        }
    }

    private void end() {
        if (gtid.isEmpty()) {
            throw new WatchGapException("a transaction without a GTID", "its GTID event was not seen");
        }
        strays.addAll(lookout.end());
        looked.add(gtid);
        transactions++;
        gtid = "";
        inTransaction = false;
    }
}
