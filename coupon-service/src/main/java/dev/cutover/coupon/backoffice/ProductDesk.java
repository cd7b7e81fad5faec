package dev.cutover.coupon.backoffice;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.template.ProductCatalog;
import dev.cutover.coupon.template.ProductList;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The lists of products: of a template, and the one of products that no coupon is for.
 *
 * <p>A template's list is replaced as a whole in one transaction, so that no order ever sees half of it; it may change after the template
 * was published, for orders are judged by the list of their moment. Safe for many threads.
 */
public final class ProductDesk {
    /** How many products one list holds. */
    public static final int MOST_PRODUCTS = 10_000;

    /** How many products one request adds to those that no coupon is for. */
    public static final int MOST_AT_ONCE = 1_000;

    private static final int ROWS_A_STATEMENT = 1_000;
    private static final int LONGEST_OPERATOR = 20;

    private final Topology topology;
    private final CouponDatabases databases;
    private final MetaDatabase meta;
    private final BackOfficeGate gate;
    private final ProductCatalog lists;
    private final TemplateCatalog catalog;
    private final InstantSource clock;

    ProductDesk(
            Topology topology,
            CouponDatabases databases,
            MetaDatabase meta,
            BackOfficeGate gate,
            ProductCatalog lists,
            TemplateCatalog catalog,
            InstantSource clock) {
        this.topology = topology;
        this.databases = databases;
        this.meta = meta;
        this.gate = gate;
        this.lists = lists;
        this.catalog = catalog;
        this.clock = clock;
    }

    private long now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
    }

    /**
     * Replaces the list of a template; what the mall had in the template's text goes with it.
     *
     * @param version the one the editor has seen, if the editor says so
     */
    public ObjectNode replace(
            TemplateId id,
            ProductList.Scope type,
            Collection<String> products,
            OptionalInt version,
            Operator operator) {
        gate.requireNew("To list products");
        NavigableSet<String> wanted = new TreeSet<>(products);
        ObjectNode answer = meta.write((connection, epoch) -> {
            TemplateSheet before = TemplateDesk.locked(connection, id);
            if (version.isPresent()) {
                TemplateDesk.requireVersion(before, version.getAsInt());
            }
            if (before.template().state() == TemplateState.ARCHIVED) {
                throw TemplateDesk.notEditable(id, "is ARCHIVED: nothing of it changes any more.");
            }
            if (before.template().scope() != type.code() || type == ProductList.Scope.ALL) {
                throw new RulesBrokenException(List.of(new RuleProblem(
                        "list_type",
                        "The scope of template " + id + " is "
                                + ProductList.Scope.ofCode(before.template().scope())
                                + ": its list is of that type, and ALL has none.")));
            }
            NavigableSet<String> found = lists.written(id);
            long now = now();
            Sql.update(connection, "DELETE FROM template_product WHERE template_id = ?", id.number());
            insert(connection, id, type, wanted);
            Sql.update(
                    connection,
                    "UPDATE coupon_template SET goods_list = NULL, version = version + 1, updated_at = ? WHERE template_id = ?",
                    now,
                    id.number());
            AuditLog.append(
                    connection,
                    Subject.of(id),
                    operator.name(),
                    "list_products",
                    now,
                    counted(type, found),
                    changed(type, found, wanted));
            return listed(id, type, wanted.size(), before.template().terms().version() + 1);
        });
        lists.forget();
        catalog.changed(id);
        return answer;
    }

    private static void insert(
            Connection connection, TemplateId id, ProductList.Scope type, Collection<String> products)
            throws SQLException {
        if (products.isEmpty()) {
            return;
        }
        long next = NewNumbers.next(connection, NewNumbers.PRODUCT, products.size());
        List<@Nullable Object> values = new ArrayList<>();
        for (String product : products) {
            values.add(next++);
            values.add(id.number());
            values.add(product);
            values.add(type.code());
            if (values.size() == 4 * ROWS_A_STATEMENT) {
                insert(connection, values);
                values.clear();
            }
        }
        if (!values.isEmpty()) {
            insert(connection, values);
        }
    }

    private static void insert(Connection connection, List<@Nullable Object> values) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO template_product (id, template_id, goods_sn, list_type) VALUES "
                        + Sql.tuples(values.size() / 4, 4),
                values.toArray());
    }

    private static ObjectNode listed(TemplateId id, ProductList.Scope type, int count, int version) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("object", "product_list")
                .put("template_id", id.toString())
                .put("list_type", type.name())
                .put("count", count)
                .put("version", version);
    }

    private static ObjectNode counted(ProductList.Scope type, Collection<String> products) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("list_type", type.name())
                .put("count", products.size());
    }

    /** With what is known of the list before, the differences tell the list after. */
    private static ObjectNode changed(ProductList.Scope type, SortedSet<String> found, SortedSet<String> wanted) {
        ObjectNode node = counted(type, wanted);
        ArrayNode added = node.putArray("added");
        wanted.stream().filter(product -> !found.contains(product)).forEach(added::add);
        ArrayNode removed = node.putArray("removed");
        found.stream().filter(product -> !wanted.contains(product)).forEach(removed::add);
        return node;
    }

    /** A page of a template's list in the order of the texts. */
    public ObjectNode page(TemplateId id, ProductList.Scope type, int limit, String after) {
        return page(lists.written(id).tailSet(after, false), limit).put("list_type", type.name());
    }

    private static ObjectNode page(SortedSet<String> products, int limit) {
        ObjectNode page = JsonNodeFactory.instance.objectNode();
        page.put("object", "list");
        ArrayNode data = page.putArray("data");
        products.stream().limit(limit).forEach(data::add);
        boolean more = products.size() > limit;
        page.put("has_more", more);
        page.put("next_cursor", more ? data.get(limit - 1).asText() : null);
        return page;
    }

    /** A page of the products that no coupon is for. */
    public ObjectNode superBlacklist(int limit, String after) {
        boolean old = databases.truth() == Side.OLD;
        DatabaseId database = old ? DatabaseId.OLD : DatabaseId.META;
        try (Connection connection = topology.database(database).getConnection()) {
            return page(
                    new TreeSet<>(Sql.list(
                                    connection,
                                    row -> row.getString(1),
                                    "SELECT goods_sn FROM " + (old ? "mall_coupon_super_black" : "super_blacklist")))
                            .tailSet(after, false),
                    limit);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the products that no coupon is for", e);
        }
    }

    /**
     * Lets no coupon be for these products.
     *
     * <p>The key of the list compares as the mall's does: without case, but without accents too, and as if all characters of four bytes
     * were one. Orders are judged by {@link ProductList#form}, which keeps them apart. So what only the key takes for a product that is
     * listed cannot be listed beside it, and the whole request is refused: whatever is answered is forbidden.
     */
    public ObjectNode forbid(List<String> products, Operator operator) {
        gate.requireNew("To forbid products");
        ObjectNode answer = meta.write((connection, epoch) -> {
            long now = now();
            ArrayNode added = JsonNodeFactory.instance.arrayNode();
            List<RuleProblem> problems = new ArrayList<>();
            for (String product : new TreeSet<>(products)) {
                Optional<String> listed = listedAs(connection, product);
                if (listed.isEmpty()) {
                    listed = insertForbidden(connection, product, operator, now);
                    if (listed.isEmpty()) {
                        added.add(product);
                        continue;
                    }
                }
                if (!sameForm(listed.get(), product)) {
                    problems.add(new RuleProblem(
                            "products[" + products.indexOf(product) + "]",
                            "'" + product + "' cannot be forbidden beside '" + listed.get()
                                    + "': the list's key does not tell them apart, orders do. Nothing was forbidden."));
                }
            }
            if (!problems.isEmpty()) {
                throw new RulesBrokenException(problems);
            }
            ObjectNode node = JsonNodeFactory.instance.objectNode();
            node.put("object", "super_blacklist_change");
            node.set("added", added);
            if (!added.isEmpty()) {
                AuditLog.append(
                        connection, Subject.SUPER_BLACKLIST, operator.name(), "forbid_products", now, null, node);
            }
            return node;
        });
        lists.forget();
        return answer;
    }

    private static boolean sameForm(String one, String other) {
        return ProductList.form(one).equals(ProductList.form(other));
    }

    /** What the key of the list takes for this product. */
    private static Optional<String> listedAs(Connection connection, String product) throws SQLException {
        return Sql.first(
                connection,
                row -> row.getString(1),
                "SELECT goods_sn FROM super_blacklist WHERE goods_sn = ? FOR UPDATE",
                product);
    }

    /** Empty when it was listed, otherwise what somebody else has listed since we looked. */
    private static Optional<String> insertForbidden(Connection connection, String product, Operator operator, long now)
            throws SQLException {
        try {
            Sql.update(
                    connection,
                    "INSERT INTO super_blacklist (goods_sn, operator, created_at) VALUES (?, ?, ?)",
                    product,
                    operator.name().length() > LONGEST_OPERATOR
                            ? operator.name().substring(0, LONGEST_OPERATOR)
                            : operator.name(),
                    now);
            return Optional.empty();
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                return listedAs(connection, product);
            }
            throw e;
        }
    }

    /** Lets coupons be for a product again; those that only the key of the list takes for it stay forbidden. */
    public ObjectNode allow(String product, Operator operator) {
        gate.requireNew("To allow a product again");
        ObjectNode answer = meta.write((connection, epoch) -> {
            Optional<String> listed = listedAs(connection, product).filter(one -> sameForm(one, product));
            if (listed.isPresent()) {
                Sql.update(connection, "DELETE FROM super_blacklist WHERE goods_sn = ?", product);
            }
            ObjectNode node = JsonNodeFactory.instance.objectNode();
            node.put("object", "super_blacklist_change");
            ArrayNode removed = node.putArray("removed");
            if (listed.isPresent()) {
                removed.add(product);
                AuditLog.append(
                        connection, Subject.SUPER_BLACKLIST, operator.name(), "allow_product", now(), node, null);
            }
            return node;
        });
        lists.forget();
        return answer;
    }
}
