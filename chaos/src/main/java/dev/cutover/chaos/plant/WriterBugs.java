package dev.cutover.chaos.plant;

import static dev.cutover.chaos.plant.Scene.ALL;
import static dev.cutover.chaos.plant.Scene.BANK;
import static dev.cutover.chaos.plant.Scene.NEW;
import static dev.cutover.chaos.plant.Scene.OLD;

import dev.cutover.chaos.history.Side;
import dev.cutover.sandbox.wire.Fault;
import dev.cutover.sandbox.wire.FaultProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** Bugs of who writes and reads for the application. Stateless. */
final class WriterBugs {
    private WriterBugs() {}

    /** The fence is looked at and not held, and closed without the table lock; a unit commits after the close. */
    static void checkWithoutLock(Scene scene) {
        scene.quiet();
        try (Lie lie = scene.lie(
                "locks",
                OLD,
                FaultProxy.EVERYBODY,
                sql -> sql.contains("cutover_fence")
                        ? sql.replace(" FOR SHARE", "").replace("LOCK TABLES cutover_fence WRITE;", "DO 0;")
                        : sql)) {
            List<CompletableFuture<String>> asked = new ArrayList<>();
            scene.untilTheBankActs("unit.written=pause:7000", () -> asked.add(scene.loner.appendLater(0, 0)));
            scene.move(Side.NEW);
            asked.forEach(CompletableFuture::join);
            lie.end();
        }
    }

    /** A unit admitted in one epoch writes in a later one: the fence is primary again, and nobody compares. */
    static void noEpoch(Scene scene) throws SQLException {
        scene.quiet();
        long epoch = scene.epoch();
        List<CompletableFuture<String>> asked = new ArrayList<>();
        scene.untilTheBankActs("unit.begun=stop", () -> asked.add(scene.loner.appendLater(0, 0)));
        scene.move(Side.NEW);
        scene.operator.verified();
        scene.move(Side.OLD);
        try (Lie lie = scene.lie(
                        "epochs",
                        OLD,
                        BANK,
                        sql -> sql.contains("FROM cutover_fence")
                                ? sql.replace("SELECT epoch, ", "SELECT " + epoch + ", ")
                                : sql);
                Connection old = scene.onOld()) {
            scene.crew.bankProcess(0).resume();
            String op = asked.get(0).join();
            scene.await(
                    "the stale unit commits",
                    () -> !Scene.value(
                                    old,
                                    "SELECT 1 FROM bank_operation WHERE user_id = " + Loner.USER + " AND op_id = '" + op
                                            + "'")
                            .isEmpty());
            lie.end();
        }
    }

    /** Coupons go to the other table of their database. */
    static void wrongShard(Scene scene) {
        scene.quiet();
        scene.move(Side.NEW);
        try (Lie lie = scene.lie(
                "tables",
                NEW,
                BANK,
                sql -> sql.startsWith("INSERT INTO coupon_000")
                        ? sql.replace("coupon_000", "coupon_001")
                        : sql.startsWith("INSERT INTO coupon_001") ? sql.replace("coupon_001", "coupon_000") : sql)) {
            scene.loner.claim();
            lie.end();
        }
    }

    /** No operation row is written, and the answer to a commit is lost: the client asks again, and nobody knows it. */
    static void operationMissing(Scene scene) {
        scene.quiet();
        try (Lie lie = scene.lie(
                        "operations", OLD, BANK, sql -> sql.startsWith("INSERT INTO bank_operation") ? "DO 0" : sql);
                Fault lost = scene.servers.wire(0).swallowCommit(BANK, 1)) {
            scene.loner.append(0);
            lie.end();
            lost.end();
        }
    }

    /** A write is answered and never committed. */
    static void answeredBeforeCommit(Scene scene) {
        scene.quiet();
        AtomicBoolean told = new AtomicBoolean();
        try (Lie lie = scene.lie(
                "a commit",
                OLD,
                BANK,
                sql -> sql.equalsIgnoreCase("COMMIT") && told.compareAndSet(false, true) ? "DO 0" : sql)) {
            scene.loner.append(0);
            scene.servers.wire(0).reset(BANK);
            lie.end();
        }
    }

    /** A fresh read is answered with what was there at the beginning. */
    static void staleRead(Scene scene) {
        scene.quiet();
        scene.loner.append(0);
        try (Lie lie = scene.lie(
                "lists", ALL, BANK, sql -> sql.startsWith("SELECT k, hist") ? sql.replace("k, hist", "k, ''") : sql)) {
            scene.loner.readFresh();
            lie.end();
        }
    }
}
