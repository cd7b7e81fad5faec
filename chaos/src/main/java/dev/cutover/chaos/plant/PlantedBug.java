package dev.cutover.chaos.plant;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;

/** Every bug that can be planted, and the invariant that has to catch it. */
public enum PlantedBug {
    OPEN_BEFORE_CLOSE("open-before-close", "I9", SwitchBugs::openBeforeClose),
    DRAIN_TO_GTID_EXECUTED("drain-to-gtid-executed", "I11", SwitchBugs::drainToGtidExecuted),
    POSITION_BEFORE_CLOSE("position-before-close", "I11", SwitchBugs::positionBeforeClose),
    CHECK_WITHOUT_LOCK("check-without-lock", "I8", WriterBugs::checkWithoutLock),
    NO_EPOCH("no-epoch", "I8", WriterBugs::noEpoch),
    ZOMBIE_APPLIER("zombie-applier", "I10", StreamBugs::zombieApplier),
    POSITION_BEFORE_ROWS("position-before-rows", "I11", StreamBugs::positionBeforeRows),
    DUAL_WRITE_FAILURE_IGNORED("dual-write-failure-ignored", "I11", StreamBugs::dualWriteFailureIgnored),
    KEEP_ALIVE_SKIP("keep-alive-skip", "I6", StreamBugs::keepAliveSkip),
    LATE_CHUNK_OVERWRITES("late-chunk-overwrites", "I1", StreamBugs::lateChunkOverwrites),
    DELETED_ROW_RESURRECTED("deleted-row-resurrected", "I7", StreamBugs::deletedRowResurrected),
    REVERSE_LOOP("reverse-loop", "I10", StreamBugs::reverseLoop),
    WRONG_SHARD("wrong-shard", "I12", WriterBugs::wrongShard),
    OPERATION_MISSING("op-id-missing", "I2", WriterBugs::operationMissing),
    ZOMBIE_MIRROR("zombie-mirror", "I10", StreamBugs::zombieMirror),
    ANSWERED_BEFORE_COMMIT("answered-before-commit", "I1", WriterBugs::answeredBeforeCommit),
    STALE_READ("stale-read", "I5", WriterBugs::staleRead),
    NOBODY_REOPENS("nobody-reopens", "I14", SwitchBugs::nobodyReopens);

    private final String word;
    private final String invariant;
    private final Planting planting;

    PlantedBug(String word, String invariant, Planting planting) {
        this.word = word;
        this.invariant = invariant;
        this.planting = planting;
    }

    /** Brings a bug into a scene at a real moment. */
    @FunctionalInterface
    interface Planting {
        void plant(Scene scene) throws SQLException;
    }

    public String word() {
        return word;
    }

    /** The invariant that it violates. */
    public String invariant() {
        return invariant;
    }

    Planting planting() {
        return planting;
    }

    /** The bug with this name; empty when there is none. */
    public static Optional<PlantedBug> ofWord(String word) {
        return Arrays.stream(values()).filter(bug -> bug.word.equals(word)).findFirst();
    }
}
