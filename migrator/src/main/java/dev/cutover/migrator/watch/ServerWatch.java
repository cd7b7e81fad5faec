package dev.cutover.migrator.watch;

import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.fence.Role;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.stage.StrayWrite;
import dev.cutover.core.stage.WatchPosition;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches one server while it holds a database that is not the truth.
 *
 * <p><b>Idea.</b> The position is durable and only moves over what was looked at and recorded, so a worker that dies, or a connection
 * that breaks, makes the watch late and never blind. Where it would be blind (purged binlogs, a server that lost transactions) the stretch
 * is recorded like a stray write and closes the gates until somebody has looked.
 *
 * <p>A server that holds the truth alone is not read: whatever is written there is streamed. Its position follows what it has executed,
 * taken between two reads of the same stable register, so that it never passes the close that will come.
 *
 * <p>Safe for many threads.
 */
final class ServerWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServerWatch.class);
    private static final Duration REST = Duration.ofSeconds(10);
    private static final Duration BACK_OFF = Duration.ofSeconds(1);
    private static final long SAVE_NANOS = Duration.ofSeconds(1).toNanos();

    /** Strays of one look that are recorded one by one; more are told as one. */
    private static final int SINGLE = 50;

    static final String MARKER = "watch";

    private final WatchedServer server;
    private final Topology topology;
    private final ControlDatabase control;
    private final StrayLedger ledger;
    private final Thread thread;

    private volatile boolean losing;
    private volatile boolean closed;
    private volatile String state = "starting";
    private volatile @Nullable String reason;
    private volatile @Nullable BinlogLook look;

    // Owned by the thread that ticks.
    private long savedTransactions = -1;
    private long savedAt;

    ServerWatch(WatchedServer server, Topology topology, ControlDatabase control, StrayLedger ledger, boolean losing) {
        this.server = server;
        this.topology = topology;
        this.control = control;
        this.ledger = ledger;
        this.losing = losing;
        this.thread = new Thread(this::run, "watch-" + server.name());
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    String name() {
        return server.name();
    }

    String state() {
        return state;
    }

    Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    /** Whether the server holds a database that is not the truth. */
    void losing(boolean now) {
        if (losing != now) {
            losing = now;
            wake();
        }
    }

    private void run() {
        try {
            while (!closed) {
                try {
                    if (losing || !rest()) {
                        lookOnce();
                    }
                } catch (WatchGapException e) {
                    gap(e);
                } catch (SQLException | IOException | IllegalStateException | UnreachableException e) {
                    broken(e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("The watch of {} failed", server.name(), e);
            report("broken", String.valueOf(e.getMessage()));
        }
    }

    private void gap(WatchGapException e) throws InterruptedException {
        LOG.error("{} was not watched for {}: {}", server.name(), e.transactions(), e.getMessage());
        try {
            ledger.record(List.of(StrayWrite.seen(
                    server.name(), "", "", e.transactions(), StrayWrite.Kind.UNWATCHED, 0, e.getMessage())));
            ledger.forget(server.name());
        } catch (ControlDatabaseException unreachable) {
            broken(unreachable);
        }
    }

    private void broken(Exception e) throws InterruptedException {
        if (!closed) {
            LOG.warn("The watch of {} starts again: {}", server.name(), e.getMessage());
            report("broken", String.valueOf(e.getMessage()));
            pause(BACK_OFF);
        }
    }

    /** Waits while everything here is the truth; false when the server must be looked at although it is. */
    private boolean rest() throws SQLException, InterruptedException {
        while (!losing && !closed) {
            Optional<WatchPosition> before = ledger.position(server.name());
            if (before.isPresent() && !allPrimary(before.get().roles())) {
                return false;
            }
            Register first = control.read();
            GtidSet executed = executed();
            Register second = control.read();
            if (first.version() == second.version()
                    && first.phase() == Register.Phase.STABLE
                    && server.schemas().values().stream().allMatch(database -> database.side() == first.truth())) {
                Map<DatabaseId, Role> roles = new TreeMap<>();
                server.schemas().values().forEach(database -> roles.put(database, Role.PRIMARY));
                ledger.save(new WatchPosition(server.name(), executed, roles));
            }
            report("resting", null);
            pause(REST);
        }
        return true;
    }

    private boolean allPrimary(Map<DatabaseId, Role> roles) {
        return server.schemas().values().stream().allMatch(database -> roles.get(database) == Role.PRIMARY);
    }

    private void lookOnce() throws SQLException, IOException {
        report("starting", null);
        Optional<WatchPosition> before = ledger.position(server.name())
                .filter(position ->
                        position.roles().keySet().containsAll(server.schemas().values()));
        Lookout lookout;
        GtidSet from;
        if (before.isPresent()) {
            from = before.get().looked();
            requireWhole(from);
            lookout = new Lookout(server, before.get().roles());
        } else {
            from = executed();
            lookout = new Lookout(server, Map.of());
            begin(lookout);
        }
        BinlogLook running = new BinlogLook(server.endpoint(), lookout, from, this::asked);
        look = running;
        try {
            RuntimeException failure = running.run();
            if (failure != null) {
                throw failure;
            }
        } finally {
            record(running, true, true);
            look = null;
        }
    }

    private GtidSet executed() throws SQLException {
        return GtidSet.parse(ask("SELECT @@GLOBAL.gtid_executed"));
    }

    private String ask(String sql) throws SQLException {
        DatabaseId any = server.schemas().values().iterator().next();
        try (Connection connection = topology.database(any).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            @Nullable String answer = row.getString(1);
            return answer == null ? "" : answer;
        }
    }

    private void requireWhole(GtidSet from) throws SQLException {
        GtidSet executed = executed();
        if (!executed.contains(from)) {
            throw new WatchGapException(
                    from.subtract(executed).toString(),
                    "the server does not know transactions any more that were watched: a failover, a restore or RESET MASTER");
        }
        GtidSet purged = GtidSet.parse(ask("SELECT @@GLOBAL.gtid_purged"));
        if (!from.contains(purged)) {
            throw new WatchGapException(
                    purged.subtract(from).toString(), "their binlogs were purged before they were looked at");
        }
    }

    // The marker commits while its fence is held: in the binlog the fence stands in that role there.
    private void begin(Lookout lookout) throws SQLException {
        for (DatabaseId database : server.schemas().values()) {
            try (Connection connection = topology.units(database).getConnection();
                    PreparedStatement upsert = connection.prepareStatement(
                            "INSERT INTO cutover_marker (stream, epoch, nonce) VALUES (?, ?, ?)"
                                    + " ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), nonce = VALUES(nonce)")) {
                FenceState fence = Fence.readShared(connection);
                String nonce = UUID.randomUUID().toString();
                upsert.setString(1, MARKER);
                upsert.setLong(2, fence.epoch().number());
                upsert.setString(3, nonce);
                upsert.executeUpdate();
                connection.commit();
                lookout.await(nonce, database, fence.role());
            }
        }
    }

    /** Records what was found, then moves the position; nothing is lost when either fails. Called now and again by the worker. */
    void tick() {
        BinlogLook running = look;
        if (running == null) {
            return;
        }
        record(running, false, false);
        if (!losing && running.allPrimary() && running.transactions() == savedTransactions) {
            // Everything here is the truth again, and the watch has seen its fences open.
            running.stop();
        } else if (closed) {
            running.stop();
        }
    }

    // Whoever asks holds writers up until it is answered.
    private void asked() {
        BinlogLook running = look;
        try {
            if (running != null) {
                record(running, true, false);
            }
        } catch (ControlDatabaseException e) {
            LOG.warn("How far the watch of {} has come is told later: {}", server.name(), e.getMessage());
        }
    }

    private synchronized void record(BinlogLook running, boolean atOnce, boolean last) {
        BinlogLook.Findings found = running.take();
        try {
            ledger.record(folded(found.strays()));
            long now = System.nanoTime();
            boolean due = atOnce || !found.strays().isEmpty() || now - savedAt >= SAVE_NANOS;
            if (found.complete() && found.transactions() != savedTransactions && due) {
                ledger.save(new WatchPosition(server.name(), GtidSet.parse(found.looked()), found.roles()));
                savedTransactions = found.transactions();
                savedAt = now;
                report("watching", null);
            }
        } catch (ControlDatabaseException e) {
            running.giveBack(found.strays());
            if (last) {
                LOG.warn("What the watch of {} saw last is looked at again: {}", server.name(), e.getMessage());
            } else {
                throw e;
            }
        }
        for (StrayWrite stray : found.strays()) {
            LOG.error("Stray write: {}", stray.describe());
        }
        if (last) {
            savedTransactions = -1;
        }
    }

    // A batch job that goes round the proxy is one finding a table, not a million.
    private List<StrayWrite> folded(List<StrayWrite> strays) {
        if (strays.size() <= SINGLE) {
            return strays;
        }
        Map<String, StrayWrite> byTable = new LinkedHashMap<>();
        Map<String, Long> transactions = new LinkedHashMap<>();
        for (StrayWrite stray : strays) {
            String key = stray.database() + "/" + stray.table() + "/" + stray.kind();
            transactions.merge(key, 1L, Long::sum);
            byTable.merge(
                    key,
                    stray,
                    (first, next) -> StrayWrite.seen(
                            first.server(),
                            first.database(),
                            first.table(),
                            first.gtid(),
                            first.kind(),
                            first.events() + next.events(),
                            "the first of " + transactions.get(key) + " transactions up to " + next.gtid()));
        }
        return List.copyOf(byTable.values());
    }

    private void report(String newState, @Nullable String why) {
        state = newState;
        reason = why;
    }

    private synchronized void pause(Duration time) throws InterruptedException {
        if (!closed) {
            wait(time.toMillis());
        }
    }

    private synchronized void wake() {
        notifyAll();
    }

    @Override
    public void close() {
        closed = true;
        wake();
        try {
            for (int i = 0; i < 100 && thread.isAlive(); i++) {
                BinlogLook running = look;
                if (running != null) {
                    running.stop();
                }
                thread.join(100);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
