package dev.cutover.verifier.watch;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.VerificationFailedException;
import dev.cutover.verifier.drill.ChangedDrill;
import dev.cutover.verifier.drill.Differences;
import dev.cutover.verifier.drill.RowSides;
import dev.cutover.verifier.drill.Suspect;
import dev.cutover.verifier.grid.ComparedTable;
import dev.cutover.verifier.recheck.InFlight;
import dev.cutover.verifier.recheck.Pause;
import dev.cutover.verifier.recheck.Recheck;
import dev.cutover.verifier.recheck.StreamPosition;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Compares single rows while the stream runs. A row that is seen unequal becomes a difference only with the certificate of a full pass; one
 * that keeps changing, or that the stream has not reached, is named as unsettled. Owned by one thread.
 */
public final class ChangedKeyCheck {
    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(50);
    private static final Duration SETTLE = Duration.ofSeconds(5);
    private static final int DETAILED = 20;

    private final Topology topology;
    private final Function<Register, InFlight> inFlight;
    private final Pause pause = new Pause();
    private final String salt;

    public ChangedKeyCheck(Topology topology) {
        this(
                topology,
                register -> new StreamPosition(
                        topology,
                        register.truth(),
                        register.epoch(),
                        topology.plan().switchPlan().maxLag().plus(SETTLE),
                        new Pause()));
    }

    /** With another way to wait for what is in flight. */
    public ChangedKeyCheck(Topology topology, Function<Register, InFlight> inFlight) {
        this.topology = topology;
        this.inFlight = inFlight;
        byte[] bytes = new byte[16];
        new SecureRandom().nextBytes(bytes);
        this.salt = HexFormat.of().formatHex(bytes);
    }

    /**
     * What was found.
     *
     * @param unsettled keys of OLD of rows that were unequal each time, but changed or were not reached meanwhile
     */
    public record Outcome(List<Difference> differences, Set<RowKey> unsettled) {}

    /**
     * Compares rows of one table.
     *
     * @param slotsByKey by key of OLD, every slot the row is or was in
     */
    public Outcome check(String table, Map<RowKey, Set<Integer>> slotsByKey, Register register) {
        TablePlan plan = topology.plan().table(table);
        try {
            // Anew each time: a definition may have changed since.
            ComparedTable compared = ComparedTable.read(topology, Projection.forward(topology, plan), salt);
            RowSides sides = new RowSides(topology, compared, STATEMENT_LIMIT);
            Set<Suspect> suspects = new ChangedDrill(sides).suspects(slotsByKey);
            if (suspects.isEmpty()) {
                return new Outcome(List.of(), Set.of());
            }
            Recheck.Outcome rechecked =
                    new Recheck(sides, inFlight.apply(register), pause, InstantSource.system()).check(suspects);
            return new Outcome(
                    new Differences(sides, DETAILED).name(rechecked.certified()),
                    Stream.of(rechecked.hot(), rechecked.behind())
                            .flatMap(Set::stream)
                            .map(Suspect::sourceKey)
                            .filter(Objects::nonNull)
                            .collect(Collectors.toSet()));
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "The columns of " + table + " could not be described (" + e.getMessage()
                            + "); its changed rows are not compared again.",
                    e);
        }
    }
}
