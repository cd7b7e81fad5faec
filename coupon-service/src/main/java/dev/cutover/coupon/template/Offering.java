package dev.cutover.coupon.template;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Eligibility;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A template and the products it is for, as they were at one moment on NEW: whoever changes either gives the template its next version. */
public record Offering(TemplateSheet sheet, ProductList products) {
    public int version() {
        return sheet.template().terms().version();
    }

    /** Whether its coupons can be claimed, as far as its state says, and are for this product; the super blacklist is not asked. */
    public boolean isFor(Product product) {
        return sheet.template().published()
                && ProductCatalog.eligibility(products, Set.of(), product) == Eligibility.ELIGIBLE;
    }

    /** The versions of those templates that there are. */
    public static Map<TemplateId, Integer> versions(Connection meta, List<TemplateId> ids) throws SQLException {
        Map<TemplateId, Integer> versions = new HashMap<>();
        Sql.list(
                        meta,
                        row -> Map.entry(new TemplateId(row.getLong(1)), row.getInt(2)),
                        "SELECT template_id, version FROM coupon_template WHERE template_id IN "
                                + Sql.tuples(1, ids.size()),
                        ids.stream().map(TemplateId::number).toArray())
                .forEach(one -> versions.put(one.getKey(), one.getValue()));
        return versions;
    }

    /** Those that there are, all as of one moment: {@code snapshot} is a transaction that sees one. */
    public static Map<TemplateId, Offering> read(Connection snapshot, List<TemplateId> ids) throws SQLException {
        Map<TemplateId, List<String>> listed = new HashMap<>();
        Map<TemplateId, TemplateSheet> sheets = new HashMap<>();
        ShardedTemplates.sheets(snapshot, ids)
                .forEach(sheet -> sheets.put(sheet.template().id(), sheet));
        Object[] numbers = ids.stream().map(TemplateId::number).toArray();
        String those = Sql.tuples(1, ids.size());
        Sql.list(
                        snapshot,
                        row -> Map.entry(new TemplateId(row.getLong(1)), row.getString(2)),
                        "SELECT template_id, goods_sn FROM template_product WHERE goods_sn IS NOT NULL AND template_id IN "
                                + those,
                        numbers)
                .forEach(one -> listed.computeIfAbsent(one.getKey(), id -> new ArrayList<>())
                        .add(one.getValue()));
        Sql.list(
                        snapshot,
                        row -> Map.entry(new TemplateId(row.getLong(1)), ProductCatalog.inText(row.getString(2))),
                        "SELECT template_id, goods_list FROM coupon_template WHERE goods_list IS NOT NULL AND template_id IN "
                                + those,
                        numbers)
                .forEach(one -> listed.computeIfAbsent(one.getKey(), id -> new ArrayList<>())
                        .addAll(one.getValue()));
        Map<TemplateId, Offering> offerings = new HashMap<>();
        sheets.forEach((id, sheet) -> offerings.put(
                id,
                new Offering(
                        sheet,
                        new ProductList(
                                ProductList.Scope.ofCode(sheet.template().scope()),
                                ProductCatalog.forms(listed.getOrDefault(id, List.of()))))));
        return offerings;
    }
}
