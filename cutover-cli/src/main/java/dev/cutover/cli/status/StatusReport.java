package dev.cutover.cli.status;

import dev.cutover.cli.step.Instances;
import dev.cutover.cli.step.StageOrder;
import dev.cutover.cli.step.WorkerView;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Event;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.Job;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.stage.StrayWrite;
import dev.cutover.core.stage.VerificationRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One look at the migration.
 *
 * @param at database time
 * @param reached the last event that led to each stage
 * @param strays writes past the fence that nobody has acknowledged
 * @param proofs as of when each database is proven equal
 * @param warnings what is wrong, a sentence each; empty means healthy
 */
public record StatusReport(
        MigrationPlan plan,
        Instant at,
        Register register,
        List<Instance> proxies,
        List<Instance> workers,
        Optional<WorkerView> worker,
        Optional<Job> copy,
        Optional<VerificationRecord> verification,
        Map<Stage, Event> reached,
        List<StrayWrite> strays,
        Proofs proofs,
        List<String> warnings) {
    private static final int EVENTS = 1_000;

    public static StatusReport read(
            MigrationPlan plan,
            ControlDatabase control,
            StrayLedger ledger,
            ProofLedger proofLedger,
            Register register) {
        Instant at = control.now();
        Proofs proofs = Proofs.read(proofLedger, register, at);
        List<Instance> proxies = Instances.proxies(control);
        List<Instance> workers = Instances.workers(control);
        Optional<WorkerView> worker = WorkerView.read(control);
        Optional<VerificationRecord> verification = control.verifications(50).stream()
                .filter(run -> run.scope().equals("all"))
                .findFirst();
        List<StrayWrite> strays = ledger.open();
        Map<Stage, Event> reached = new EnumMap<>(Stage.class);
        for (Event event : control.events(EVENTS)) {
            String state = event.toState();
            int slash = state.indexOf('/');
            for (Stage stage : Stage.values()) {
                if (slash > 0
                        && stage.name().equals(state.substring(0, slash))
                        && !event.fromState().startsWith(stage.name() + "/")) {
                    reached.put(stage, event);
                }
            }
        }
        return new StatusReport(
                plan,
                at,
                register,
                proxies,
                workers,
                worker,
                control.job("copy-dynamic"),
                verification,
                reached,
                strays,
                proofs,
                warnings(plan, at, register, proxies, worker, verification, strays, proofs));
    }

    private static List<String> warnings(
            MigrationPlan plan,
            Instant at,
            Register register,
            List<Instance> proxies,
            Optional<WorkerView> worker,
            Optional<VerificationRecord> verification,
            List<StrayWrite> strays,
            Proofs proofs) {
        List<String> warnings = new ArrayList<>();
        Instant lease = register.leaseUntil();
        if (register.phase() == Register.Phase.SWITCHING) {
            boolean overdue = lease == null || at.isAfter(lease);
            warnings.add("a switch to " + register.switchTo() + " is under way"
                    + (overdue ? " and its coordinator is gone: cutover switch --resume" : ""));
        }
        if (streams(register) && worker.isEmpty()) {
            warnings.add("no worker is alive: the stream stands still (cutover worker)");
        }
        worker.map(WorkerView::trouble)
                .filter(text -> streams(register) && !text.isEmpty())
                .ifPresent(warnings::add);
        Double lag = worker.map(WorkerView::lagSeconds).orElse(null);
        if (streams(register) && lag != null && lag > plan.copy().maxLag().toSeconds()) {
            warnings.add("the stream is " + lag + " s behind");
        }
        if (register.stage().atLeast(Stage.SINGLE_WRITE) && proxies.isEmpty()) {
            warnings.add("no service instance is alive");
        }
        for (Instance proxy : proxies) {
            if (proxy.registerVersion() < register.version() - 1) {
                warnings.add(proxy.id() + " acts on register version " + proxy.registerVersion() + " of "
                        + register.version());
            }
        }
        verification
                .filter(run -> run.verdict() == VerificationRecord.Verdict.DIFFERENT)
                .ifPresent(run -> warnings.add("the last verification found " + run.differences() + " differences"));
        if (!proofs.differences().isEmpty()) {
            warnings.add(
                    proofs.differences().size() + " rows were found to differ after a change (cutover verify show): "
                            + proofs.differences().get(0).describe());
        }
        worker.map(WorkerView::watchTrouble)
                .filter(text -> streams(register) && !text.isEmpty())
                .ifPresent(warnings::add);
        if (!strays.isEmpty()) {
            warnings.add(strays.size() + (strays.size() == 1 ? " stray write" : " stray writes")
                    + ", which close the switch (cutover strays): "
                    + strays.get(0).describe() + (strays.size() == 1 ? "" : "; …"));
        }
        return List.copyOf(warnings);
    }

    private static boolean streams(Register register) {
        return register.stage().atLeast(Stage.DUAL_WRITE) && register.stage() != Stage.COMPLETED;
    }

    public boolean healthy() {
        return warnings.isEmpty();
    }

    /** How long the present stage has lasted; null when its event is too long ago. */
    public @Nullable Duration inStage() {
        Event event = reached.get(register.stage());
        return event == null ? null : Duration.between(event.at(), at);
    }

    public @Nullable String next() {
        return StageOrder.nextCommand(plan, register.stage());
    }

    /** {@code never}, {@code equal}, {@code different}, {@code inconclusive}, {@code failed} or {@code stale}. */
    public String verifyState() {
        if (verification.isEmpty()) {
            return "never";
        }
        VerificationRecord run = verification.get();
        Duration age = Duration.between(run.finishedAt(), at);
        return run.verdict() == VerificationRecord.Verdict.EQUAL
                        && age.compareTo(plan.verify().freshness()) > 0
                ? "stale"
                : run.verdict().name().toLowerCase(Locale.ROOT);
    }
}
