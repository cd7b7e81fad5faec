package dev.cutover.verifier;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.TableDefinitions;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.PassLedger;
import dev.cutover.core.stage.PassRange;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.drill.Differences;
import dev.cutover.verifier.drill.KeyDrill;
import dev.cutover.verifier.drill.RangeDrill;
import dev.cutover.verifier.drill.RowSides;
import dev.cutover.verifier.drill.Suspect;
import dev.cutover.verifier.grid.ComparedTable;
import dev.cutover.verifier.grid.GridReader;
import dev.cutover.verifier.grid.SelfTest;
import dev.cutover.verifier.recheck.InFlight;
import dev.cutover.verifier.recheck.NothingMoves;
import dev.cutover.verifier.recheck.Pause;
import dev.cutover.verifier.recheck.QuarantineCheck;
import dev.cutover.verifier.recheck.Recheck;
import dev.cutover.verifier.recheck.StreamPosition;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares both sides of a migration, always in the NEW shape, and says what was proven. Safe for many threads; a run opens its own
 * threads and ends them.
 */
public final class Verifier {
    private final MigrationPlan plan;
    private final Topology topology;
    private final ControlDatabase control;
    private final InstantSource clock;

    public Verifier(MigrationPlan plan, Topology topology, ControlDatabase control) {
        this(plan, topology, control, InstantSource.system());
    }

    Verifier(MigrationPlan plan, Topology topology, ControlDatabase control, InstantSource clock) {
        this.plan = plan;
        this.topology = topology;
        this.control = control;
        this.clock = clock;
    }

    /**
     * One full pass of the grid; its report is kept in the control database, whatever the verdict.
     *
     * @throws VerificationFailedException when anything could not be read: then nothing is known, and the run is kept as FAILED
     */
    public VerificationReport verifyOnce(VerifyOptions options) {
        List<TablePlan> tables = options.tables().isEmpty()
                ? plan.tables()
                : plan.tables().stream()
                        .filter(table -> options.tables().contains(table.name()))
                        .toList();
        options.tables().forEach(plan::table);
        return recorded(new Run(options, tables), run -> run.verifyAll());
    }

    /**
     * Compares chosen rows while nothing moves: the closed phase of a switch. Reads each key on OLD and in every physical table of NEW.
     *
     * @param sourceKeys keys on OLD by the table's name in the plan
     */
    public VerificationReport verifyKeys(Map<String, ? extends Collection<RowKey>> sourceKeys) {
        List<TablePlan> tables = sourceKeys.keySet().stream().map(plan::table).toList();
        return recorded(new Run(VerifyOptions.quiet(), tables), run -> run.verifyKeys(sourceKeys));
    }

    /** What a run does. */
    private interface Work {
        VerificationReport of(Run run);
    }

    private VerificationReport recorded(Run run, Work work) {
        try {
            VerificationReport report = work.of(run);
            run.options.pace().beforeNext();
            run.save(
                    VerificationRecord.Verdict.valueOf(report.verdict().name()),
                    report.cells(),
                    report.rowsCompared(),
                    report.differenceCount(),
                    report.toJson());
            run.prove(report);
            run.memory.ended();
            return report;
        } catch (VerificationStoppedException e) {
            throw e;
        } catch (RuntimeException e) {
            try {
                // A failure that comes of what ends it anyway is no finding.
                run.options.pace().beforeNext();
                run.save(VerificationRecord.Verdict.FAILED, 0, 0, 0, "{\"kind\": \"VerificationFailure\"}");
            } catch (VerificationStoppedException stopped) {
                stopped.addSuppressed(e);
                throw stopped;
            } catch (RuntimeException unsaved) {
                e.addSuppressed(unsaved);
            }
            throw e;
        } finally {
            run.executor.shutdownNow();
        }
    }

    /** One run and what it has gathered. Owned by the thread that runs it. */
    private final class Run {
        private final VerifyOptions options;
        private final List<TablePlan> scope;
        private final Instant startedAt = clock.instant();
        private final String runId;
        private final String salt;
        private final SecureRandom random = new SecureRandom();
        private final ExecutorService executor = Executors.newCachedThreadPool(runnable -> {
            Thread thread = new Thread(runnable, "verifier");
            thread.setDaemon(true);
            return thread;
        });
        private final Pause pause = new Pause();
        private final Optional<Register> register;
        private final Side truth;

        private final List<TableResult> results = new ArrayList<>();
        private final List<Difference> differences = new ArrayList<>();
        private final Set<String> selfTest = new LinkedHashSet<>();
        private final List<String> unsettled = new ArrayList<>();
        private final List<String> notChecked = new ArrayList<>();
        private PassMemory memory;
        private Map<String, String> positions = Map.of();
        private @Nullable Instant begunOnControl;

        Run(VerifyOptions options, List<TablePlan> scope) {
            this.options = options;
            this.scope = scope;
            byte[] bytes = new byte[16];
            random.nextBytes(bytes);
            salt = HexFormat.of().formatHex(bytes);
            runId = "verify-" + startedAt.toEpochMilli() + "-" + salt.substring(0, 6);
            register = control.readIfInstalled();
            truth = register.map(Register::truth).orElse(Side.OLD);
            memory = PassMemory.none(runId);
        }

        VerificationReport verifyAll() {
            begunOnControl = register.isEmpty() ? null : control.now();
            if (scope.isEmpty()) {
                throw new VerificationFailedException("There is no table to verify; the plan moves "
                        + plan.tables().stream().map(TablePlan::name).toList() + ".");
            }
            Sessions sessions = sessions();
            TableDefinitions definitions = definitions();
            memory = memory(definitions, sessions.positions());
            positions = memory.positions(sessions.positions());
            Map<ComparedTable, List<PassRange>> tables = new LinkedHashMap<>();
            for (TablePlan table : scope) {
                ComparedTable compared = compared(table);
                tables.put(compared, memory.grid(table.name(), () -> ranges(compared)));
            }
            Progress progress = new Progress(
                    options.listener(),
                    tables.values().stream().mapToInt(List::size).sum(),
                    memory.resumed().map(Resumed::ranges).orElse(0));
            tables.forEach((table, ranges) -> verify(table, ranges, progress));
            plan.tables().stream()
                    .filter(table -> !scope.contains(table))
                    .forEach(table -> notChecked.add("table " + table.name() + " (not in scope)"));
            definitions
                    .unlike(definitions())
                    .forEach(table ->
                            unsettled.add("the definition of " + table + " was changed while its rows were compared"));
            return report(sessions, definitions);
        }

        // While nothing moves somebody waits for the answer, and it is about this moment.
        private PassMemory memory(TableDefinitions definitions, Map<String, String> now) {
            if (options.memory() == VerifyOptions.Memory.NONE || register.isEmpty() || options.quiesced()) {
                return PassMemory.none(runId);
            }
            PassLedger ledger = new PassLedger(topology.control());
            String fingerprint = fingerprint(register.get(), definitions);
            Duration within = plan.verify().freshness();
            return options.memory() == VerifyOptions.Memory.RESUME
                    ? PassMemory.resume(ledger, fingerprint, runId, within, now)
                    : PassMemory.anew(ledger, fingerprint, runId, within, now);
        }

        // Whatever else happened between two passes, a copy, a switch, a changed table or plan, shows in one of these.
        private String fingerprint(Register stable, TableDefinitions definitions) {
            StringBuilder text = new StringBuilder("pass 1\n");
            text.append(plan.hash())
                    .append('\n')
                    .append(plan.verify().rangeRows())
                    .append('\n');
            text.append(stable.version()).append('\n').append(stable.epoch()).append('\n');
            if (!options.series().isEmpty()) {
                text.append("series ").append(options.series()).append('\n');
            }
            scope.forEach(table -> text.append(table.name()).append('\n'));
            new TreeMap<>(definitions.digests())
                    .forEach((table, digest) ->
                            text.append(table).append(' ').append(digest).append('\n'));
            try {
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256")
                                .digest(text.toString().getBytes(StandardCharsets.UTF_8)));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("Every Java has SHA-256.", e);
            }
        }

        VerificationReport verifyKeys(Map<String, ? extends Collection<RowKey>> sourceKeys) {
            Sessions sessions = sessions();
            for (TablePlan table : scope) {
                Collection<RowKey> keys = new HashSet<>(sourceKeys.get(table.name()));
                if (!keys.isEmpty()) {
                    verifyKeys(compared(table), keys);
                }
            }
            notChecked.add("every row but the keys asked for");
            return report(sessions, new TableDefinitions(Map.of()));
        }

        private Sessions sessions() {
            Set<DatabaseId> databases = new TreeSet<>();
            databases.add(DatabaseId.OLD);
            scope.forEach(
                    table -> databases.addAll(table.dynamic() ? plan.shardDatabases() : List.of(DatabaseId.META)));
            return Sessions.readBack(topology, List.copyOf(databases));
        }

        private TableDefinitions definitions() {
            TableDefinitions definitions = new TableDefinitions(Map.of());
            for (DatabaseId database : plan.databases()) {
                try (Connection connection = topology.database(database).getConnection()) {
                    definitions = definitions.with(TableDefinitions.read(connection, plan, database, scope));
                } catch (SQLException e) {
                    throw new VerificationFailedException(
                            "How the tables of " + database + " are defined could not be read (" + e.getMessage()
                                    + "). Mend the cause and verify again.",
                            e);
                }
            }
            return definitions;
        }

        private ComparedTable compared(TablePlan table) {
            try {
                ComparedTable compared = ComparedTable.read(topology, Projection.forward(topology, table), salt);
                compared.uncomparable()
                        .forEach(
                                column -> unsettled.add(
                                        "column " + table.name() + "." + column
                                                + " is a FLOAT filled from another type: no text of it is exact, so it was not compared"));
                if (!table.onlyNew().isEmpty()) {
                    notChecked.add("columns of " + table.name() + " that only NEW has: "
                            + String.join(", ", table.onlyNew().keySet()));
                }
                if (table.dynamic() && compared.targetSlot().isEmpty()) {
                    notChecked.add("the own route of rows of " + table.name()
                            + " on NEW: no compared column carries the shard key as it is");
                }
                return compared;
            } catch (SQLException e) {
                throw new VerificationFailedException(
                        "The columns of " + table.name() + " could not be described (" + e.getMessage()
                                + "). Mend the cause and verify again.",
                        e);
            }
        }

        private List<KeyRange> ranges(ComparedTable table) {
            try (Connection connection = topology.database(DatabaseId.OLD).getConnection()) {
                List<KeyRange> ranges = new RowReader()
                        .pairedRanges(
                                connection,
                                table.projection(),
                                table.table().fromTable(),
                                plan.verify().rangeRows());
                return Coverage.requireWhole(table.name(), ranges);
            } catch (SQLException e) {
                throw new VerificationFailedException(
                        "The key ranges of " + table.name() + " could not be read (" + e.getMessage()
                                + "). Mend the cause and verify again.",
                        e);
            }
        }

        private void verify(ComparedTable table, List<PassRange> ranges, Progress progress) {
            long begun = System.nanoTime();
            InFlight inFlight = inFlight(table.table());
            RowSides sides = new RowSides(topology, table, options.statementLimit());
            HeatMapDraft heat = new HeatMapDraft(ranges.size(), table.slots(), table.tablesPerDatabase());
            TablePass.Outcome pass = new TablePass(
                            new GridReader(topology, table, executor, options.statementLimit()),
                            new RangeDrill(sides),
                            new SelfTest(random),
                            table.slots(),
                            table.tablesPerDatabase(),
                            options,
                            clock,
                            heat)
                    .run(ranges, executor, range -> {
                        memory.read(table.name(), range);
                        progress.rangeDone(table.name(), range.sourceRows());
                    });
            selfTest.addAll(pass.selfTest());
            Recheck.Outcome rechecked = new Recheck(sides, inFlight, pause, clock)
                    .check(pass.suspects().keySet());
            QuarantineCheck.Outcome quarantine = new QuarantineCheck(topology, table, inFlight, pause, clock)
                    .check(pass.rejecting(), pass.unmapped());
            if (pass.overflow() > 0) {
                unsettled.add(pass.overflow() + " suspect rows of " + table.name() + " beyond the first "
                        + options.suspectsPerTable() + " were not checked again");
            }
            if (pass.unequalCells() > 0 && pass.suspects().isEmpty() && inFlight instanceof NothingMoves) {
                unsettled.add(pass.unequalCells() + " cells of " + table.name()
                        + " were unequal when they were read and equal a moment later, although nothing should move");
                heat.nothingSettles();
            }
            pass.suspects().forEach((suspect, range) -> {
                if (rechecked.certified().containsKey(suspect)) {
                    heat.different(range, suspect.slot());
                } else if (rechecked.hot().contains(suspect)
                        || rechecked.behind().contains(suspect)) {
                    heat.hot(range, suspect.slot());
                } else {
                    heat.settled(range, suspect.slot());
                }
            });
            long hot = unsettled(table, rechecked, quarantine);
            List<Difference> found = new ArrayList<>(new Differences(sides, DETAILED).name(rechecked.certified()));
            found.addAll(quarantine.differences());
            differences.addAll(found.subList(0, Math.min(found.size(), options.reportedPerTable())));
            results.add(new TableResult(
                    table.name(),
                    pass.ranges(),
                    pass.cells(),
                    pass.unequalCells(),
                    pass.sourceRows(),
                    pass.targetRows(),
                    quarantine.quarantined(),
                    rechecked.settled(),
                    found.size(),
                    hot + pass.overflow(),
                    (System.nanoTime() - begun) / 1_000_000,
                    kinds(found),
                    heat.finished(slot -> table.databaseOf(slot).name(), table::physicalTable)));
        }

        private void verifyKeys(ComparedTable table, Collection<RowKey> keys) {
            long begun = System.nanoTime();
            RowSides sides = new RowSides(topology, table, options.statementLimit());
            KeyDrill.Outcome drilled = new KeyDrill(sides, executor).drill(keys);
            InFlight inFlight = inFlight(table.table());
            Recheck.Outcome rechecked = new Recheck(sides, inFlight, pause, clock).check(drilled.suspects());
            QuarantineCheck.Outcome quarantine =
                    new QuarantineCheck(topology, table, inFlight, pause, clock).checkKeys(keys);
            long hot = unsettled(table, rechecked, quarantine);
            List<Difference> found = new ArrayList<>(new Differences(sides, DETAILED).name(rechecked.certified()));
            found.addAll(quarantine.differences());
            differences.addAll(found.subList(0, Math.min(found.size(), options.reportedPerTable())));
            results.add(new TableResult(
                    table.name(),
                    0,
                    0,
                    0,
                    drilled.sourceRows(),
                    drilled.targetRows(),
                    quarantine.quarantined(),
                    rechecked.settled(),
                    found.size(),
                    hot,
                    (System.nanoTime() - begun) / 1_000_000,
                    kinds(found),
                    HeatMap.NONE));
        }

        private long unsettled(ComparedTable table, Recheck.Outcome rechecked, QuarantineCheck.Outcome quarantine) {
            if (!rechecked.hot().isEmpty()) {
                unsettled.add(rechecked.hot().size() + " rows of " + table.name()
                        + " changed each time they were looked at: " + sample(rechecked.hot()));
            }
            if (!rechecked.behind().isEmpty()) {
                unsettled.add(rechecked.behind().size() + " rows of " + table.name()
                        + " are unequal, but the stream did not catch up with them within "
                        + options.settleBound().toMillis() + " ms: " + sample(rechecked.behind()));
            }
            if (quarantine.hot() > 0) {
                unsettled.add(quarantine.hot() + " quarantine rows of " + table.name() + " could not be settled");
            }
            return rechecked.hot().size() + rechecked.behind().size() + quarantine.hot();
        }

        private static Map<DifferenceKind, Long> kinds(List<Difference> found) {
            return found.stream().collect(Collectors.groupingBy(Difference::kind, Collectors.counting()));
        }

        private static String sample(Collection<Suspect> suspects) {
            return suspects.stream()
                            .limit(SAMPLE)
                            .map(suspect -> String.join(
                                    ",",
                                    (suspect.sourceKey() == null ? suspect.targetKey() : suspect.sourceKey()).parts()))
                            .toList()
                    + (suspects.size() > SAMPLE ? " …" : "");
        }

        private InFlight inFlight(TablePlan table) {
            if (options.quiesced()) {
                return new NothingMoves(truth, "nothing moves: the caller holds both sides still");
            }
            if (!table.dynamic()) {
                return new NothingMoves(truth, "nothing moves: the table is static");
            }
            return new StreamPosition(
                    topology, truth, register.map(Register::epoch).orElse(new Epoch(1)), options.settleBound(), pause);
        }

        private VerificationReport report(Sessions sessions, TableDefinitions definitions) {
            boolean different = results.stream().anyMatch(result -> result.differences() > 0);
            boolean open = !unsettled.isEmpty() || results.stream().anyMatch(result -> result.hot() > 0);
            return new VerificationReport(
                    runId,
                    plan.migration(),
                    plan.hash(),
                    begunAt(),
                    clock.instant(),
                    different ? Verdict.DIFFERENT : open ? Verdict.INCONCLUSIVE : Verdict.EQUAL,
                    scope.stream().map(TablePlan::name).toList(),
                    options.quiesced(),
                    truth.name(),
                    results,
                    differences,
                    List.copyOf(selfTest),
                    unsettled,
                    notChecked,
                    definitions,
                    sessions.variables(),
                    sessions.positions(),
                    memory.resumed().orElse(null));
        }

        /** Says in the ledger what a full pass proved, or what any run found against a proof. */
        private void prove(VerificationReport report) {
            Instant begun = begunOnControl;
            if (register.isEmpty() || report.verdict() == Verdict.INCONCLUSIVE) {
                return;
            }
            ProofLedger ledger = new ProofLedger(topology.control());
            if (report.verdict() == Verdict.DIFFERENT) {
                Set<DatabaseId> databases = report.differences().stream()
                        .map(difference -> new DatabaseId(difference.database()))
                        .collect(Collectors.toCollection(TreeSet::new));
                ledger.voided(
                        databases, truth, "run " + runId + " found " + report.differenceCount() + " differing rows");
            } else if (begun != null && scope.size() == plan.tables().size()) {
                Map<DatabaseId, String> proven = new TreeMap<>();
                for (DatabaseId database : plan.newDatabases()) {
                    DatabaseId source = truth == Side.OLD ? DatabaseId.OLD : database;
                    proven.put(database, positions.getOrDefault(source.name(), ""));
                }
                Instant oldest = memory.resumed().map(Resumed::startedAt).orElse(begun);
                ledger.proven(runId, truth, register.get().epoch(), proven, oldest);
            }
        }

        // The oldest thing that was read.
        private Instant begunAt() {
            return memory.resumed().map(Resumed::startedAt).orElse(startedAt);
        }

        private void save(
                VerificationRecord.Verdict verdict, long cells, long rows, long differenceCount, String reportJson) {
            if (register.isEmpty()) {
                // Nothing to record against: before `install` a verification is for the eye only.
                return;
            }
            boolean all = scope.size() == plan.tables().size();
            String names = String.join(",", scope.stream().map(TablePlan::name).toList());
            control.saveVerification(new VerificationRecord(
                    runId,
                    begunAt(),
                    clock.instant(),
                    all ? "all" : names.substring(0, Math.min(200, names.length())),
                    verdict,
                    cells,
                    rows,
                    differenceCount,
                    register.map(Register::epoch).orElse(new Epoch(0)),
                    register.map(Register::stage).orElse(Stage.PLANNED),
                    reportJson));
        }
    }

    private static final int DETAILED = 100;
    private static final int SAMPLE = 5;
}
