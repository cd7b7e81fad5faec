package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

final class ReverseIT {
    private static final Epoch SECOND = new Epoch(2);

    @Test
    void afterTheSwitchWhatChangesOnNewReachesOldAndNothingElseDoes() throws SQLException {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 2, 1_000)) {
            MigrationWorker worker = stand.worker(Failpoints.NONE);
            stand.copyAll();
            stand.drain();
            switchToNew(stand);

            // Every coupon of one physical table is used, one is deleted.
            String shard0 = "user_coupon_000";
            String count = stand.one(
                    DatabaseId.shard(0), "SELECT COUNT(*) FROM " + shard0 + " WHERE status = 1 AND used_at IS NULL");
            String victim = stand.one(DatabaseId.shard(1), "SELECT MIN(coupon_id) FROM user_coupon_001");
            String left = stand.one(DatabaseId.OLD, "SELECT COUNT(*) - 1 FROM mall_coupon_user");
            stand.sql(
                    DatabaseId.shard(0),
                    "UPDATE " + shard0
                            + " SET status = 3, used_at = 1767225600000, order_no = 'reverse' WHERE status = 1 AND used_at IS NULL");
            stand.sql(
                    DatabaseId.shard(1),
                    "DELETE FROM user_coupon_001 WHERE coupon_id = " + victim,
                    "INSERT INTO coupon_operation_000 VALUES (77, 'reverse', REPEAT('a', 64), '{}', 1767225600000)");
            drainReverse(stand);

            assertThat(stand.one(
                            DatabaseId.OLD,
                            "SELECT COUNT(*) FROM mall_coupon_user WHERE order_sn = 'reverse' AND status = 1"
                                    + " AND used_time = '2026-01-01 08:00:00'"))
                    .isEqualTo(count);
            assertThat(Integer.parseInt(count)).isPositive();
            assertThat(stand.one(DatabaseId.OLD, "SELECT COUNT(*) FROM mall_coupon_user"))
                    .isEqualTo(left);
            assertThat(stand.one(
                            DatabaseId.OLD,
                            "SELECT add_time FROM mall_coupon_operation WHERE user_id = 77 AND op_id = 'reverse'"))
                    .startsWith("2026-01-01 08:00:00");
            assertThat(worker.statusJson()).contains("\"name\":\"new-0\"").doesNotContain("\"name\":\"old\"");
        }
    }

    private static void switchToNew(Stand stand) throws SQLException {
        stand.sql(DatabaseId.OLD, "UPDATE cutover_fence SET role = 'replica', epoch = 2");
        for (DatabaseId database : stand.plan.newDatabases()) {
            try (Connection connection = stand.connect(database)) {
                assertThat(Fence.recordStart(connection, SECOND)).isTrue();
                assertThat(Fence.open(connection, SECOND, "test")).isOne();
            }
        }
        stand.move(stand.control.read(), Stage.SWITCHED, Side.NEW, SECOND, Register.Phase.STABLE);
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
            try (Connection old = stand.connect(DatabaseId.OLD)) {
                return Positions.read(old, "new-0").isPresent();
            }
        });
    }

    private static void drainReverse(Stand stand) throws SQLException {
        for (DatabaseId shard : stand.plan.shardDatabases()) {
            try (Connection from = stand.connect(shard);
                    Connection old = stand.connect(DatabaseId.OLD)) {
                String gtid = Fence.writeMarker(
                        from, "new-0", SECOND, UUID.randomUUID().toString());
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> Positions.read(old, "new-0")
                                .filter(position -> position.set().containsGtid(gtid))
                                .isPresent());
            }
        }
    }
}
