package dev.cutover.coupon.invariant;

import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.Identifier;
import java.util.List;
import java.util.stream.Stream;

/**
 * Something that is true of the rows of one database of NEW at every moment, because each unit is one transaction there and leaves it true:
 * one statement sees one moment, so it may be asked while everybody writes.
 *
 * @param what a sentence that begins with the number of the invariant
 * @param violations a query with one column and a row for each violation; {@code {name}} stands for a physical table, {@code {slot}} and
 *     {@code {slots}} for the table's number and how many there are
 */
public record RowInvariant(String what, String violations) {
    private static final String ONE_USE =
            "SELECT c.coupon_id FROM {user_coupon} c LEFT JOIN {coupon_redemption} r ON r.coupon_id = c.coupon_id"
                    + " WHERE c.request_no NOT LIKE 'LEGACY-%' GROUP BY c.coupon_id, c.status, c.order_no"
                    + " HAVING COUNT(IF(COALESCE(r.refund_status, 0) = 0, r.redemption_id, NULL)) > (c.status = 3)"
                    // A use that was taken back may have left its coupon used, as its template says.
                    + " OR (c.status = 3 AND COUNT(IF(r.order_no = c.order_no, 1, NULL)) = 0)";

    /** Of each physical table with those beside it that are of the same users. */
    public static final List<RowInvariant> OF_TABLES = List.of(
            new RowInvariant(
                    "9 of what NEW issued, only a used coupon has a use that stands, and one; and it was used on its order",
                    ONE_USE),
            new RowInvariant("9 the same in the archive", inTheArchive(ONE_USE)),
            new RowInvariant(
                    "10 refunds of a use are not more than it took off",
                    "SELECT r.redemption_id FROM {coupon_redemption} r JOIN {coupon_refund} f ON f.redemption_id = r.redemption_id"
                            + " GROUP BY r.redemption_id, r.amount_minor, r.refund_status HAVING SUM(f.amount_minor) > r.amount_minor"
                            + " OR (SUM(f.amount_minor) = r.amount_minor) <> (COALESCE(r.refund_status, 0) = 1) OR SUM(f.whole) > 1"),
            new RowInvariant(
                    "11 a hold names its coupon and its end, and only an unused coupon has one",
                    "SELECT coupon_id FROM {user_coupon} WHERE (hold_no IS NULL) <> (hold_until IS NULL)"
                            + " OR (hold_no IS NOT NULL AND status <> 1)"),
            new RowInvariant(
                    "11 who has a coupon is a hold that stands",
                    "SELECT c.coupon_id FROM {user_coupon} c LEFT JOIN coupon_hold h ON h.hold_no = c.hold_no"
                            + " WHERE c.hold_no IS NOT NULL AND (h.state IS NULL OR h.state <> 1 OR h.user_id <> c.user_id)"),
            new RowInvariant(
                    "12 a hold that is long over has nothing any more",
                    "SELECT c.coupon_id FROM {user_coupon} c JOIN coupon_hold h ON h.hold_no = c.hold_no"
                            + " WHERE h.state = 1 AND h.hold_until < UNIX_TIMESTAMP() * 1000 - 60000"),
            new RowInvariant(
                    "17 rows are where their user is",
                    "SELECT coupon_id FROM {user_coupon} WHERE CRC32(CAST(user_id AS CHAR)) % {slots} <> {slot}"
                            + " OR coupon_id & 1023 <> {slot}"),
            new RowInvariant(
                    "17 a use is where its coupon is",
                    "SELECT redemption_id FROM {coupon_redemption} WHERE CRC32(CAST(user_id AS CHAR)) % {slots} <> {slot}"
                            + " OR redemption_id & 1023 <> {slot} OR coupon_id & 1023 <> {slot}"),
            new RowInvariant(
                    "20 no coupon is both in its table and in the archive",
                    "SELECT a.coupon_id FROM {user_coupon_archive} a JOIN {user_coupon} c ON c.coupon_id = a.coupon_id"),
            new RowInvariant(
                    "18 no line is spared more than it costs, nor a use less than nothing or more than its order",
                    "SELECT redemption_id FROM {coupon_redemption_line} GROUP BY redemption_id HAVING MIN(discount_minor) < 0"
                            + " OR SUM(discount_minor > amount_minor) > 0"),
            new RowInvariant(
                    "18 all coupons of an order together spare no line more than it costs",
                    "SELECT CONCAT(r.user_id, '/', r.order_no, '/', l.line_no) FROM {coupon_redemption} r"
                            + " JOIN {coupon_redemption_line} l ON l.redemption_id = r.redemption_id"
                            + " LEFT JOIN {user_coupon} c ON c.coupon_id = r.coupon_id"
                            + " LEFT JOIN {user_coupon_archive} a ON a.coupon_id = r.coupon_id"
                            + " WHERE COALESCE(r.refund_status, 0) = 0 GROUP BY r.user_id, r.order_no, l.line_no, l.goods_sn, l.product_id,"
                            + " COALESCE(c.kind, a.kind) = 2 OR COALESCE(c.discount_type, a.discount_type) = 3"
                            + " HAVING SUM(l.discount_minor) > MAX(l.amount_minor)"),
            new RowInvariant(
                    "18 nothing is spared below zero, and lines add up to their use",
                    "SELECT r.redemption_id FROM {coupon_redemption} r LEFT JOIN {coupon_redemption_line} l"
                            + " ON l.redemption_id = r.redemption_id GROUP BY r.redemption_id, r.amount_minor"
                            + " HAVING r.amount_minor < 0 OR SUM(l.discount_minor) <> r.amount_minor"));

    /** Of each shard database. */
    public static final List<RowInvariant> OF_DATABASES = List.of(
            new RowInvariant(
                    "1 a slice holds between nothing and what it was given",
                    "SELECT CONCAT(template_id, '/', slice_no) FROM stock_slice WHERE remaining < 0 OR remaining > allotted"),
            new RowInvariant(
                    "1 a piece is of an open lot, and within it",
                    "SELECT CONCAT(p.lot_id, '/', p.piece_no) FROM stock_piece p LEFT JOIN stock_lot l ON l.lot_id = p.lot_id"
                            + " WHERE l.lot_id IS NULL OR p.piece_no < 0 OR p.piece_no >= l.pieces"),
            new RowInvariant(
                    "19 a slice of a budget holds between nothing and what it was given",
                    "SELECT CONCAT(template_id, '/', slice_no) FROM budget_slice WHERE remaining < 0 OR remaining > allotted"));

    /** Of the meta database. */
    public static final List<RowInvariant> OF_META = List.of(new RowInvariant(
            "16 an issuance that is done has counted its whole audience",
            "SELECT t.task_id FROM issuance_task t WHERE t.state = 4 AND t.named <> t.issued + t.duplicates"
                    + " + (SELECT COUNT(*) FROM issuance_failure f WHERE f.task_id = t.task_id AND f.dead = 1)"));

    private static final List<String> TABLES = List.of(
            "user_coupon",
            "user_coupon_archive",
            "coupon_redemption_line",
            "coupon_redemption",
            "coupon_refund",
            "coupon_operation");

    /** A query on coupons, as it is asked of those in the archive. */
    private static String inTheArchive(String query) {
        return query.replace("{user_coupon}", "{user_coupon_archive}");
    }

    /** Queries whose rows add up over tables and their archives. */
    static List<String> andOfTheArchive(List<String> queries) {
        return Stream.concat(queries.stream(), queries.stream().map(RowInvariant::inTheArchive))
                .toList();
    }

    /** The number of the invariant. */
    public String number() {
        return what.substring(0, what.indexOf(' '));
    }

    /** A query over the tables of one slot. */
    public static String of(ShardLayout layout, int slot, String query) {
        String sql = query;
        for (String name : TABLES) {
            sql = sql.replace("{" + name + "}", Identifier.quote(layout.physicalTable(name, slot)));
        }
        return sql.replace("{slots}", Integer.toString(layout.slots())).replace("{slot}", Integer.toString(slot));
    }
}
