package dev.cutover.cli.step;

import dev.cutover.cli.console.Numbers;
import dev.cutover.core.fence.TriggerFence;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.Job;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The conditions of a switch, in either direction; the way back asks for less, because it must be easier than the way in. */
final class SwitchGates {
    private static final String OLD_TRANSACTIONS =
            "SELECT x.trx_mysql_thread_id, TIMESTAMPDIFF(MICROSECOND, x.trx_started, NOW()) DIV 1000"
                    + " FROM information_schema.INNODB_TRX x WHERE (x.trx_rows_modified > 0 OR x.trx_lock_structs > 0)"
                    + " AND x.trx_started < NOW() - INTERVAL ? MICROSECOND - INTERVAL 1 SECOND";

    // A transaction keeps a metadata lock of each table it has touched; a server may have been told not to write them
    // down.
    private static final String OF_THIS_DATABASE = " AND (EXISTS (SELECT 1 FROM performance_schema.metadata_locks m"
            + " JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID"
            + " WHERE t.PROCESSLIST_ID = x.trx_mysql_thread_id AND m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE())"
            + " OR NOT EXISTS (SELECT 1 FROM performance_schema.setup_instruments"
            + " WHERE NAME = 'wait/lock/metadata/sql/mdl' AND ENABLED = 'YES'))";
    private static final Set<Integer> DENIED = Set.of(1044, 1142, 1143, 1227);

    private final StepContext context;
    private final Register register;
    private final SwitchLimits limits;

    SwitchGates(StepContext context, Register register, SwitchLimits limits) {
        this.context = context;
        this.register = register;
        this.limits = limits;
    }

    List<Gate> toNew(boolean streamed) {
        List<Gate> gates = new ArrayList<>();
        if (streamed) {
            gates.addAll(watched(Side.NEW, "switch"));
            gates.add(VerificationGate.of(context, register));
            gates.add(DefinitionGate.of(context));
            gates.add(copied());
            gates.add(quarantine());
            gates.add(XaGate.notUsed(context, limits.xaAccepted()));
        }
        gates.addAll(able(Side.NEW, "switch", streamed));
        return gates;
    }

    List<Gate> toOld() {
        List<Gate> gates = new ArrayList<>(watched(Side.OLD, "rollback"));
        gates.addAll(able(Side.OLD, "rollback", true));
        return gates;
    }

    /**
     * Each gate of these is the ground the next one stands on, and all of them that of a verification: without a worker there is no lag to
     * tell and nobody watches, and a stray write voids the proof. Who reads a refusal begins with the first.
     */
    private List<Gate> watched(Side to, String command) {
        return List.of(
                Instances.workerGate(context.control()),
                LagGate.of(context.control(), limits.maxLag(), command),
                StrayGate.of(context, to));
    }

    private List<Gate> able(Side to, String command, boolean streamed) {
        List<Gate> gates = new ArrayList<>();
        gates.add(Instances.followGate(context.control(), register));
        gates.add(sameEpoch());
        if (context.plan().fence().triggers()) {
            gates.add(triggers());
        }
        gates.add(XaGate.nonePrepared(context, to.other()));
        gates.add(noOldTransaction(to.other()));
        if (streamed) {
            gates.add(pause(command));
        }
        return gates;
    }

    private Gate pause(String command) {
        String name = "predicted pause";
        try {
            PauseForecast measured = PauseForecast.measure(context, Duration.ZERO);
            @Nullable PauseForecast[] last = {measured};
            // As with the lag: a burst is over in seconds.
            Waiting.until(LagGate.PATIENCE, LagGate.ASK_AGAIN, () -> {
                @Nullable
                Double lag = WorkerView.read(context.control())
                        .map(WorkerView::lagSeconds)
                        .orElse(null);
                last[0] = lag == null ? null : measured.withLag(Duration.ofMillis(Math.round(lag * 1_000)));
                return last[0] == null || fits(last[0]) || !fits(measured);
            });
            @Nullable PauseForecast forecast = last[0];
            if (forecast == null) {
                return Gate.unmet(name, "unknown while the lag of the stream is", "cutover status");
            }
            return Gate.of(
                    name,
                    fits(forecast),
                    forecast.text() + "; limit " + limits.writePause().toMillis() + " ms",
                    "wait for a quieter moment, or  cutover " + command + " --write-pause="
                            + forecast.total().multipliedBy(3).dividedBy(2).toMillis() + "ms");
        } catch (SQLException e) {
            return Gate.unmet(name, "could not be measured: " + e.getMessage(), "cutover status");
        }
    }

    private boolean fits(PauseForecast forecast) {
        return forecast.total().compareTo(limits.writePause()) <= 0;
    }

    private Gate copied() {
        Optional<Job> job = context.control().job(CopyDynamicStep.JOB);
        long open = context.plan().dynamicTables().stream()
                .flatMap(table -> context.control().chunks(table.name()).stream())
                .filter(chunk -> chunk.state() != Chunk.State.DONE)
                .count();
        boolean done = open == 0 && job.map(Job::state).orElse(Job.State.FAILED) == Job.State.DONE;
        return Gate.of(
                "copied",
                done,
                done ? "every chunk is done" : open + " chunks are open, the job is " + job.map(Job::state),
                "cutover copy dynamic");
    }

    private Gate quarantine() {
        long found;
        try {
            found = quarantined(context);
        } catch (SQLException e) {
            return Gate.unmet("quarantine", "could not be counted: " + e.getMessage(), "cutover switch");
        }
        @Nullable Long accepted = limits.acceptedQuarantine();
        long expected = accepted != null
                ? accepted
                : VerificationGate.lastFull(context)
                        .map(VerificationRows::quarantined)
                        .orElse(0L);
        return Gate.of(
                "quarantine",
                found == expected,
                Numbers.grouped(found) + " rows, " + Numbers.grouped(expected)
                        + (accepted != null ? " accepted" : " at the last verification"),
                "cutover verify once   or  --accept-quarantine " + found);
    }

    /** Rows that could not be mapped, over all databases of NEW. */
    static long quarantined(StepContext context) throws SQLException {
        long rows = 0;
        for (DatabaseId database : context.plan().newDatabases()) {
            try (Connection connection = context.topology().database(database).getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT COUNT(*) FROM cutover_quarantine")) {
                row.next();
                rows += row.getLong(1);
            }
        }
        return rows;
    }

    private Gate sameEpoch() {
        List<String> other = Instances.proxies(context.control()).stream()
                .filter(proxy -> proxy.epoch() != register.epoch().number())
                .map(Instance::id)
                .toList();
        return Gate.of(
                "proxies able",
                other.isEmpty(),
                other.isEmpty() ? "all in epoch " + register.epoch() : other + " are in another epoch",
                "restart " + other);
    }

    private Gate triggers() {
        List<String> found = new ArrayList<>();
        for (DatabaseId database : context.plan().databases()) {
            try (Connection connection = context.topology().database(database).getConnection()) {
                TriggerFence.State state =
                        TriggerFence.of(context.plan(), database).state(connection);
                if (!state.whole()) {
                    found.add(database + ": " + state.missing().size() + " missing, "
                            + state.altered().size() + " altered");
                }
            } catch (SQLException e) {
                found.add(database + ": " + e.getMessage());
            }
        }
        return Gate.of(
                "triggers of the fence",
                found.isEmpty(),
                found.isEmpty() ? "on every migrated table" : String.join("; ", found),
                "cutover fence install");
    }

    private Gate noOldTransaction(Side from) {
        List<String> found = new ArrayList<>();
        for (DatabaseId database : Streams.databases(context.topology(), from)) {
            try (Connection connection = context.topology().database(database).getConnection()) {
                oldTransactions(connection).forEach(one -> found.add(database + ": " + one));
            } catch (SQLException e) {
                found.add(database + ": open transactions cannot be seen (" + e.getMessage() + ")");
            }
        }
        return Gate.of(
                "no long transaction",
                found.isEmpty(),
                found.isEmpty() ? "none older than " + Numbers.duration(limits.writePause()) : String.join("; ", found),
                "end it, or wait, then run the same command again");
    }

    /** Of this database alone where that can be told: what goes on elsewhere on its server keeps no fence open. */
    private List<String> oldTransactions(Connection connection) throws SQLException {
        try {
            return oldTransactions(connection, OLD_TRANSACTIONS + OF_THIS_DATABASE);
        } catch (SQLException e) {
            if (!DENIED.contains(e.getErrorCode())) {
                throw e;
            }
            return oldTransactions(connection, OLD_TRANSACTIONS);
        }
    }

    private List<String> oldTransactions(Connection connection, String sql) throws SQLException {
        List<String> found = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setLong(1, limits.writePause().toMillis() * 1_000);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    found.add("connection " + rows.getLong(1) + ", open for " + rows.getLong(2) + " ms");
                }
            }
        }
        return found;
    }
}
