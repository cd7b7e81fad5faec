package dev.cutover.coupon.backoffice;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.BudgetLevel;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.LegacyTemplates;
import dev.cutover.coupon.template.ShardedTemplates;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.transfer.StockDatabases;
import dev.cutover.coupon.transfer.StockTransfers;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * How much of a template's stock and of its budget is left, and where.
 *
 * <p>What was issued is what is not left: to count coupons by template would be to read every table. Of a template that the mall gave
 * too many coupons of, the total is told. Safe for many threads.
 */
public final class StockLevels {
    private final Topology topology;
    private final CouponDatabases databases;
    private final StockDatabases stock;
    private final StockTransfers transfers;

    StockLevels(Topology topology, CouponDatabases databases, StockDatabases stock, StockTransfers transfers) {
        this.topology = topology;
        this.databases = databases;
        this.stock = stock;
        this.transfers = transfers;
    }

    public ObjectNode of(TemplateId id) {
        return databases.truth() == Side.OLD ? onOld(id) : onNew(id);
    }

    private ObjectNode onOld(TemplateId id) {
        try (Connection connection = topology.database(DatabaseId.OLD).getConnection()) {
            TemplateSheet sheet = LegacyTemplates.sheet(connection, id).orElseThrow(() -> Template.notFound(id, "id"));
            long left = Sql.first(
                            connection,
                            row -> row.getLong(1),
                            "SELECT COALESCE(num, 0) FROM mall_coupon WHERE id = ?",
                            id.number())
                    .orElse(0L);
            ObjectNode node = level(id, sheet.template().totalQuantity(), left, true);
            database(node, DatabaseId.OLD, sheet.template().limited() ? left : null);
            return node;
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the stock of template " + id + " from old", e);
        }
    }

    private ObjectNode onNew(TemplateId id) {
        Epoch epoch = databases.epoch();
        StockTransfers.Mark before = transfers.mark(epoch, StockId.coupons(id));
        TemplateSheet sheet;
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            sheet = ShardedTemplates.sheet(connection, id).orElseThrow(() -> Template.notFound(id, "id"));
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading template " + id + " from meta", e);
        }
        long[] remaining = new long[stock.count()];
        long left = 0;
        for (int database = 0; database < remaining.length; database++) {
            remaining[database] = stock.level(database, StockId.coupons(id)).total();
            left += remaining[database];
        }
        boolean settled = !before.travelling()
                && !before.adjusting()
                && before.equals(transfers.mark(epoch, StockId.coupons(id)));
        ObjectNode node = level(id, sheet.template().totalQuantity(), left, settled);
        for (int database = 0; database < remaining.length; database++) {
            database(node, DatabaseId.shard(database), sheet.template().limited() ? remaining[database] : null);
        }
        Long cap = sheet.template().terms().budgetMinor();
        if (cap != null) {
            node.set("budget", budget(epoch, id, cap));
        }
        return node;
    }

    /** What is neither left nor held is spent: to add up uses and refunds would be to read every table. */
    private ObjectNode budget(Epoch epoch, TemplateId id, long cap) {
        StockTransfers.Mark before = transfers.mark(epoch, StockId.budget(id));
        long left = 0;
        long held = 0;
        for (int database = 0; database < stock.count(); database++) {
            BudgetLevel level = stock.budget(database, id);
            left += level.leftMinor();
            held += level.heldMinor();
        }
        boolean settled =
                !before.travelling() && !before.adjusting() && before.equals(transfers.mark(epoch, StockId.budget(id)));
        return JsonNodeFactory.instance
                .objectNode()
                .put("amount_minor", cap)
                .put("spent_minor", cap - left - held)
                .put("held_minor", held)
                .put("left_minor", left)
                .put("currency", Discount.CURRENCY)
                .put("settled", settled);
    }

    private static ObjectNode level(TemplateId id, @Nullable Long total, long left, boolean settled) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "stock");
        node.put("template_id", id.toString());
        node.put("total_quantity", total);
        node.put("remaining", total == null ? null : left);
        node.put("issued", total == null ? null : total - left);
        node.put("settled", settled);
        node.putNull("budget");
        node.putArray("databases");
        return node;
    }

    private static void database(ObjectNode node, DatabaseId database, @Nullable Long remaining) {
        ArrayNode databases = node.withArray("databases");
        databases.addObject().put("database", database.toString()).put("remaining", remaining);
    }
}
