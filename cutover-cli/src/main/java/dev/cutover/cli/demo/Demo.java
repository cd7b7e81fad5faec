package dev.cutover.cli.demo;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.Scratch;
import dev.cutover.sandbox.load.CouponLoad;
import dev.cutover.sandbox.load.Lost;
import dev.cutover.sandbox.load.Report;
import dev.cutover.sandbox.load.TruthTables;
import dev.cutover.sandbox.mall.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Walks a whole migration under load: every stage by the command a user would type, one rollback after the switch, a second switch, and
 * at the end the old server is stopped and every acknowledged write is looked for. Owned by one thread.
 */
public final class Demo {
    private static final String MIGRATION = "mall-coupons";
    private static final String CONFIRM = "--confirm=" + MIGRATION;
    private static final Duration SETTLE = Duration.ofSeconds(2);
    // More would only queue: two cores do no more for it, and what is under way at a switch must end first.
    private static final int CLIENTS = 8;
    private static final int LOAD_USERS = 3_000;

    private final DemoOptions options;
    private final Console console;
    private final CommandRunner runner;
    private final List<String> broken = new ArrayList<>();
    private long cells;

    public Demo(DemoOptions options, Console console, CommandRunner runner) {
        this.options = options;
        this.console = console;
        this.runner = runner;
    }

    /**
     * Runs the walk; everything it started is gone when this returns. With {@code --keep} it does not return by itself.
     *
     * @param seen gets the report while everything still runs
     */
    public DemoReport run(Consumer<DemoReport> seen) {
        Path folder = folder();
        String password = HexFormat.of().formatHex(SecureRandom.getSeed(12));
        long begun = System.nanoTime();
        console.note("Starting a mall on this machine in " + folder + " ...");
        LongTurns.take(console);
        try (DemoServers servers = DemoServers.start(folder, options.keep(), password)) {
            console.note("  legacy on port " + servers.legacy().port() + ", new-0 on "
                    + servers.shardServer(0).port() + ", new-1 on "
                    + servers.shardServer(1).port() + ", Redis on "
                    + servers.redis().port());
            Manifest manifest = servers.fill(options.rows());
            console.note("  " + Numbers.grouped(manifest.rows().getOrDefault("mall_coupon_user", 0L))
                    + " coupons of users, "
                    + Numbers.grouped(Exceptions.planted(manifest).size())
                    + " rows that cannot be mapped (" + since(begun) + ")");
            Path planFile = DemoPlan.write(folder, servers, options.layout(), password);
            Walk walk = new Walk(runner, folder, console);
            walk.run("init", "--yes");
            walk.run("preflight");
            try (DemoService service =
                            DemoService.start(folder, planFile, servers.redis().uri());
                    CouponLoad load = load(service, manifest);
                    Topology topology = Topology.open(PlanReader.read(planFile), "cutover-demo")) {
                console.note("");
                console.note("Two instances of the coupon service and a worker run; the load begins: " + options.rate()
                        + " writes and " + reads() + " reads a second (" + since(begun) + ")");
                load.start();
                walk.watch(load::acknowledgements);
                Waiting.pause(SETTLE);
                DemoReport report = new DemoWalk(servers, service, load, topology, manifest, walk).go();
                seen.accept(report);
                if (options.keep()) {
                    stay(folder, planFile, servers, service);
                }
                return report;
            }
        } finally {
            if (options.keep()) {
                console.note("Kept: " + folder);
            } else {
                delete(folder);
            }
        }
    }

    /** Until somebody ends this process, and with it the others; the folder stays. */
    private void stay(Path folder, Path planFile, DemoServers servers, DemoService service) {
        console.note("");
        console.note(
                "Everything but the old server still runs; Ctrl-C ends it, and " + folder + " stays. Look around:");
        console.note("  ./cutover status --watch --file " + planFile);
        console.note("  ./cutover verify show --file " + planFile);
        service.instances().forEach(instance -> console.note("  curl " + instance.resolve("/v1/templates/tpl_1")));
        for (int i = 0; i < 2; i++) {
            console.note("  mysql -h 127.0.0.1 -P " + servers.shardServer(i).port() + " -u " + DemoServers.USER
                    + " -p     # new-" + i + "; the password is in " + folder.resolve("password"));
        }
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private int reads() {
        return Math.max(1, options.rate() / 5);
    }

    private CouponLoad load(DemoService service, Manifest manifest) {
        return new CouponLoad(
                CouponLoad.Options.against(service.instances(), manifest.claimable(), manifest.highestUser() + 1L)
                        .withRates(options.rate(), reads())
                        .withClients(CLIENTS, LOAD_USERS)
                        .withSpenders(manifest.spenders())
                        .withPatience(Duration.ofSeconds(10), Duration.ofSeconds(30)));
    }

    /** The stages, once everything runs. */
    private final class DemoWalk {
        private final DemoServers servers;
        private final DemoService service;
        private final CouponLoad load;
        private final MigrationPlan plan;
        private final Topology topology;
        private final ControlDatabase control;
        private final Manifest manifest;
        private final Walk walk;
        private final Instant begun = Instant.now();

        DemoWalk(
                DemoServers servers,
                DemoService service,
                CouponLoad load,
                Topology topology,
                Manifest manifest,
                Walk walk) {
            this.servers = servers;
            this.service = service;
            this.load = load;
            this.topology = topology;
            this.plan = topology.plan();
            this.control = new MySqlControlDatabase(topology.control());
            this.manifest = manifest;
            this.walk = walk;
        }

        DemoReport go() {
            walk.run("freeze", "on");
            walk.run("single-write", "--yes");
            walk.run("copy", "static", "--yes");
            walk.run("dual-write", "on", "--yes");
            Walk.Step copy = walk.run("copy", "dynamic", "--yes");
            long copied = copiedRows();
            verify();
            if (options.plantCorruption()) {
                return corrupted(copied, copy);
            }
            Set<String> quarantined = quarantined();
            walk.persist("reads", "shadow", "5");
            walk.persist("reads", "ramp", "--to", "25", "--yes");
            walk.persist("reads", "ramp", "--to", "100", "--yes");
            long there = paused(walk.persist("switch", CONFIRM, "--reason=demo"));
            Waiting.pause(SETTLE);
            verify();
            long back = paused(walk.persist("rollback", "--yes", "--reason=to show that it loses nothing"));
            Waiting.pause(SETTLE);
            verify();
            long again = paused(walk.persist("switch", CONFIRM, "--reason=for good"));
            Waiting.pause(SETTLE);
            verify();
            walk.persist("complete", CONFIRM, "--reason=nobody looks back");
            console.note("");
            console.note("Stopping the old server; the API goes on with the new side alone ...");
            servers.legacy().kill();
            Waiting.pause(SETTLE.multipliedBy(2));
            walk.run("status");
            return proof(copied, copy, quarantined, Math.max(there, again), back);
        }

        private long paused(Walk.Step step) {
            service.requireAlive();
            // The slowest write that touches the window may begin before the command and end after it.
            Waiting.pause(Duration.ofMillis(500));
            Duration pause = load.longestWritePause(step.from(), step.to());
            console.note("  writers saw a pause of " + pause.toMillis() + " ms");
            return pause.toMillis();
        }

        private void verify() {
            service.requireAlive();
            walk.persist("verify", "once");
            VerificationRecord run = lastRun();
            cells += run.cells();
        }

        private VerificationRecord lastRun() {
            return control.verifications(20).stream()
                    .filter(run -> run.scope().equals("all"))
                    .findFirst()
                    .orElseThrow(() -> new DemoFailedException("No verification was recorded.", null));
        }

        private long copiedRows() {
            return plan.dynamicTables().stream()
                    .flatMap(table -> control.chunks(table.name()).stream())
                    .mapToLong(Chunk::rows)
                    .sum();
        }

        private long staticRows() {
            return plan.staticTables().stream()
                    .mapToLong(table -> manifest.rows().getOrDefault(table.fromTable(), 0L))
                    .sum();
        }

        private Set<String> quarantined() {
            Set<String> rows = new TreeSet<>();
            for (DatabaseId database : plan.newDatabases()) {
                try (Connection connection = topology.database(database).getConnection()) {
                    Exceptions.read(connection, rows);
                } catch (SQLException e) {
                    throw new DemoFailedException("The quarantine of " + database + " cannot be read.", e);
                }
            }
            return rows;
        }

        private DemoReport corrupted(long copied, Walk.Step copy) {
            try (Connection shard = topology.database(DatabaseId.shard(0)).getConnection()) {
                String row = Corruption.plant(shard, manifest.spenders());
                console.note("");
                console.note("Changed behind everybody's back on shard-0: " + row);
            } catch (SQLException e) {
                throw new DemoFailedException("Nothing could be planted: " + e.getMessage(), e);
            }
            Walk.Step verified = walk.attempt("verify", "once");
            Walk.Step refused = walk.attempt("switch", CONFIRM, "--reason=it should not run");
            VerificationRecord run = lastRun();
            cells += run.cells();
            if (verified.exitCode() != 3 || run.differences() != 1) {
                broken.add("verify once ended with " + verified.exitCode() + " and found " + run.differences()
                        + " differences; 3 and 1 were expected");
            }
            if (refused.exitCode() != 4) {
                broken.add("switch ended with " + refused.exitCode() + "; it should have been refused with 4");
            }
            Report seen = stopLoad();
            Set<String> planted = Exceptions.planted(manifest);
            Set<String> found = quarantined();
            return new DemoReport(
                    seen.failedRequests(),
                    lost(TruthTables.legacy(() -> servers.legacy().connect("mall"), slots())),
                    copied + staticRows(),
                    planted.size(),
                    found.size(),
                    planted.equals(found),
                    cells,
                    run.differences(),
                    0,
                    0,
                    perSecond(copied, copy),
                    walk.times(),
                    broken);
        }

        private DemoReport proof(long copied, Walk.Step copy, Set<String> found, long switchPause, long rollbackPause) {
            VerificationRecord last = lastRun();
            Report seen = stopLoad();
            List<TruthTables.ConnectionSource> shards = new ArrayList<>();
            for (DatabaseId database : plan.shardDatabases()) {
                shards.add(() -> topology.database(database).getConnection());
            }
            long lost = lost(TruthTables.sharded(shards, plan.layout().tables()));
            Set<String> planted = Exceptions.planted(manifest);
            Set<String> missing = new TreeSet<>(planted);
            missing.removeAll(found);
            Set<String> extra = new TreeSet<>(found);
            extra.removeAll(planted);
            missing.stream().limit(5).forEach(row -> broken.add("planted, but not in quarantine: " + row));
            extra.stream().limit(5).forEach(row -> broken.add("in quarantine, but not planted: " + row));
            return new DemoReport(
                    seen.failedRequests(),
                    lost,
                    copied + staticRows(),
                    planted.size(),
                    found.size(),
                    planted.equals(found),
                    cells,
                    last.differences(),
                    switchPause,
                    rollbackPause,
                    perSecond(copied, copy),
                    walk.times(),
                    broken);
        }

        private int slots() {
            return plan.layout().slots();
        }

        private Report stopLoad() {
            try {
                Report seen = load.stop();
                double seconds = Duration.between(begun, Instant.now()).toMillis() / 1_000.0;
                console.note("");
                console.note("The load ends: " + Numbers.grouped(seen.writes()) + " acknowledged writes ("
                        + Math.round(seen.writes() / seconds) + " a second of " + options.rate() + " asked for), "
                        + Numbers.grouped(seen.reads()) + " reads, attempts repeated: " + reasons(seen.retries())
                        + ", latency p50 "
                        + seen.p50().toMillis() + " ms, p99 " + seen.p99().toMillis() + " ms, longest "
                        + seen.max().toMillis() + " ms");
                seen.failures().stream().limit(5).forEach(failure -> console.note("  failed: " + failure));
                return seen;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DemoFailedException("Interrupted while the load ended.", 130, e);
            }
        }

        private static String reasons(Map<String, Long> retries) {
            return retries.isEmpty()
                    ? "none"
                    : retries.entrySet().stream()
                            .map(reason -> Numbers.grouped(reason.getValue()) + " × " + reason.getKey())
                            .sorted()
                            .collect(Collectors.joining(", "));
        }

        private long lost(TruthTables truth) {
            try {
                List<Lost> lost = load.lostAcknowledgedWrites(truth);
                lost.stream().limit(5).forEach(one -> console.note("  lost: " + one));
                return lost.size();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DemoFailedException("Interrupted while the acknowledged writes were looked for.", 130, e);
            }
        }
    }

    private static long perSecond(long rows, Walk.Step copy) {
        return Math.round(rows * 1_000.0 / Math.max(1, copy.took().toMillis()));
    }

    private static String since(long begun) {
        return Numbers.duration(Duration.ofNanos(System.nanoTime() - begun));
    }

    // What is kept may be kept for long: on disk, not in memory.
    private Path folder() {
        Path parent = options.keep() ? Path.of(System.getProperty("java.io.tmpdir")) : Scratch.folder();
        try {
            return Files.createTempDirectory(parent, "cutover-demo-");
        } catch (IOException e) {
            throw new DemoFailedException("The demo wants a folder in " + parent + ": " + e.getMessage(), e);
        }
    }

    private void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            console.note("The folder " + folder + " could not be deleted: " + e.getMessage());
        }
    }
}
