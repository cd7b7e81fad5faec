package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.stage.StrayWrite;
import dev.cutover.core.stage.WatchPosition;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.UnreachableException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** Nobody wrote past the fence on the side that is about to become the truth, and the watch has looked at all that was written there. */
final class StrayGate {
    private static final String NAME = "no stray writes";
    private static final int SHOWN = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration ASK_AGAIN = Duration.ofMillis(50);
    private static final Duration ASK_SOON = Duration.ofMillis(3);

    private StrayGate() {}

    static Gate of(StepContext context, Side to) {
        StrayLedger ledger = new StrayLedger(context.topology().control());
        try {
            for (DatabaseId database : servers(context, to)) {
                Endpoint endpoint = context.plan().endpoint(database);
                GtidSet executed = executed(context, database);
                boolean seen = Waiting.until(
                        PATIENCE,
                        ASK_AGAIN,
                        () -> ledger.position(endpoint.server())
                                .map(WatchPosition::looked)
                                .filter(looked -> looked.contains(executed))
                                .isPresent());
                if (!seen) {
                    return Gate.unmet(
                            NAME,
                            "the watch of " + endpoint.server() + " has not looked at what was written there up to now",
                            "cutover status   says why; a running worker watches by itself");
                }
            }
            return of(ledger.open());
        } catch (SQLException | UnreachableException | ControlDatabaseException e) {
            return Gate.unmet(NAME, "cannot be told: " + e.getMessage(), "cutover status");
        }
    }

    /**
     * The same where writers wait for the answer: the watch is asked for it. Stops the switch when somebody wrote past the fence up to now.
     *
     * @param bound how long the watch may take
     */
    static void requireNone(StepContext context, Side to, Epoch epoch, Duration bound) throws SQLException {
        StrayLedger ledger = new StrayLedger(context.topology().control());
        List<Callable<String>> tasks = new ArrayList<>();
        for (DatabaseId database : servers(context, to)) {
            tasks.add(() -> {
                String server = context.plan().endpoint(database).server();
                String marker = mark(context, database, epoch);
                boolean seen = Waiting.until(
                        bound,
                        ASK_SOON,
                        () -> ledger.position(server)
                                .filter(position -> position.looked().containsGtid(marker))
                                .isPresent());
                return seen ? "" : server;
            });
        }
        List<String> unseen = Together.call(context.threads(), tasks).stream()
                .filter(server -> !server.isEmpty())
                .toList();
        if (!unseen.isEmpty()) {
            throw new SwitchStoppedException("The watch of " + unseen
                    + " has not looked at the last writes within the write pause; cutover status  says why.");
        }
        List<StrayWrite> open = ledger.open();
        if (!open.isEmpty()) {
            throw new SwitchStoppedException("Somebody wrote past the fence on the side being entered: " + shown(open));
        }
    }

    private static String mark(StepContext context, DatabaseId database, Epoch epoch) throws SQLException {
        try (Connection connection = context.topology().database(database).getConnection()) {
            return Fence.writeMarker(
                    connection, StrayLedger.MARKER, epoch, UUID.randomUUID().toString());
        }
    }

    private static Gate of(List<StrayWrite> open) {
        if (open.isEmpty()) {
            return Gate.met(NAME, "none on the side that is not the truth");
        }
        return Gate.unmet(
                NAME,
                shown(open),
                "find the writer and stop it, let  cutover verify once  show the rows and put them right, then "
                        + " cutover strays ack --all --reason='…'");
    }

    private static String shown(List<StrayWrite> open) {
        String shown = open.stream().limit(SHOWN).map(StrayWrite::describe).collect(Collectors.joining("; "));
        return open.size()
                + (open.size() == 1 ? " stray write: " : " stray writes: ")
                + shown
                + (open.size() > SHOWN ? "; …" : "");
    }

    /** One database of each server with tables that are watched. */
    private static List<DatabaseId> servers(StepContext context, Side side) {
        List<DatabaseId> databases =
                side == Side.OLD ? List.of(DatabaseId.OLD) : context.plan().shardDatabases();
        Set<String> servers = new LinkedHashSet<>();
        List<DatabaseId> first = new ArrayList<>();
        for (DatabaseId database : databases) {
            if (servers.add(context.plan().endpoint(database).server())) {
                first.add(database);
            }
        }
        return first;
    }

    private static GtidSet executed(StepContext context, DatabaseId database) throws SQLException {
        try (Connection connection = context.topology().database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT @@GLOBAL.gtid_executed")) {
            row.next();
            return GtidSet.parse(row.getString(1));
        }
    }
}
