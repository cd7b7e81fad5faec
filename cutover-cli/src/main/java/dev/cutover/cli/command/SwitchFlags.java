package dev.cutover.cli.command;

import dev.cutover.cli.step.SwitchLimits;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The limits of one switch, where they shall not be the plan's. */
final class SwitchFlags {
    @Option(
            names = "--max-lag",
            paramLabel = "DURATION",
            description = "Do not begin while the stream is further behind.")
    @Nullable
    Duration maxLag;

    @Option(names = "--write-pause", paramLabel = "DURATION", description = "Abort when writers have waited this long.")
    @Nullable
    Duration writePause;

    @Option(
            names = "--accept-quarantine",
            paramLabel = "N",
            description = "Go although this many rows cannot be mapped.")
    @Nullable
    Long acceptQuarantine;

    @Option(names = "--accept-xa", description = "Go although somebody uses XA transactions on the old server.")
    boolean acceptXa;

    SwitchLimits over(SwitchLimits plan) {
        return new SwitchLimits(
                maxLag == null ? plan.maxLag() : maxLag,
                writePause == null ? plan.writePause() : writePause,
                writePause == null ? plan.lockWait() : SwitchLimits.lockWait(writePause),
                plan.timeout(),
                acceptQuarantine,
                acceptXa);
    }
}
