package dev.cutover.coupon.invariant;

import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.sql.Snapshot;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the stocks and budgets of templates come to over all databases, against what they were given: of a template that was made on NEW,
 * for of the mall's the rows never said how many there were.
 *
 * <p>Idea: a claim, a use and a leg of a transfer move pieces or money within one database, so what each has in all does not change with
 * them, and databases may be read one after the other, each in one snapshot. Only what goes over databases in several transactions (an
 * adjustment, legs that are tidied up) shows for a moment as a difference, and not as the same one later.
 */
final class Totals {
    private static final String OF_NEW = "template_id > 2147483647";

    private static final List<String> STOCK = List.of(
            "SELECT template_id, SUM(remaining) FROM stock_slice WHERE " + OF_NEW + " GROUP BY template_id",
            "SELECT template_id, SUM(pieces) FROM stock_lot WHERE " + OF_NEW + " GROUP BY template_id",
            "SELECT template_id, -COUNT(*) FROM stock_piece JOIN stock_lot USING (lot_id) WHERE " + OF_NEW
                    + " GROUP BY template_id",
            "SELECT template_id, SUM(IF(leg = 1, quantity, -quantity)) FROM stock_transfer_leg WHERE " + OF_NEW
                    + " GROUP BY template_id");
    private static final List<String> STOCK_OF_TABLES = RowInvariant.andOfTheArchive(
            List.of("SELECT template_id, COUNT(*) FROM {user_coupon} WHERE " + OF_NEW + " GROUP BY template_id"));
    private static final String STOCK_GIVEN =
            "SELECT template_id, total_quantity FROM coupon_template WHERE total_quantity IS NOT NULL AND status IN (1, 2, 3)"
                    + " AND " + OF_NEW;

    private static final List<String> BUDGET = List.of(
            "SELECT template_id, SUM(remaining) FROM budget_slice WHERE " + OF_NEW + " GROUP BY template_id",
            "SELECT template_id, SUM(IF(leg = 1, quantity, -quantity)) FROM budget_transfer_leg WHERE " + OF_NEW
                    + " GROUP BY template_id",
            "SELECT k.template, SUM(JSON_EXTRACT(h.agreed, CONCAT('$.reserved.\"', k.template, '\"'))) FROM coupon_hold h,"
                    + " JSON_TABLE(JSON_KEYS(h.agreed, '$.reserved'), '$[*]' COLUMNS (template BIGINT PATH '$')) k"
                    + " WHERE h.state = 1 GROUP BY k.template");
    private static final List<String> BUDGET_OF_TABLES = RowInvariant.andOfTheArchive(List.of(
            "SELECT c.template_id, SUM(r.amount_minor) FROM {coupon_redemption} r"
                    + " JOIN {user_coupon} c ON c.coupon_id = r.coupon_id WHERE c." + OF_NEW
                    + " GROUP BY c.template_id",
            "SELECT c.template_id, -SUM(f.amount_minor) FROM {coupon_refund} f JOIN {coupon_redemption} r"
                    + " ON r.redemption_id = f.redemption_id JOIN {user_coupon} c ON c.coupon_id = r.coupon_id"
                    + " WHERE c." + OF_NEW + " GROUP BY c.template_id"));
    private static final String BUDGET_GIVEN =
            "SELECT template_id, amount_minor FROM template_budget JOIN coupon_template USING (template_id)"
                    + " WHERE status NOT IN (0, 5) AND " + OF_NEW;

    private final Topology topology;

    Totals(Topology topology) {
        this.topology = topology;
    }

    /** Of each template whose pieces do not come to its total, by how many they are more. */
    Map<Long, Long> stockBeyond() throws SQLException {
        return beyond(STOCK, STOCK_OF_TABLES, STOCK_GIVEN);
    }

    /** The same of minor units. */
    Map<Long, Long> budgetBeyond() throws SQLException {
        return beyond(BUDGET, BUDGET_OF_TABLES, BUDGET_GIVEN);
    }

    private Map<Long, Long> beyond(List<String> ofDatabase, List<String> ofTables, String given) throws SQLException {
        ShardLayout layout = topology.plan().layout();
        Map<Long, Long> there = new HashMap<>();
        for (int number = 0; number < layout.databases(); number++) {
            int database = number;
            try (Connection connection =
                    topology.database(DatabaseId.shard(database)).getConnection()) {
                Map<Long, Long> here = Snapshot.of(connection, () -> {
                    Map<Long, Long> sums = new HashMap<>();
                    for (String part : ofDatabase) {
                        add(connection, part, sums);
                    }
                    for (int table = 0; table < layout.tables(); table++) {
                        for (String part : ofTables) {
                            add(connection, RowInvariant.of(layout, database * layout.tables() + table, part), sums);
                        }
                    }
                    return sums;
                });
                here.forEach((template, sum) -> there.merge(template, sum, Long::sum));
            }
        }
        Map<Long, Long> beyond = new HashMap<>();
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            Map<Long, Long> total = new HashMap<>();
            add(connection, given, total);
            total.forEach((template, wanted) -> {
                long more = there.getOrDefault(template, 0L) - wanted;
                if (more != 0) {
                    beyond.put(template, more);
                }
            });
        }
        return beyond;
    }

    private static void add(Connection connection, String sql, Map<Long, Long> sums) throws SQLException {
        Sql.list(connection, row -> sums.merge(row.getLong(1), row.getLong(2), Long::sum), sql);
    }
}
