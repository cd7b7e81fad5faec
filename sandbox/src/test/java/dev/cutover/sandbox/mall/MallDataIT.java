package dev.cutover.sandbox.mall;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.sandbox.MySqlServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MallDataIT {
    private static final Instant NOW = Instant.parse("2026-11-22T03:04:05Z");
    private static final MallData.Options OPTIONS =
            MallData.Options.of(7, NOW).withUserCoupons(30_000).withUsers(8_000);

    // The conditions of the plan, word for word: they say the same as the generator without having heard of it.
    private static final String UNMAPPED = "ALIAS.type NOT IN (0, 1, 2, 3)"
            + " OR (ALIAS.type = 1 AND (ALIAS.amount < 1 OR ALIAS.amount >= 10))"
            + " OR (ALIAS.time_type = 1 AND (ALIAS.start_time = 0 OR ALIAS.end_time = 0))"
            + " OR (ALIAS.use_type IN (2, 3) AND NOT JSON_VALID(ALIAS.goods_value)"
            + " AND ALIAS.goods_value NOT REGEXP '^[0-9]+(,[0-9]+)*$')";
    private static final String TEMPLATES = "SELECT CASE WHEN s.type NOT IN (0, 1, 2, 3) THEN 'unknown_type'"
            + " WHEN s.type = 1 AND (s.amount < 1 OR s.amount >= 10) THEN 'discount_out_of_range'"
            + " WHEN s.time_type = 1 AND (s.start_time = 0 OR s.end_time = 0) THEN 'zero_date'"
            + " WHEN s.use_type IN (2, 3) AND NOT JSON_VALID(s.goods_value)"
            + " AND s.goods_value NOT REGEXP '^[0-9]+(,[0-9]+)*$' THEN 'goods_list_truncated' END reason, s.id"
            + " FROM mall_coupon s";
    private static final String COUPONS = "SELECT CASE WHEN t.id IS NULL THEN 'missing_template' WHEN "
            + UNMAPPED.replace("ALIAS", "t")
            + " THEN 'unmapped_template'"
            + " WHEN s.status NOT IN (0, 1, 2, 3) THEN 'unknown_status'"
            + " WHEN s.end_time = 0 OR s.start_time = 0 OR s.used_time = 0 THEN 'zero_date' END reason, s.id"
            + " FROM mall_coupon_user s LEFT JOIN mall_coupon t ON t.id = s.coupon_id";
    private static final String REDEMPTIONS =
            "SELECT IF(s.user_id IS NULL, 'null_shard_key', NULL) reason, s.id FROM mall_order_coupon s";

    private final MySqlServer server = MySqlServer.shared();
    private final String database = server.createDatabase("mall");
    private final Connection connection;
    private final Manifest manifest;

    MallDataIT() throws SQLException {
        connection = server.connect(database);
        MallSchema.createLegacy(connection);
        manifest = MallData.generate(connection, OPTIONS);
        try (Statement session = connection.createStatement()) {
            session.execute("SET SESSION sql_mode = '', time_zone = '+00:00'");
        }
    }

    @AfterAll
    void close() throws SQLException {
        connection.close();
    }

    @Test
    void whatThePlanMustRefuseIsWhatTheManifestNames() throws SQLException {
        assertThat(manifest.exceptions()).containsOnlyKeys("coupon_template", "user_coupon", "coupon_redemption");
        assertThat(refused(TEMPLATES)).isEqualTo(manifest.exceptions().get("coupon_template"));
        assertThat(refused(COUPONS)).isEqualTo(manifest.exceptions().get("user_coupon"));
        assertThat(refused(REDEMPTIONS)).isEqualTo(manifest.exceptions().get("coupon_redemption"));
        assertThat(manifest.exceptions().get("coupon_template")).hasSize(4);
        assertThat(manifest.exceptions().get("user_coupon")).hasSize(4);
        assertThat(manifest.exceptionsOf("user_coupon")).isGreaterThan(20);
        assertThat(manifest.exceptionsOf("coupon_redemption")).isGreaterThanOrEqualTo(5);
    }

    @Test
    void countersDriftWhereTheManifestSaysSoAndNowhereElse() throws SQLException {
        SortedMap<Integer, Long> drift = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT s.id, s.publish_count"
                        + " - (SELECT COUNT(*) FROM mall_coupon_user u WHERE u.coupon_id = s.id) - s.num drift"
                        + " FROM mall_coupon s WHERE s.num <> -1 HAVING drift <> 0")) {
            while (rows.next()) {
                drift.put(rows.getInt(1), rows.getLong(2));
            }
        }
        assertThat(drift).isEqualTo(manifest.drift()).hasSizeGreaterThan(10).containsKey(manifest.oversold());
        assertThat(drift.values()).anyMatch(off -> off > 0).anyMatch(off -> off < 0);
        assertThat(number("SELECT num FROM mall_coupon WHERE id = "
                        + manifest.hot().template()))
                .isEqualTo(manifest.hot().stock());
    }

    @Test
    void theOtherDefectsAreThereAsOftenAsTheManifestSays() throws SQLException {
        SortedMap<String, Long> planted = manifest.defects();
        assertThat(number("SELECT SUM(c.n - t.per_limit) FROM mall_coupon t JOIN"
                        + " (SELECT coupon_id, user_id, COUNT(*) n FROM mall_coupon_user GROUP BY 1, 2) c"
                        + " ON c.coupon_id = t.id WHERE t.per_limit > 0 AND c.n > t.per_limit"))
                .isEqualTo(planted.get("claimed_once_too_often"));
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_user WHERE coupon_id = " + manifest.oversold()))
                .isEqualTo(planted.get("oversold"));
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_user WHERE status = 1 AND order_sn IS NULL"))
                .isEqualTo(planted.get("used_without_order"));
        assertThat(number("SELECT SUM(n - 1) FROM (SELECT COUNT(*) n FROM mall_coupon_user"
                        + " WHERE order_sn IS NOT NULL GROUP BY order_sn HAVING n > 1) d"))
                .isEqualTo(planted.get("two_coupons_one_order"));
        assertThat(number("SELECT COUNT(*) FROM (SELECT COUNT(*) n FROM mall_order_coupon"
                        + " GROUP BY coupon_user_id HAVING n = 5) d"))
                .isEqualTo(planted.get("one_coupon_five_orders"));
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_user WHERE status = 0 AND end_time <> 0"
                        + " AND end_time < '2026-11-22 11:04:05'"))
                .isEqualTo(planted.get("unused_after_its_end"));
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_user WHERE deleted = 2"))
                .isEqualTo(planted.get("deleted_two"));
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_code WHERE code LIKE '% '"))
                .isEqualTo(planted.get("code_with_space"));
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_code WHERE BINARY code <> UPPER(code)"))
                .isEqualTo(planted.get("code_in_lower_case"));
    }

    @Test
    void namesCarryTheScarsOfTheirCharsets() throws SQLException {
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_user WHERE HEX(member_nickname) LIKE '%F09F%'"))
                .isPositive();
        assertThat(number("SELECT COUNT(*) FROM mall_coupon_user WHERE member_nickname LIKE '%????'"))
                .isPositive();
        assertThat(number("SELECT COUNT(*) FROM mall_coupon WHERE HEX(coupon_name) LIKE '%C3A6C2%'"))
                .isPositive();
        assertThat(number("SELECT COUNT(*) FROM mall_coupon WHERE LENGTH(goods_value) = 1023 AND use_type = 0"))
                .isPositive();
    }

    @Test
    void templatesForTheLoadCanBeClaimedForAYear() throws SQLException {
        assertThat(manifest.claimable()).hasSizeGreaterThanOrEqualTo(4);
        for (int template : manifest.claimable()) {
            assertThat(
                            number(
                                    "SELECT COUNT(*) FROM mall_coupon WHERE id = " + template
                                            + " AND status = 0 AND deleted = 0 AND per_limit = 0 AND (num = -1 OR num > 1000000)"
                                            + " AND (time_type = 0 AND days >= 30 OR start_time < '2026-11-22' AND end_time > '2027-11-01')"))
                    .isEqualTo(1);
        }
    }

    @Test
    void spendersHoldUsableCouponsAndNothingThatIsKeptOut() throws SQLException {
        assertThat(manifest.spenders()).hasSizeGreaterThan(100).doesNotHaveDuplicates();
        String spenders = String.join(
                ",", manifest.spenders().stream().map(String::valueOf).toList());
        String claimable = String.join(
                ",", manifest.claimable().stream().map(String::valueOf).toList());
        assertThat(number("SELECT COUNT(DISTINCT user_id) FROM mall_coupon_user WHERE status = 0 AND deleted = 0"
                        + " AND end_time > '2026-11-23' AND coupon_id IN ("
                        + claimable + ") AND user_id IN (" + spenders + ")"))
                .isEqualTo(manifest.spenders().size());
        assertThat(number("SELECT COUNT(*) FROM (" + COUPONS + " WHERE s.user_id IN (" + spenders
                        + ")) c WHERE reason IS NOT NULL"))
                .isZero();
        assertThat(number("SELECT MAX(user_id) FROM mall_coupon_user")).isLessThanOrEqualTo(manifest.highestUser());
    }

    @Test
    void rowsAreCountedRight() throws SQLException {
        for (var table : manifest.rows().entrySet()) {
            assertThat(number("SELECT COUNT(*) FROM " + table.getKey()))
                    .as(table.getKey())
                    .isEqualTo(table.getValue());
        }
        assertThat(manifest.rows()).hasSize(7).containsEntry("mall_coupon_user", 30_000L);
    }

    @Test
    void theSameSeedGivesTheSameRows() throws SQLException {
        List<List<String>> sums = new ArrayList<>();
        for (long seed : new long[] {3, 3, 4}) {
            String scratch = server.createDatabase("mall");
            try (Connection other = server.connect(scratch)) {
                MallSchema.createLegacy(other);
                MallData.generate(other, new MallData.Options(seed, 60, 500, 3_000, 300, 100, NOW));
                List<String> sum = new ArrayList<>();
                try (Statement statement = other.createStatement();
                        ResultSet rows = statement.executeQuery("CHECKSUM TABLE mall_coupon, mall_coupon_user,"
                                + " mall_order_coupon, mall_coupon_goods, mall_coupon_super_black, mall_coupon_code")) {
                    while (rows.next()) {
                        sum.add(rows.getString(2));
                    }
                }
                sums.add(sum);
            }
            server.dropDatabase(scratch);
        }
        assertThat(sums.get(1)).isEqualTo(sums.get(0));
        assertThat(sums.get(2)).isNotEqualTo(sums.get(0));
    }

    @Test
    void theManifestSurvivesItsFile(@TempDir Path folder) {
        Path file = folder.resolve("manifest.json");
        manifest.write(file);
        assertThat(Manifest.read(file)).isEqualTo(manifest);
    }

    private SortedMap<String, List<Long>> refused(String sql) throws SQLException {
        SortedMap<String, List<Long>> refused = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql + " HAVING reason IS NOT NULL ORDER BY s.id")) {
            while (rows.next()) {
                refused.computeIfAbsent(rows.getString(1), reason -> new ArrayList<>())
                        .add(rows.getLong(2));
            }
        }
        return refused;
    }

    private long number(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
