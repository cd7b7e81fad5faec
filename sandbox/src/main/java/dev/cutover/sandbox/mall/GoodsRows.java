package dev.cutover.sandbox.mall;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.SplittableRandom;

/** The lists of goods: white, black and forbidden for all coupons. */
final class GoodsRows {
    private final Templates templates;
    private final SplittableRandom random;

    GoodsRows(Templates templates, SplittableRandom random) {
        this.templates = templates;
        this.random = random;
    }

    void write(Connection connection, Map<String, Long> rows) throws SQLException {
        try (MultiRowInsert insert =
                new MultiRowInsert(connection, "mall_coupon_goods", "id", "coupon_id", "goods_sn", "list_type")) {
            int id = 0;
            for (Template template : templates.all()) {
                if (template.useType < 2) {
                    continue;
                }
                for (int n = random.nextInt(3, 15); n > 0; n--) {
                    id += random.nextInt(1, 3);
                    insert.row(id, template.id, serial(random.nextInt(5_000)), template.useType == 2 ? 1 : 2);
                }
            }
            // nobody knows whose these are
            insert.row(++id, null, serial(1), 2);
            insert.row(++id, templates.missing(1), null, null);
            rows.put("mall_coupon_goods", insert.written());
        }
        try (MultiRowInsert insert =
                new MultiRowInsert(connection, "mall_coupon_super_black", "goods_sn", "op", "add_time")) {
            for (int n = 0; n < 40; n++) {
                String serial = serial(5_000 + n) + (n % 4 == 0 ? "é" : "");
                insert.row(
                        serial,
                        n % 7 == 0 ? null : "运营" + n % 3,
                        n % 9 == 0 ? null : MallTime.text(templates.hot().added + n));
            }
            rows.put("mall_coupon_super_black", insert.written());
        }
    }

    private static String serial(int goods) {
        return (goods % 3 == 0 ? "sn-" : "SN-") + goods + (goods % 10 == 0 ? "-é" : "");
    }
}
