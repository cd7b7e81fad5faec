package dev.cutover.chaos.plant;

import dev.cutover.chaos.history.Side;
import dev.cutover.chaos.load.BankClients;
import dev.cutover.chaos.operate.Commands;
import dev.cutover.chaos.operate.Operator;
import dev.cutover.chaos.operate.RegisterView;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.position.GtidSet;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.wire.Fault;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** A bank that is verified and under load, and all that can be done to it to plant a bug. Owned by one thread. */
final class Scene {
    /** Wires by the servers behind them. */
    static final int[] OLD = {0};

    static final int[] NEW = {1, 2};
    static final int[] ALL = {0, 1, 2};
    static final int[] CONTROL = {2};

    static final Predicate<String> BANK = "bank"::equals;
    static final Predicate<String> TOOLKIT = "cutover"::equals;

    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    final BankServers servers;
    final BankCrew crew;
    final Commands commands;
    final Operator operator;
    final Loner loner;
    private final BankClients clients;
    private final MigrationPlan plan;
    private final List<Fault> faults = new ArrayList<>();
    private final List<JavaProcess> coordinators = new ArrayList<>();
    private boolean abandoned;

    Scene(BankServers servers, BankCrew crew, Commands commands, Operator operator, Loner loner, BankClients clients) {
        this.servers = servers;
        this.crew = crew;
        this.commands = commands;
        this.operator = operator;
        this.loner = loner;
        this.clients = clients;
        this.plan = PlanReader.read(servers.plan());
    }

    /** From now on only the loner asks for anything, and everything asked for so far is on both sides. */
    void quiet() {
        clients.close();
        operator.verified();
    }

    /** Nobody is left who could bring the bank to a rest. */
    void abandon() {
        abandoned = true;
        for (int number = 0; number < BankCrew.OF_EACH; number++) {
            crew.workerProcess(number).kill();
        }
    }

    boolean abandoned() {
        return abandoned;
    }

    /** The servers behind these wires get other statements than these clients sent. */
    Lie lie(String about, int[] wires, Predicate<String> told, UnaryOperator<String> instead) {
        List<Fault> begun = new ArrayList<>();
        for (int wire : wires) {
            begun.add(servers.wire(wire).rewrite(told, instead));
        }
        faults.addAll(begun);
        return new Lie(about, begun);
    }

    /** The stream alone delivers to NEW: a mirror finds no position that waits for it. */
    Lie withoutMirrors() {
        return lie(
                "mirrors",
                NEW,
                BANK,
                sql -> sql.contains("GTID_SUBTRACT") ? sql.replace("stream = 'old'", "stream = '---'") : sql);
    }

    /** Every word is passed on as it is again, and everybody who was stopped goes on. */
    void heal() {
        faults.forEach(Fault::end);
        coordinators.forEach(JavaProcess::close);
        for (int number = 0; number < BankCrew.OF_EACH; number++) {
            crew.disarm("worker-" + number);
            crew.disarm("bank-" + number);
            crew.bankProcess(number).resume();
            crew.workerProcess(number).resume();
        }
    }

    /** Waits until something happens that has to. */
    <X extends Exception> void await(String what, Waiting.Condition<X> condition) throws X {
        if (!Waiting.until(BOUND, LOOK_AGAIN, condition)) {
            throw new ChaosFailedException(
                    "The bug was not planted: '" + what + "' did not happen within " + BOUND.toSeconds() + " s.", null);
        }
    }

    /** Starts a switch to NEW in a process of its own, which stops itself at a point; returns when it has. */
    JavaProcess coordinatorAt(Failpoint point) {
        JavaProcess coordinator =
                crew.command(point.word() + "=stop\n", "switch", "--confirm=bank", "--reason=planted");
        coordinators.add(coordinator);
        await("a switch reaches " + point.word(), () -> coordinator.stopped() || !coordinator.alive());
        if (!coordinator.alive()) {
            throw new ChaosFailedException(
                    "A switch ended before " + point.word() + ":\n" + coordinator.output(), null);
        }
        return coordinator;
    }

    /** Lets a switch go on to its good end. */
    void finish(JavaProcess coordinator) {
        coordinator.resume();
        int exit = coordinator
                .end(BOUND)
                .orElseThrow(() -> new ChaosFailedException("A switch did not end:\n" + coordinator.output(), null));
        if (exit != 0) {
            throw new ChaosFailedException("A switch ended with " + exit + ":\n" + coordinator.output(), null);
        }
    }

    /** The truth is moved as it should be. */
    void move(Side to) {
        operator.cleanMove(to);
    }

    /** Arms both workers, one of which is at work. */
    void armWorkers(String lines) {
        for (int number = 0; number < BankCrew.OF_EACH; number++) {
            crew.arm("worker-" + number, lines);
        }
    }

    /** Runs something and waits until a point has acted in a worker because of it. */
    void untilAWorkerActs(Runnable cause) {
        long before = workersActed();
        cause.run();
        await("a worker reaches its point", () -> workersActed() > before);
    }

    private long workersActed() {
        long acted = 0;
        for (int number = 0; number < BankCrew.OF_EACH; number++) {
            acted += crew.acted("worker-" + number);
        }
        return acted;
    }

    /** Arms the first instance of the bank, does something and waits until the point has acted. */
    void untilTheBankActs(String line, Runnable cause) {
        long before = crew.acted("bank-0");
        crew.arm("bank-0", line + "\n");
        // The file is looked at every 50 ms.
        Waiting.pause(Duration.ofMillis(120));
        cause.run();
        await("the bank reaches " + line, () -> crew.acted("bank-0") > before);
    }

    long epoch() {
        return RegisterView.read(servers)
                .map(RegisterView::epoch)
                .orElseThrow(() -> new ChaosFailedException("The register cannot be read.", null));
    }

    boolean stable() {
        return RegisterView.read(servers).filter(RegisterView::stable).isPresent();
    }

    /** The shard where the loner's rows are. */
    int shard() {
        return plan.layout().databaseOf(plan.layout().slot(Loner.USER));
    }

    /** A physical table of the shard where the loner's rows are. */
    String table(String name) {
        return plan.physicalTable(plan.table(name), plan.layout().slot(Loner.USER));
    }

    /** A session on the shard where the loner's rows are, past every wire. */
    Connection onShard() throws SQLException {
        return onShard(shard());
    }

    Connection onShard(int shard) throws SQLException {
        return servers.server(shard < 2 ? 1 : 2).connect("bank_db_" + shard);
    }

    Connection onOld() throws SQLException {
        return servers.server(0).connect("bank");
    }

    /** The first value of the first row. */
    static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private GtidSet executed(int server) throws SQLException {
        try (Connection connection = servers.server(server).connect()) {
            return GtidSet.parse(value(connection, "SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')"));
        }
    }

    /** Waits until the positions on every shard hold what OLD has executed by now. */
    void awaitForwardStream() throws SQLException {
        GtidSet executed = executed(0);
        for (int shard = 0; shard < 4; shard++) {
            try (Connection connection = onShard(shard)) {
                awaitPosition(connection, "old", executed);
            }
        }
    }

    /** Waits until the positions on OLD hold what the servers of NEW have executed by now. */
    void awaitReverseStreams() throws SQLException {
        for (int number = 0; number < 2; number++) {
            GtidSet executed = executed(number + 1);
            try (Connection connection = onOld()) {
                awaitPosition(connection, "new-" + number, executed);
            }
        }
    }

    private void awaitPosition(Connection connection, String stream, GtidSet executed) throws SQLException {
        String sql = "SELECT gtid_set FROM cutover_position WHERE stream = '" + stream + "'";
        await(
                "the stream " + stream + " delivers",
                () -> GtidSet.parse(value(connection, sql)).contains(executed));
    }
}
