package dev.cutover.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ModelsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** A mistake, the smallest configuration that shows it, and the invariant that it must break. */
    record Planted(String bug, String configuration, String invariant) {
        @Override
        public String toString() {
            return bug + " violates " + invariant;
        }
    }

    static final List<Planted> PLANTED = List.of(
            new Planted("bypass", "cutover-coordinators", "NoStaleWrite"),
            new Planted("checkNoLock", "cutover-coordinators", "NoLostAck"),
            new Planted("unitOutlivesDeadlock", "cutover-coordinators", "NoLostAck"),
            new Planted("zombieApplier", "cutover-back", "NoLostAck"),
            new Planted("openCheckOnly", "cutover-back", "NoLostAck"),
            new Planted("noStreamStart", "cutover-back", "NoLostAck"),
            new Planted("positionFromNow", "cutover-back", "NoLostAck"),
            new Planted("startOfThisEpochOnly", "cutover-coordinators", "StreamCanRun"),
            new Planted("startOfThisEpochOnly", "cutover-live", ModelVerdict.TEMPORAL),
            new Planted("freshStartAfterAbort", "cutover-back", "NoLostAck"),
            new Planted("ownerIgnored", "cutover-mirrors", "NoLostAck"),
            new Planted("mirrorFenceOnly", "cutover-mirrors", "NoLostAck"),
            new Planted("mirrorPositionOnly", "cutover-again", "NoLostAck"),
            new Planted("mirrorUnguarded", "cutover-mirrors", "NoLostAck"),
            new Planted("naiveClose", "cutover-coordinators", "StableOpen"),
            new Planted("posBeforeClose", "cutover-coordinators", "NoLostAck"),
            new Planted("gtidRace", "cutover-coordinators", "NoLostAck"),
            new Planted("stalePos", "cutover-coordinators", "NoLostAck"),
            new Planted("openBeforeClose", "cutover-coordinators", "NoSplitBrain"),
            new Planted("noDecision", "cutover-coordinators", "NoSplitBrain"),
            new Planted("decideUnread", "cutover-coordinators", "NoSplitBrain"),
            new Planted("openUnconditionally", "cutover-coordinators", "NoSplitBrain"),
            new Planted("startAfterOpen", "cutover-coordinators", "NoLostAck"),
            new Planted("handoverKept", "cutover-coordinators", "HandoverIsOfThisSwitch"),
            new Planted("handoverUnkeyed", "cutover-coordinators", "HandoverIsOfThisSwitch"),
            new Planted("abortKeepsTo", "cutover-coordinators", "StreamCanRun"),
            new Planted("abortLeavesUnclosed", "cutover-coordinators", "StableOpen"),
            new Planted("failoverLosesClose", "cutover-failover", "NoSplitBrain"),
            new Planted("noWait", "converge-small", "Converged"),
            new Planted("noGuard", "converge-small", "Converged"),
            new Planted("checkThenWrite", "converge-small", "Converged"),
            new Planted("positionApart", "converge-small", "Converged"),
            new Planted("noDelete", "converge-small", "Converged"),
            new Planted("noTouched", "converge-small", "Converged"),
            new Planted("windowAfterRead", "converge-small", "Converged"),
            new Planted("crashKeepsChunk", "converge-small", "Converged"),
            new Planted("naive", "reverse-small", "Converged"),
            new Planted("condDelete", "reverse-small", "Converged"),
            new Planted("refetchAll", "reverse-small", "Converged"));

    static List<Planted> planted() {
        return PLANTED;
    }

    @ParameterizedTest(name = "{0}: {1} states")
    @CsvSource({
        "cutover-coordinators, 113008",
        "cutover-mirrors, 70239",
        "cutover-shards, 19544",
        "cutover-failover, 32297",
        "cutover-live, 5862",
        "converge-small, 377945",
        "reverse-small, 87"
    })
    void theProtocolHoldsInEveryReachableStateOf(String configuration, long states, @TempDir Path scratch)
            throws IOException, InterruptedException {
        ModelVerdict verdict = ModelRun.of(configuration).verdict(scratch, 2, PATIENCE);
        assertThat(verdict.clean()).as(verdict::lastLines).isTrue();
        // Exact, so that a model that lost an action, or a configuration that forbids everything, cannot pass.
        assertThat(verdict.distinctStates()).hasValue(states);
    }

    // Each is one thread of one process for a second or two.
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest(name = "{0}")
    @MethodSource("planted")
    void aPlantedBug(Planted planted, @TempDir Path scratch) throws IOException, InterruptedException {
        ModelVerdict verdict =
                new ModelRun(planted.configuration(), planted.bug(), planted.invariant()).verdict(scratch, 1, PATIENCE);
        assertThat(verdict.violated()).as(verdict::lastLines).hasValue(planted.invariant());
    }

    @Test
    void oneWorkerForAllShardsWouldMakeMovesSafe(@TempDir Path scratch) throws IOException, InterruptedException {
        ModelVerdict verdict = new ModelRun("reverse-small", "refetchAllSerial", "").verdict(scratch, 1, PATIENCE);
        assertThat(verdict.clean()).as(verdict::lastLines).isTrue();
        assertThat(verdict.distinctStates()).hasValue(3414);
    }

    @Test
    void everyMistakeAModelKnowsIsPlanted() throws IOException {
        Set<String> known = new TreeSet<>();
        for (String model : List.of("Cutover", "Converge")) {
            String text = Files.readString(ModelRun.folder().resolve(model + ".tla"));
            String bugs = text.substring(text.indexOf("Bugs =="), text.indexOf("ASSUME Bug"));
            Matcher bug = Pattern.compile("^ *\"(\\w+)\"", Pattern.MULTILINE).matcher(bugs);
            while (bug.find()) {
                known.add(bug.group(1));
            }
        }
        assertThat(known).hasSizeGreaterThan(30);
        known.remove("none");
        Set<String> planted = PLANTED.stream()
                .filter(each -> !each.configuration().startsWith("reverse"))
                .map(Planted::bug)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(planted).isEqualTo(known);
    }

    @Test
    void everyConfigurationIsRun() throws IOException {
        Set<String> run = Stream.concat(
                        PLANTED.stream().map(Planted::configuration),
                        Stream.of(ModelsTest.class, DeepModelsTest.class)
                                .flatMap(type -> Stream.of(type.getDeclaredMethods()))
                                .flatMap(method -> Stream.of(method.getAnnotationsByType(CsvSource.class)))
                                .flatMap(source -> Stream.of(source.value()))
                                .map(line -> line.substring(0, line.indexOf(','))))
                .collect(Collectors.toCollection(TreeSet::new));
        try (Stream<Path> files = Files.list(ModelRun.folder())) {
            assertThat(files.map(Path::getFileName).map(Path::toString).filter(name -> name.endsWith(".cfg")))
                    .containsExactlyInAnyOrderElementsOf(
                            run.stream().map(name -> name + ".cfg").toList());
        }
    }
}
