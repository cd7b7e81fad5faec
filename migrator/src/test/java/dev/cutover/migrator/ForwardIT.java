package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

final class ForwardIT {
    @Test
    void copyAndStreamUnderRandomWritesEndInExactlyTheProjectedSource() throws SQLException, InterruptedException {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 4, 20_000)) {
            stand.worker(Failpoints.NONE);
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong writes = new AtomicLong();
            List<Thread> writers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Thread writer = new Thread(new RandomWrites(stand, i, stop, writes));
                writers.add(writer);
                writer.start();
            }
            long begun = System.nanoTime();
            stand.copyAll();
            System.out.println("copy of 20k coupons beside writers: " + (System.nanoTime() - begun) / 1_000_000
                    + " ms, " + writes.get() + " writes");
            stop.set(true);
            for (Thread writer : writers) {
                writer.join();
            }
            System.out.println("drain: " + stand.drain());
            assertThat(stand.actual()).isEqualTo(stand.projected());
            assertThat(writes.get()).isPositive();
        }
    }

    @Test
    void aCopyThatRestsGoesOnWhenItsNiceRatioIsTakenBack() throws SQLException {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 4, 45_000)) {
            stand.control.setSetting("copy.nice_ratio", "1000");
            stand.worker(Failpoints.NONE);
            stand.control.requestJob("copy-dynamic", "test", null);
            Awaitility.await()
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> stand.control.chunks("user_coupon").stream()
                            .anyMatch(chunk -> chunk.state() == Chunk.State.DONE));
            // A thousand times as long as a reader had worked would be the better part of an hour.
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .during(Duration.ofSeconds(3))
                    .until(() -> stand.control
                            .job("copy-dynamic")
                            .orElseThrow()
                            .state()
                            .name()
                            .equals("RUNNING"));

            stand.control.setSetting("copy.nice_ratio", "0");
            stand.copyAll();
            assertThat(stand.actual()).isEqualTo(stand.projected());
        }
    }

    @Test
    void aMarkerComesRoundInTensOfMilliseconds() {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 4, 4, 0)) {
            stand.worker(Failpoints.NONE);
            stand.drain();
            List<Duration> rounds = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                rounds.add(stand.drain());
            }
            Collections.sort(rounds);
            System.out.println("marker round trip p50 " + rounds.get(50) + " p95 " + rounds.get(95));
            assertThat(rounds.get(50)).isLessThan(Duration.ofMillis(100));
        }
    }

    @Test
    void aRowThatStandsAsItShallIsNotWrittenAgain() throws SQLException {
        try (Stand stand = Stand.coupons(MySqlServer.shared(), 2, 2, 0);
                Connection old = stand.connect(DatabaseId.OLD);
                Statement statement = old.createStatement()) {
            stand.worker(Failpoints.NONE);
            old.setAutoCommit(false);
            statement.execute("INSERT INTO mall_coupon_operation (user_id, op_id, fingerprint, result, add_time)"
                    + " VALUES (7, 'one', REPEAT('a', 64), '{}', NOW())");
            old.commit();
            stand.drain();
            long written = rowsWritten(stand);
            // Changed and changed back: the binlog names the key, and the row is what it was.
            statement.execute("UPDATE mall_coupon_operation SET result = '[]' WHERE user_id = 7");
            statement.execute("UPDATE mall_coupon_operation SET result = '{}' WHERE user_id = 7");
            old.commit();
            stand.drain();
            assertThat(rowsWritten(stand)).isEqualTo(written);
            statement.execute("UPDATE mall_coupon_operation SET result = '[1]' WHERE user_id = 7");
            old.commit();
            stand.drain();
            assertThat(rowsWritten(stand)).isGreaterThan(written);
            assertThat(stand.actual()).isEqualTo(stand.projected());
        }
    }

    private static long rowsWritten(Stand stand) {
        long written = 0;
        for (DatabaseId shard : stand.plan.shardDatabases()) {
            written += Long.parseLong(stand.one(
                    shard,
                    "SELECT SUM(count_insert + count_update + count_delete) FROM"
                            + " performance_schema.table_io_waits_summary_by_table"
                            + " WHERE object_schema = DATABASE() AND object_name LIKE 'coupon\\_operation\\_%'"));
        }
        return written;
    }

    /** Inserts, changes, moves and deletes rows of all dynamic tables, several a transaction. */
    record RandomWrites(Stand stand, int number, AtomicBoolean stop, AtomicLong writes) implements Runnable {
        @Override
        public void run() {
            Random random = new Random(number);
            try (Connection old = stand.server.connect(stand.plan.old().schema());
                    Statement setting = old.createStatement()) {
                setting.execute("SET sql_mode = ''");
                old.setAutoCommit(false);
                while (!stop.get()) {
                    for (int i = random.nextInt(4); i >= 0; i--) {
                        one(old, random);
                    }
                    old.commit();
                    writes.incrementAndGet();
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (SQLException e) {
                throw new AssertionError("The writer failed", e);
            }
        }

        private void one(Connection old, Random random) throws SQLException {
            // Each writer has rows of its own, so that they do not deadlock.
            int id = 1 + 3 * random.nextInt(6_000) + number;
            String sql = switch (random.nextInt(6)) {
                case 0 -> "UPDATE mall_coupon_user SET status = (status + 1) % 4 WHERE id = " + id;
                case 1 -> "UPDATE mall_coupon_user SET user_id = " + (1 + random.nextInt(4000)) + " WHERE id = " + id;
                case 2 -> "DELETE FROM mall_coupon_user WHERE id = " + id;
                case 3 ->
                    "INSERT INTO mall_coupon_user (user_id, coupon_id, coupon_sn, start_time, end_time, add_time) SELECT "
                            + (1 + random.nextInt(4000))
                            + ", id, 'x', '2026-01-01', '2027-01-01', NOW() FROM mall_coupon WHERE id = "
                            + (1 + random.nextInt(50));
                case 4 ->
                    "INSERT IGNORE INTO mall_coupon_operation (user_id, op_id, fingerprint, result, add_time) VALUES ("
                            + random.nextInt(4000) + ", 'op-" + number + "-" + random.nextInt(9000)
                            + "', REPEAT('a', 64), '{}', NOW())";
                default ->
                    "INSERT INTO mall_order_coupon (user_id, order_sn, coupon_user_id, coupon_amount, add_time) VALUES ("
                            + (random.nextInt(20) == 0 ? "NULL" : "" + random.nextInt(4000)) + ", 'o', " + id
                            + ", 12.34, NOW())";
            };
            try (PreparedStatement statement = old.prepareStatement(sql)) {
                statement.executeUpdate();
            }
        }
    }
}
