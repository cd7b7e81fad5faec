package dev.cutover.chaos.plant;

import static dev.cutover.chaos.plant.Scene.ALL;
import static dev.cutover.chaos.plant.Scene.BANK;
import static dev.cutover.chaos.plant.Scene.CONTROL;
import static dev.cutover.chaos.plant.Scene.NEW;
import static dev.cutover.chaos.plant.Scene.OLD;
import static dev.cutover.chaos.plant.Scene.TOOLKIT;

import dev.cutover.chaos.history.Side;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.wire.FaultProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** Bugs of who carries rows over: streams, mirrors, the copy. Stateless. */
final class StreamBugs {
    private static final Pattern ROW_WRITE = Pattern.compile(
            "(?s)(INSERT INTO|DELETE FROM) `?(bank_)?(coupon|probe|redemption|operation)(_[0-9]{3})?\\b.*");
    private static final Pattern SECOND_PROBE = Pattern.compile("\\(" + Loner.USER + ", ?1([,)])");

    private StreamBugs() {}

    private static UnaryOperator<String> dropsRows() {
        return sql -> ROW_WRITE.matcher(sql).matches() ? "DO 0" : sql;
    }

    // What a fence read of an applier or a mirror is told: go on, nothing has changed.
    private static String admitted(String sql, long epoch) {
        return sql.contains("FROM cutover_fence") && !sql.contains("session_track")
                ? sql.replace("epoch, role, map_version", epoch + ", 'replica', 1")
                : sql;
    }

    /** A worker stops with a batch in hand, another takes over, the truth moves, and the first one writes its batch all the same. */
    static void zombieApplier(Scene scene) throws SQLException {
        scene.quiet();
        long epoch = scene.epoch();
        scene.armWorkers("apply.fetched=stop\n");
        scene.untilAWorkerActs(() -> scene.loner.append(0));
        scene.await("a worker stops", () -> stopped(scene) >= 0);
        int number = stopped(scene);
        JavaProcess zombie = scene.crew.workerProcess(number);
        scene.crew.disarm("worker-" + (1 - number));
        String columns = "SELECT CONCAT('''', gtid_set, ''', ', epoch, ', ', owner)";
        String of = " FROM cutover_position WHERE stream = 'old'";
        try (Connection shard = scene.onShard()) {
            String remembered = Scene.value(shard, columns + of);
            scene.loner.append(0);
            scene.move(Side.NEW);
            String left = Scene.value(shard, columns + of);
            try (Lie lie = scene.lie(
                    "who owns the position",
                    NEW,
                    TOOLKIT,
                    sql -> sql.endsWith(of + " FOR UPDATE")
                            ? "SELECT " + remembered
                            : sql.startsWith("UPDATE cutover_position SET gtid_set")
                                    ? sql.substring(0, sql.indexOf(" AND epoch = "))
                                    : admitted(sql, epoch))) {
                zombie.resume();
                scene.await(
                        "the zombie commits",
                        () -> !Scene.value(shard, columns + of).equals(left));
                lie.end();
            }
        }
    }

    private static int stopped(Scene scene) {
        for (int number = 0; number < BankCrew.OF_EACH; number++) {
            if (scene.crew.workerProcess(number).stopped()) {
                return number;
            }
        }
        return -1;
    }

    /** A mirror that waited over the switch writes all the same. */
    static void zombieMirror(Scene scene) throws SQLException {
        scene.quiet();
        long epoch = scene.epoch();
        scene.untilTheBankActs("mirror.begun=pause:6000", () -> scene.loner.append(0));
        try (Lie lie = scene.lie(
                "what a mirror may",
                NEW,
                BANK,
                sql -> sql.contains("GTID_SUBTRACT") ? sql.replace(", gtid_set)", ", '')") : admitted(sql, epoch))) {
            scene.move(Side.NEW);
            scene.await("the mirror writes", () -> lie.told() >= 2);
            scene.await("the mirror commits", () -> marks(scene) > 0);
        }
    }

    private static long marks(Scene scene) throws SQLException {
        try (Connection shard = scene.onShard()) {
            return Long.parseLong(Scene.value(
                    shard,
                    "SELECT COUNT(*) FROM cutover_origin, cutover_fence f WHERE slot < 256 AND"
                            + " cutover_origin.updated_at > f.updated_at"));
        }
    }

    /** The position moves and the rows do not arrive. */
    static void positionBeforeRows(Scene scene) throws SQLException {
        scene.quiet();
        try (Lie mirrors = scene.withoutMirrors();
                Lie lie = scene.lie("rows", NEW, TOOLKIT, dropsRows())) {
            scene.loner.append(0);
            scene.awaitForwardStream();
            mirrors.end();
            lie.end();
        }
        scene.move(Side.NEW);
    }

    /** A mirror fails and is taken for done, by the stream as well. */
    static void dualWriteFailureIgnored(Scene scene) throws SQLException {
        scene.quiet();
        scene.move(Side.NEW);
        try (Lie lie = scene.lie("rows", OLD, FaultProxy.EVERYBODY, dropsRows())) {
            scene.loner.append(0);
            scene.awaitReverseStreams();
            lie.end();
        }
    }

    /** Of a transaction that writes three rows, the stream delivers two. */
    static void keepAliveSkip(Scene scene) throws SQLException {
        scene.quiet();
        try (Lie mirrors = scene.withoutMirrors();
                Lie lie = scene.lie(
                        "a key",
                        ALL,
                        TOOLKIT,
                        sql -> sql.contains("probe")
                                ? SECOND_PROBE.matcher(sql).replaceAll("(" + Loner.USER + ", 9$1")
                                : sql)) {
            scene.loner.append(0, 1);
            scene.awaitForwardStream();
            mirrors.end();
            lie.end();
        }
        scene.move(Side.NEW);
    }

    /** A chunk that was read before an append is written after it, for the window forgets what the stream has written meanwhile. */
    static void lateChunkOverwrites(Scene scene) throws SQLException {
        scene.quiet();
        try (Connection control = scene.servers.control()) {
            Scene.execute(control, "UPDATE cutover_chunk SET state = 'TODO' WHERE table_name = 'probe'");
            scene.armWorkers("copy.chunkRead=pause:4000\nplanted=window.notesNothing\n");
            scene.untilAWorkerActs(() -> scene.servers
                    .server(2)
                    .execute("UPDATE cutover_ctl.cutover_job SET state = 'REQUESTED' WHERE name = 'copy-dynamic'"));
            scene.loner.append(0);
            scene.awaitForwardStream();
            scene.await(
                    "the copy ends",
                    () -> Scene.value(control, "SELECT state FROM cutover_job WHERE name = 'copy-dynamic'")
                            .equals("DONE"));
        }
        scene.move(Side.NEW);
    }

    /** A chunk that was read before a redemption was deleted is written after the last check of a switch, as the copy writes its chunks. */
    static void deletedRowResurrected(Scene scene) throws SQLException {
        scene.quiet();
        long coupon = scene.loner.claim();
        String op = scene.loner.redeem(coupon, "planted");
        long epoch = scene.epoch();
        scene.loner.release(coupon, "planted");
        scene.awaitForwardStream();
        JavaProcess coordinator = scene.coordinatorAt(Failpoint.SWITCH_DECIDED);
        try (Connection shard = scene.onShard()) {
            shard.setAutoCommit(false);
            Fence.requireReplica(shard, new Epoch(epoch));
            Scene.execute(
                    shard,
                    "INSERT INTO " + scene.table("redemption")
                            + " (user_id, order_id, coupon_id, last_op, epoch) VALUES (" + Loner.USER + ", 'planted', "
                            + coupon + ", '" + op + "', " + epoch + ")");
            OwnMark.put(shard, "copy");
            shard.commit();
        }
        scene.finish(coordinator);
    }

    /** The worker takes OLD for the truth and carries back to NEW what NEW has just sent. */
    static void reverseLoop(Scene scene) throws SQLException {
        scene.quiet();
        scene.move(Side.NEW);
        long epoch = scene.epoch();
        try (Lie truth = scene.lie(
                        "the truth",
                        CONTROL,
                        TOOLKIT,
                        sql -> sql.contains("epoch, truth, phase, ") && sql.contains(" FROM cutover_register")
                                ? sql.replace(", truth, ", ", 'OLD' truth, ").replace(" WHERE id = 1", "")
                                : sql);
                Lie fence = scene.lie("fences", NEW, TOOLKIT, sql -> admitted(sql, epoch));
                Connection shard = scene.onShard()) {
            scene.loner.append(0);
            scene.await(
                    "the stream writes to the truth",
                    () -> Scene.value(shard, "SELECT epoch FROM cutover_position WHERE stream = 'old'")
                            .equals(Long.toString(epoch)));
            truth.end();
            fence.end();
        }
    }
}
