package dev.cutover.cli.step;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The table of legal moves: which command leads on from a stage, and which step a rollback undoes. */
public final class StageOrder {
    private StageOrder() {}

    /** What to type next; null when nothing is left. */
    public static @Nullable String nextCommand(MigrationPlan plan, Stage stage) {
        boolean rolling = plan.strategy() == MigrationPlan.Strategy.ROLLING;
        return switch (stage) {
            case PLANNED -> "freeze on";
            case FROZEN -> "single-write";
            case SINGLE_WRITE -> "copy static";
            case STATIC_COPIED -> rolling ? "dual-write on" : "switch";
            case DUAL_WRITE -> "copy dynamic";
            case DYNAMIC_COPIED -> "verify once";
            case VERIFIED, RAMPING -> "switch";
            case SWITCHED -> "complete";
            case COMPLETED -> null;
        };
    }

    /** Why that is next. */
    public static String why(Stage stage) {
        return switch (stage) {
            case PLANNED -> "the back office must not change what is copied only once";
            case FROZEN -> "writes must go through the proxy before anything is copied";
            case SINGLE_WRITE -> "the frozen tables are copied once";
            case STATIC_COPIED -> "the stream begins before the copy of what is written meanwhile";
            case DUAL_WRITE -> "the rows from before the stream are copied";
            case DYNAMIC_COPIED -> "nothing is switched that was not proven equal";
            case VERIFIED -> "new may become the truth; cutover reads ramp --step  moves reads over first";
            case RAMPING -> "new serves reads; it may become the truth";
            case SWITCHED -> "when there is no need for a way back any more";
            case COMPLETED -> "nothing is left to do";
        };
    }

    /** The step that a rollback from this register undoes; empty where there is nothing to undo. */
    public static Optional<StageStep> undoes(MigrationPlan plan, Register register, SwitchStep switchStep) {
        return Optional.ofNullable(
                switch (register.stage()) {
                    case PLANNED -> null;
                    case FROZEN -> new FreezeStep();
                    case SINGLE_WRITE -> new SingleWriteStep();
                    case STATIC_COPIED -> new CopyStaticStep();
                    case DUAL_WRITE -> new DualWriteStep();
                    case DYNAMIC_COPIED -> new CopyDynamicStep(false, false);
                    case VERIFIED -> new VerifyStep(Set.of());
                    case RAMPING -> new RampStep(0);
                    case SWITCHED -> switchStep;
                    case COMPLETED -> new CompleteStep();
                });
    }
}
