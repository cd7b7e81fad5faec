package dev.cutover.verifier.repair;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.drill.Suspect;
import dev.cutover.verifier.repair.RepairRefusedException.Reason;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Brings rows of the side that is not the truth back to the truth, while writers, mirrors and streams run. Safe for many threads; nothing is
 * kept between two calls.
 */
public final class Repair {
    /** How many entries a plan may have where nobody says otherwise. */
    public static final int MAX_ROWS = 1_000;

    private static final String KEY = "repair_key";

    private final MigrationPlan plan;
    private final Topology topology;
    private final ControlDatabase control;
    private final Executor executor;
    private final Failpoints failpoints;
    private final InstantSource clock = InstantSource.system();
    private final SecureRandom random = new SecureRandom();

    /**
     * @param executor for reading databases beside one another
     */
    public Repair(
            MigrationPlan plan, Topology topology, ControlDatabase control, Executor executor, Failpoints failpoints) {
        this.plan = plan;
        this.topology = topology;
        this.control = control;
        this.executor = executor;
        this.failpoints = failpoints;
    }

    /**
     * Looks at differences again, on both sides, and says what would put right those that are there still; writes nothing.
     *
     * @param from what named them, for the plan
     */
    public Planned plan(List<NamedDifference> named, int maxRows, String from, RepairListener listener) {
        Register register = stable();
        requireStage(register.stage(), register.truth());
        RepairPlan.Header header = new RepairPlan.Header(
                plan.migration(),
                plan.hash(),
                register.epoch(),
                register.stage(),
                register.truth(),
                clock.instant(),
                from,
                hex(16));
        return new RepairPlanner(topology, header, look(header.truth(), header.epoch())).plan(named, maxRows, listener);
    }

    /** Writes a plan and, beside it and before it, its undo; returns the undo's name. */
    public Path save(Planned planned, Path file) {
        new RepairFiles(key()).write(planned, file);
        return RepairFiles.undoOf(file);
    }

    /** Reads a plan this migration wrote; its undo is on the disk when this returns. */
    public RepairPlan read(Path file) {
        requireMigration(file);
        return new RepairFiles(key()).readPlan(file);
    }

    /** Reads the undo of a plan this migration wrote. */
    public UndoPlan readUndo(Path file) {
        requireMigration(file);
        return new RepairFiles(key()).readUndo(file);
    }

    /** Refuses a plan that was made for another state than this one, or is too large; says nothing when it may be applied. */
    public void check(RepairPlan repair, int maxRows) {
        check(repair.header(), repair.rows(), maxRows);
    }

    public void check(UndoPlan undo, int maxRows) {
        check(undo.header(), undo.rows().stream().map(UndoPlan.Undo::repair).toList(), maxRows);
    }

    /** Writes what the plan says where both sides are as it saw them; a {@code dryRun} only looks. */
    public RepairOutcome apply(RepairPlan repair, boolean dryRun, RepairListener listener) {
        return run(
                repair.header(),
                repair.rows().stream().map(row -> new RepairRun.Step(row, null)).toList(),
                dryRun,
                listener);
    }

    /** Puts back what a plan has overwritten, where both sides are as it left them; a {@code dryRun} only looks. */
    public RepairOutcome undo(UndoPlan undo, boolean dryRun, RepairListener listener) {
        return run(
                undo.header(),
                undo.rows().stream()
                        .map(row -> new RepairRun.Step(row.repair(), row.before()))
                        .toList(),
                dryRun,
                listener);
    }

    /** Verifies the rows of a plan again, whoever has written them meanwhile. */
    public RepairProof prove(RepairPlan repair) {
        return prove(repair.header(), repair.rows());
    }

    public RepairProof prove(UndoPlan undo) {
        return prove(
                undo.header(), undo.rows().stream().map(UndoPlan.Undo::repair).toList());
    }

    private RepairOutcome run(
            RepairPlan.Header header, List<RepairRun.Step> steps, boolean dryRun, RepairListener listener) {
        try (RepairRun run = new RepairRun(topology, header, failpoints)) {
            return run.run(steps, dryRun, listener);
        }
    }

    private RepairProof prove(RepairPlan.Header header, List<RowRepair> rows) {
        List<Difference> differences = new ArrayList<>();
        long unsettled = 0;
        int looked = 0;
        Map<String, List<RowRepair>> byTable =
                rows.stream().collect(Collectors.groupingBy(RowRepair::table, LinkedHashMap::new, Collectors.toList()));
        for (Map.Entry<String, List<RowRepair>> entry : byTable.entrySet()) {
            try {
                RepairTable table =
                        RepairTable.open(topology, plan.table(entry.getKey()), header.truth(), header.salt());
                Set<RowKey> keys = new LinkedHashSet<>();
                Set<Suspect> places = new LinkedHashSet<>();
                for (RowRepair row : entry.getValue()) {
                    keys.add(row.sourceKey());
                    row.spots().forEach(spot -> places.add(new Suspect(spot.slot(), spot.key(), row.sourceKey())));
                    for (PlannedPlace planned : row.places()) {
                        table.slot(
                                        planned.place().database().name(),
                                        planned.place().table())
                                .ifPresent(slot -> places.add(
                                        new Suspect(slot, planned.place().key(), row.sourceKey())));
                    }
                }
                looked += keys.size();
                RowLook.Seen seen = look(header.truth(), header.epoch()).look(table, keys, places);
                differences.addAll(seen.differences());
                unsettled += seen.unsettled();
            } catch (SQLException e) {
                throw new RepairFailedException(
                        "The repaired rows of " + entry.getKey() + " could not be verified again (" + e.getMessage()
                                + "). What was repaired stays; verify again.",
                        e);
            }
        }
        return new RepairProof(looked, differences, unsettled);
    }

    private RowLook look(Side truth, Epoch epoch) {
        return new RowLook(topology, truth, epoch, executor, clock);
    }

    private void requireMigration(Path file) {
        String migration = RepairFiles.migrationOf(file);
        if (!migration.equals(plan.migration())) {
            throw new RepairRefusedException(
                    Reason.PLAN,
                    file + (migration.isEmpty() ? " names no migration" : " is of the migration '" + migration + "'")
                            + ", this plan moves '" + plan.migration() + "'.");
        }
    }

    private void check(RepairPlan.Header header, List<RowRepair> rows, int maxRows) {
        Register register = stable();
        if (!header.planHash().equals(plan.hash()) || !register.planHash().equals(plan.hash())) {
            throw new RepairRefusedException(
                    Reason.PLAN, "The repair was planned with another plan file; rows would be projected another way.");
        }
        if (header.truth() != register.truth() || !header.epoch().equals(register.epoch())) {
            throw new RepairRefusedException(
                    Reason.MOVED,
                    "The repair was planned in epoch " + header.epoch() + " with the truth on " + header.truth()
                            + "; now it is epoch " + register.epoch() + " and the truth is on " + register.truth()
                            + ".");
        }
        requireStage(register.stage(), register.truth());
        if (rows.size() > maxRows) {
            throw new RepairRefusedException(
                    Reason.TOO_MANY,
                    "The repair has " + rows.size() + " entries, and at most " + maxRows
                            + " are written at once. So many differences have a cause; look for it first.");
        }
        Set<DatabaseId> databases =
                rows.stream().map(RowRepair::database).collect(Collectors.toCollection(TreeSet::new));
        for (DatabaseId database : databases) {
            requireFence(database, register.epoch());
        }
    }

    private void requireFence(DatabaseId database, Epoch epoch) {
        try (Connection connection = topology.database(database).getConnection()) {
            FenceState fence = Fence.read(connection);
            if (!fence.admits(Role.REPLICA, epoch)) {
                throw new RepairRefusedException(
                        Reason.FENCE,
                        "The fence of " + database + " does not admit the applier of epoch " + epoch + ", so it admits"
                                + " no repair either: it reads " + fence.describe() + ".");
            }
        } catch (SQLException e) {
            throw new RepairFailedException(
                    "The fence of " + topology.endpoint(database).describe() + " could not be read (" + e.getMessage()
                            + ").",
                    e);
        }
    }

    private Register stable() {
        Register register = control.read();
        if (register.phase() == Register.Phase.SWITCHING) {
            throw new RepairRefusedException(
                    Reason.MOVED,
                    "A switch to " + register.switchTo() + " is under way; nothing is repaired meanwhile.");
        }
        return register;
    }

    // Exactly where the applier writes; what is not copied yet is not wrong.
    private static void requireStage(Stage stage, Side truth) {
        boolean open = truth == Side.OLD
                ? stage.atLeast(Stage.STATIC_COPIED) && !stage.atLeast(Stage.SWITCHED)
                : stage == Stage.SWITCHED;
        if (!open) {
            throw new RepairRefusedException(
                    Reason.STAGE,
                    "In " + stage + " with the truth on " + truth + " nothing of Cutover writes " + truth.other()
                            + ", so nothing is repaired there.");
        }
    }

    private String key() {
        @Nullable String known = control.settings().get(KEY);
        if (known == null) {
            control.setSetting(KEY, hex(32));
            // Of two who made one at the same time both use the one that stayed.
            known = control.settings().get(KEY);
        }
        if (known == null) {
            throw new IllegalStateException("The key of the checksums was written and is not there.");
        }
        return known;
    }

    private String hex(int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return HexFormat.of().formatHex(drawn);
    }
}
