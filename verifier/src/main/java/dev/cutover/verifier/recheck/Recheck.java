package dev.cutover.verifier.recheck;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.verifier.Certificate;
import dev.cutover.verifier.drill.RowSides;
import dev.cutover.verifier.drill.RowState;
import dev.cutover.verifier.drill.Suspect;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides what a suspect is: settled, different with a certificate, hot, or behind.
 *
 * <p>Idea: read the row on the truth, wait until the other side has applied everything the truth showed, read the row there, read the
 * truth again. Unchanged on the truth and still unequal means that no change was in flight.
 *
 * <p>Invariant: a moving row is never certified. One round could be deceived by a row that changes and changes back between the two
 * reads of the truth, so while rows may move the same pair of hashes must be seen unequal in two rounds, each with a wait of its own.
 *
 * <p>What breaks without it: under load every busy row is a false alarm, and operators learn to ignore the verdict.
 */
public final class Recheck {
    private static final int ROUNDS = 6;
    private static final int SUSPECTS_A_BATCH = 2_000;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(20);

    private final RowSides sides;
    private final InFlight inFlight;
    private final Pause pause;
    private final InstantSource clock;

    public Recheck(RowSides sides, InFlight inFlight, Pause pause, InstantSource clock) {
        this.sides = sides;
        this.inFlight = inFlight;
        this.pause = pause;
        this.clock = clock;
    }

    /**
     * What became of the suspects.
     *
     * @param settled how many are equal
     * @param certified those that differ
     * @param hot those that changed in every round
     * @param behind those whose changes did not arrive within the wait
     */
    public record Outcome(int settled, Map<Suspect, Certificate> certified, Set<Suspect> hot, Set<Suspect> behind) {}

    /** An unequal pair as it was seen in a round. */
    private record Seen(RowState truth, RowState other, List<String> applied) {}

    public Outcome check(Collection<Suspect> suspects) {
        Map<Suspect, Certificate> certified = new LinkedHashMap<>();
        Set<Suspect> hot = new LinkedHashSet<>();
        Set<Suspect> behind = new LinkedHashSet<>();
        List<Suspect> all = List.copyOf(new LinkedHashSet<>(suspects));
        for (int i = 0; i < all.size(); i += SUSPECTS_A_BATCH) {
            batch(all.subList(i, Math.min(all.size(), i + SUSPECTS_A_BATCH)), certified, hot, behind);
        }
        return new Outcome(all.size() - certified.size() - hot.size() - behind.size(), certified, hot, behind);
    }

    private void batch(
            List<Suspect> batch, Map<Suspect, Certificate> certified, Set<Suspect> hot, Set<Suspect> behind) {
        Map<Suspect, Seen> before = new HashMap<>();
        List<Suspect> pending = batch;
        for (int round = 0; round < ROUNDS && !pending.isEmpty(); round++) {
            if (round > 0) {
                pause.on(FIRST_PAUSE.multipliedBy(1L << round));
            }
            Map<Suspect, RowState> first = truth(pending);
            Optional<String> applied = inFlight.settle(databases(pending));
            if (applied.isEmpty()) {
                behind.addAll(pending);
                return;
            }
            Map<Suspect, RowState> other = other(pending);
            Map<Suspect, RowState> again = truth(pending);
            List<Suspect> undecided = new ArrayList<>();
            for (Suspect suspect : pending) {
                RowState truth = again.getOrDefault(suspect, RowState.ABSENT);
                RowState there = other.getOrDefault(suspect, RowState.ABSENT);
                if (equal(suspect, truth, there)) {
                    continue;
                }
                Seen last = before.remove(suspect);
                if (!truth.equals(first.get(suspect))) {
                    undecided.add(suspect);
                    continue;
                }
                List<String> evidence = new ArrayList<>();
                boolean same = false;
                if (last != null && last.truth().equals(truth) && last.other().equals(there)) {
                    same = true;
                    evidence.addAll(last.applied());
                }
                evidence.add(applied.get());
                if (same || !inFlight.moving()) {
                    certified.put(suspect, certificate(evidence, truth, there));
                } else {
                    before.put(suspect, new Seen(truth, there, evidence));
                    undecided.add(suspect);
                }
            }
            pending = undecided;
        }
        hot.addAll(pending);
    }

    private static boolean equal(Suspect suspect, RowState truth, RowState other) {
        if (!truth.present() || !other.present()) {
            return truth.present() == other.present();
        }
        return truth.equals(other) && truth.slot() == suspect.slot();
    }

    private Certificate certificate(List<String> applied, RowState truth, RowState other) {
        boolean oldIsTruth = inFlight.truth() == Side.OLD;
        return new Certificate(
                clock.instant(), applied, (oldIsTruth ? truth : other).hash(), (oldIsTruth ? other : truth).hash());
    }

    private Map<Suspect, RowState> truth(List<Suspect> suspects) {
        return inFlight.truth() == Side.OLD ? sides.sourceStates(suspects) : sides.targetStates(suspects);
    }

    private Map<Suspect, RowState> other(List<Suspect> suspects) {
        return inFlight.truth() == Side.OLD ? sides.targetStates(suspects) : sides.sourceStates(suspects);
    }

    private Set<DatabaseId> databases(List<Suspect> suspects) {
        return suspects.stream()
                .map(suspect -> sides.table().databaseOf(suspect.slot()))
                .collect(Collectors.toSet());
    }
}
