package dev.cutover.sandbox.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.load.Lost.Kind;
import dev.cutover.sandbox.load.LyingCouponService.Coupon;
import dev.cutover.sandbox.load.LyingCouponService.Redemption;
import dev.cutover.sandbox.load.TruthTables.ConnectionSource;
import dev.cutover.sandbox.mall.MallSchema;
import dev.cutover.sandbox.mall.NewSchema;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What an honest service acknowledged is written to both schemas by hand; then rows are damaged, and each damage must be found. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TruthTablesIT {
    private static final int DATABASES = 2;
    private static final int TABLES = 4;

    private final MySqlServer server = MySqlServer.shared();
    private final String mall = server.createDatabase("mall");
    private final List<String> shards = List.of(server.createDatabase("shard"), server.createDatabase("shard"));
    private final LyingCouponService service;
    private final CouponLoad load;

    TruthTablesIT() throws IOException {
        service = new LyingCouponService(DATABASES * TABLES, 0, 0);
        load = CouponLoadTest.load(service);
    }

    @BeforeAll
    void acknowledgeAndStore() throws SQLException, IOException, InterruptedException {
        for (int n = 0; n < 20; n++) {
            service.give(3, 1);
        }
        assertThat(CouponLoadTest.run(load, 800).failures()).isEmpty();
        try (Connection connection = server.connect(mall)) {
            MallSchema.createLegacy(connection);
            connection.setAutoCommit(false);
            storeLegacy(connection);
            connection.commit();
        }
        for (int database = 0; database < DATABASES; database++) {
            try (Connection connection = server.connect(shards.get(database))) {
                NewSchema.createShard(connection, TABLES);
                connection.setAutoCommit(false);
                storeSharded(connection, database);
                connection.commit();
            }
        }
    }

    @AfterAll
    void close() {
        load.close();
        service.close();
    }

    @Test
    void whatWasStoredIsFoundOnBothSides() throws InterruptedException {
        assertThat(load.lostAcknowledgedWrites(legacy())).isEmpty();
        assertThat(load.lostAcknowledgedWrites(sharded())).isEmpty();
    }

    @Test
    void findsALegacyCouponThatIsGone() throws SQLException, InterruptedException {
        Coupon coupon = coupon("AVAILABLE");
        assertThat(damaged(legacy(), mall, "DELETE FROM mall_coupon_user WHERE id = " + (coupon.id >> 10)))
                .extracting(Lost::kind, Lost::id)
                .containsExactly(tuple(Kind.MISSING, "cpn_" + coupon.id));
    }

    @Test
    void findsALegacyRedemptionThatIsUndone() throws SQLException, InterruptedException {
        Coupon coupon = coupon("USED");
        assertThat(damaged(legacy(), mall, "UPDATE mall_coupon_user SET status = 0 WHERE id = " + (coupon.id >> 10)))
                .extracting(Lost::kind)
                .containsExactly(Kind.WRONG_STATUS);
        assertThat(damaged(
                        legacy(),
                        mall,
                        "DELETE FROM mall_order_coupon WHERE refund_no IS NULL AND coupon_user_id = "
                                + (coupon.id >> 10)))
                .extracting(Lost::kind)
                .containsExactly(Kind.MISSING);
    }

    @Test
    void findsARedemptionThatWasDoneTwice() throws SQLException, InterruptedException {
        Redemption redemption = redemption(false);
        assertThat(damaged(
                        legacy(),
                        mall,
                        "INSERT INTO mall_order_coupon (user_id, order_sn, coupon_user_id, refund_status)"
                                + " SELECT user_id, order_sn, coupon_user_id, refund_status FROM mall_order_coupon"
                                + " WHERE id = " + (redemption.id >> 10)))
                .extracting(Lost::kind)
                .containsExactly(Kind.UNASKED);
    }

    @Test
    void findsALostRefundOnTheShards() throws SQLException, InterruptedException {
        Redemption redemption = redemption(true);
        assertThat(damaged(
                        sharded(),
                        database(redemption.coupon),
                        "UPDATE coupon_redemption_" + table(redemption.coupon)
                                + " SET refund_status = 0, refund_no = NULL WHERE redemption_id = " + redemption.id))
                .extracting(Lost::kind, Lost::operation)
                .containsExactly(tuple(Kind.WRONG_STATUS, Operation.REFUND));
    }

    @Test
    void findsACouponInTheWrongTable() throws SQLException, InterruptedException {
        Coupon coupon = coupon("AVAILABLE");
        String right = "user_coupon_" + table(coupon);
        String wrong = "user_coupon_" + suffix((Routes.slot(coupon.user, DATABASES * TABLES) + 1) % TABLES);
        String copy = "INSERT INTO " + wrong + " SELECT * FROM " + right + " WHERE coupon_id = " + coupon.id;
        assertThat(damaged(sharded(), database(coupon), copy))
                .extracting(Lost::kind)
                .containsExactlyInAnyOrder(Kind.TWICE, Kind.MISPLACED);
        assertThat(damaged(
                        sharded(), database(coupon), copy, "DELETE FROM " + right + " WHERE coupon_id = " + coupon.id))
                .extracting(Lost::kind)
                .containsExactly(Kind.MISPLACED);
    }

    @Test
    void findsACouponNobodyAskedFor() throws SQLException, InterruptedException {
        Coupon coupon = coupon("AVAILABLE");
        String table = "user_coupon_" + table(coupon);
        assertThat(damaged(
                        sharded(),
                        database(coupon),
                        "CREATE TEMPORARY TABLE twin SELECT * FROM " + table + " WHERE coupon_id = " + coupon.id,
                        "UPDATE twin SET coupon_id = coupon_id + (1 << 40), claim_seq = 99, request_no = 'twin'",
                        "INSERT INTO " + table + " SELECT * FROM twin"))
                .extracting(Lost::kind)
                .containsExactly(Kind.UNASKED);
    }

    /** What is lost when the statements have been run; they are rolled back. */
    private List<Lost> damaged(TruthTables tables, String database, String... statements)
            throws SQLException, InterruptedException {
        List<Lost> lost = new ArrayList<>();
        try (Connection connection = server.connect(database)) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                for (String sql : statements) {
                    statement.execute(sql);
                }
            }
            lost.addAll(load.lostAcknowledgedWrites(tables));
            connection.rollback();
        }
        return lost;
    }

    private TruthTables legacy() {
        return TruthTables.legacy(dirty(mall), DATABASES * TABLES);
    }

    private TruthTables sharded() {
        return TruthTables.sharded(shards.stream().map(this::dirty).toList(), TABLES);
    }

    /** Sees what the test has changed and will roll back. */
    private ConnectionSource dirty(String database) {
        return () -> {
            Connection connection = server.connect(database);
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_UNCOMMITTED);
            return connection;
        };
    }

    private Coupon coupon(String status) {
        return service.coupons.values().stream()
                .filter(coupon -> coupon.user >= 1_000 && coupon.status.equals(status))
                .findFirst()
                .orElseThrow();
    }

    private Redemption redemption(boolean refunded) {
        return service.redemptions.values().stream()
                .filter(redemption -> redemption.coupon.user >= 1_000 && (redemption.refundNo != null) == refunded)
                .findFirst()
                .orElseThrow();
    }

    private String database(Coupon coupon) {
        return shards.get(Routes.slot(coupon.user, DATABASES * TABLES) / TABLES);
    }

    private static String table(Coupon coupon) {
        return suffix(Routes.slot(coupon.user, DATABASES * TABLES) % TABLES);
    }

    private static String suffix(int table) {
        return String.format(Locale.ROOT, "%03d", table);
    }

    private void storeLegacy(Connection connection) throws SQLException {
        for (Coupon coupon : service.coupons.values()) {
            execute(
                    connection,
                    "INSERT INTO mall_coupon_user (id, user_id, coupon_id, status, end_time)"
                            + " VALUES (?, ?, ?, ?, '2099-12-31 23:59:59')",
                    coupon.id >> 10,
                    coupon.user,
                    coupon.template,
                    coupon.status.equals("USED") ? 1 : 0);
        }
        for (Redemption redemption : service.redemptions.values()) {
            execute(
                    connection,
                    "INSERT INTO mall_order_coupon (id, user_id, order_sn, coupon_user_id, refund_status, refund_no)"
                            + " VALUES (?, ?, ?, ?, ?, ?)",
                    redemption.id >> 10,
                    redemption.coupon.user,
                    redemption.orderNo,
                    redemption.coupon.id >> 10,
                    redemption.refundNo == null ? 0 : 1,
                    redemption.refundNo);
        }
    }

    private void storeSharded(Connection connection, int database) throws SQLException {
        for (Coupon coupon : service.coupons.values()) {
            if (database(coupon).equals(shards.get(database))) {
                execute(
                        connection,
                        "INSERT INTO user_coupon_" + table(coupon) + " (coupon_id, user_id, template_id, status,"
                                + " valid_to, kind, discount_type, threshold_minor, claim_seq, request_no, item_no)"
                                + " VALUES (?, ?, ?, ?, 1, 1, 1, 0, ?, ?, 0)",
                        coupon.id,
                        coupon.user,
                        coupon.template,
                        coupon.status.equals("USED") ? 3 : 1,
                        coupon.id,
                        "r" + coupon.id);
            }
        }
        for (Redemption redemption : service.redemptions.values()) {
            if (database(redemption.coupon).equals(shards.get(database))) {
                execute(
                        connection,
                        "INSERT INTO coupon_redemption_" + table(redemption.coupon) + " (redemption_id, user_id,"
                                + " order_no, coupon_id, refund_status, refund_no) VALUES (?, ?, ?, ?, ?, ?)",
                        redemption.id,
                        redemption.coupon.user,
                        redemption.orderNo,
                        redemption.coupon.id,
                        redemption.refundNo == null ? 0 : 1,
                        redemption.refundNo);
            }
        }
    }

    private static void execute(Connection connection, String sql, @Nullable Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            statement.executeUpdate();
        }
    }
}
