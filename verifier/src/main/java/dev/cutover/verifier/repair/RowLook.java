package dev.cutover.verifier.repair;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.drill.Differences;
import dev.cutover.verifier.drill.KeyDrill;
import dev.cutover.verifier.drill.RowSides;
import dev.cutover.verifier.drill.Suspect;
import dev.cutover.verifier.recheck.InFlight;
import dev.cutover.verifier.recheck.NothingMoves;
import dev.cutover.verifier.recheck.Pause;
import dev.cutover.verifier.recheck.QuarantineCheck;
import dev.cutover.verifier.recheck.Recheck;
import dev.cutover.verifier.recheck.StreamPosition;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/** Looks at chosen rows of one table the way a verification does: drill, certificate, name. Owned by one thread. */
final class RowLook {
    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(50);
    private static final Duration SETTLE_BOUND = Duration.ofSeconds(10);

    private final Topology topology;
    private final Side truth;
    private final Epoch epoch;
    private final Executor executor;
    private final InstantSource clock;
    private final Pause pause = new Pause();

    RowLook(Topology topology, Side truth, Epoch epoch, Executor executor, InstantSource clock) {
        this.topology = topology;
        this.truth = truth;
        this.epoch = epoch;
        this.executor = executor;
        this.clock = clock;
    }

    /**
     * What is certain, and how much is not.
     *
     * @param unsettled rows that changed each time, or whose changes have not arrived
     */
    record Seen(List<Difference> differences, long unsettled) {}

    /** Looks in every physical table where these keys would be, and at these places besides. */
    Seen look(RepairTable table, Collection<RowKey> sourceKeys, Collection<Suspect> places) {
        RowSides sides = new RowSides(topology, table.compared(), STATEMENT_LIMIT);
        InFlight inFlight = table.table().dynamic()
                ? new StreamPosition(topology, truth, epoch, SETTLE_BOUND, pause)
                : new NothingMoves(truth, "nothing moves: the table is static");
        Set<Suspect> suspects = new LinkedHashSet<>(places);
        long unsettled = 0;
        List<Difference> found = new ArrayList<>();
        if (!sourceKeys.isEmpty()) {
            suspects.addAll(new KeyDrill(sides, executor).drill(sourceKeys).suspects());
            QuarantineCheck.Outcome quarantine =
                    new QuarantineCheck(topology, table.compared(), inFlight, pause, clock).checkKeys(sourceKeys);
            found.addAll(quarantine.differences());
            unsettled += quarantine.hot();
        }
        Recheck.Outcome rechecked = new Recheck(sides, inFlight, pause, clock).check(suspects);
        found.addAll(new Differences(sides, 0).name(rechecked.certified()));
        return new Seen(
                found, unsettled + rechecked.hot().size() + rechecked.behind().size());
    }
}
