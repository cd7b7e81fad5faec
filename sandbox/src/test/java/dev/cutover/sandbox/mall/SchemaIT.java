package dev.cutover.sandbox.mall;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class SchemaIT {
    private final MySqlServer server = MySqlServer.shared();

    @Test
    void theLegacySchemaLoadsAndLeavesTheSessionAsItWas() throws SQLException {
        try (Connection connection = server.connect(server.createDatabase("mall"))) {
            String before = one(connection, "SELECT @@SESSION.sql_mode");
            MallSchema.createLegacy(connection);
            assertThat(tables(connection))
                    .containsExactly(
                            "mall_coupon",
                            "mall_coupon_code",
                            "mall_coupon_goods",
                            "mall_coupon_operation",
                            "mall_coupon_super_black",
                            "mall_coupon_user",
                            "mall_order_coupon");
            assertThat(one(connection, "SELECT @@SESSION.sql_mode")).isEqualTo(before);
            assertThat(one(
                            connection,
                            "SELECT table_collation FROM information_schema.tables"
                                    + " WHERE table_schema = DATABASE() AND table_name = 'mall_coupon_code'"))
                    .isIn("utf8_general_ci", "utf8mb3_general_ci");
        }
    }

    @Test
    void theShardedSchemaLoadsTwice() throws SQLException, IOException {
        try (Connection meta = server.connect(server.createDatabase("meta"));
                Connection shard = server.connect(server.createDatabase("shard"))) {
            NewSchema.createMeta(meta);
            NewSchema.createShard(shard, 2);
            TreeSet<String> metaTables = tables(meta);
            TreeSet<String> shardTables = tables(shard);
            NewSchema.createMeta(meta);
            NewSchema.createShard(shard, 2);
            assertThat(tables(meta))
                    .isEqualTo(metaTables)
                    .contains(
                            "budget_transfer",
                            "coupon_recall",
                            "coupon_template",
                            "id_sequence",
                            "stock_transfer",
                            "super_blacklist",
                            "template_product");
            assertThat(tables(shard))
                    .isEqualTo(shardTables)
                    .contains(
                            "budget_slice",
                            "coupon_ledger",
                            "coupon_operation_000",
                            "coupon_operation_001",
                            "coupon_recall_held",
                            "coupon_recall_leg",
                            "coupon_redemption_000",
                            "coupon_redemption_001",
                            "stock_slice",
                            "stock_transfer_leg",
                            "user_coupon_000",
                            "user_coupon_001")
                    .doesNotContain("user_coupon_002");
        }
    }

    private static TreeSet<String> tables(Connection connection) throws SQLException {
        TreeSet<String> names = new TreeSet<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SHOW TABLES")) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        return names;
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
