package dev.cutover.cli.step;

import dev.cutover.core.stage.Register;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends switches whose coordinator is gone: aborts what is not decided, carries out what is. Called from one thread. */
public final class SwitchWatchdog implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(SwitchWatchdog.class);

    private final StepContext context;
    private final SwitchSettlement settlement;

    public SwitchWatchdog(StepContext context) {
        this.context = context;
        this.settlement = new SwitchSettlement(context);
    }

    @Override
    public void run() {
        try {
            Register register = context.control().read();
            if (settlement.overdue(register)) {
                Register settled = settlement.settle("its lease of " + register.leaseOwner() + " ran out");
                LOG.warn("A switch was left half done and is settled: the truth is {}", settled.truth());
            }
        } catch (RuntimeException e) {
            // The next round tries again; a scheduled task that throws is never run again.
            LOG.warn("A half-done switch could not be looked after", e);
        }
    }
}
