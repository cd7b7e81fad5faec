package dev.cutover.chaos.plant;

import static dev.cutover.chaos.plant.Scene.NEW;
import static dev.cutover.chaos.plant.Scene.OLD;
import static dev.cutover.chaos.plant.Scene.TOOLKIT;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.sandbox.JavaProcess;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;

/** Bugs of who moves the truth. Stateless. */
final class SwitchBugs {
    private SwitchBugs() {}

    /** The close of OLD is lost and reported as done; it comes when NEW has long been open. */
    static void openBeforeClose(Scene scene) throws SQLException {
        scene.quiet();
        long epoch = scene.epoch() + 1;
        try (Lie lie = scene.lie(
                "the close",
                OLD,
                TOOLKIT,
                sql -> !sql.contains("cutover_fence")
                        ? sql
                        : sql.replace("'closing', epoch = " + epoch, "'primary', epoch = epoch")
                                .replace("WHERE id = 1 AND epoch < ", "WHERE id = 9 AND epoch < ")
                                .replace("epoch, role, map_version", epoch + ", 'closing', 1"))) {
            scene.commands.run("switch", "--confirm=bank", "--reason=planted");
            scene.loner.append(0);
            lie.end();
        }
        try (Connection old = scene.onOld()) {
            Scene.execute(old, "UPDATE cutover_fence SET role = 'closing', epoch = " + epoch);
        }
        scene.commands.run("switch", "--resume");
    }

    /** The drain is content with a position that it did not find; an acknowledged write is still on its way. */
    static void drainToGtidExecuted(Scene scene) throws SQLException {
        scene.quiet();
        carriedOverTooEarly(scene, scene.coordinatorAt(Failpoint.SWITCH_PREPARED));
    }

    /** The marker is written, and has arrived, before the close; between the two there is an acknowledged write. */
    static void positionBeforeClose(Scene scene) throws SQLException {
        scene.quiet();
        JavaProcess coordinator = scene.coordinatorAt(Failpoint.SWITCH_CLAIMED);
        try (Connection old = scene.onOld()) {
            Scene.execute(
                    old,
                    "REPLACE INTO cutover_marker (stream, epoch, nonce) VALUES ('old', " + scene.epoch() + ", '"
                            + UUID.randomUUID() + "')");
        }
        scene.awaitForwardStream();
        carriedOverTooEarly(scene, coordinator);
    }

    private static void carriedOverTooEarly(Scene scene, JavaProcess coordinator) throws SQLException {
        String uuid;
        try (Connection old = scene.onOld()) {
            uuid = Scene.value(old, "SELECT @@server_uuid");
        }
        try (Lie mirrors = scene.withoutMirrors();
                Lie drain = scene.lie(
                        "the drain",
                        NEW,
                        TOOLKIT,
                        sql -> sql.endsWith("FROM cutover_position WHERE stream = 'old'")
                                ? "SELECT '" + uuid + ":1-999999', 1, 1"
                                : sql)) {
            scene.armWorkers("apply.dirty=pause:8000\n");
            scene.untilAWorkerActs(() -> scene.loner.append(0));
            scene.finish(coordinator);
            mirrors.end();
            drain.end();
        }
    }

    /** A coordinator dies with everything closed, and there is no watchdog. */
    static void nobodyReopens(Scene scene) {
        scene.quiet();
        JavaProcess coordinator = scene.coordinatorAt(Failpoint.SWITCH_CLOSED);
        scene.abandon();
        coordinator.kill();
    }
}
