package dev.cutover.coupon.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Eligibility;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.pricing.ProductLists;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which products the coupons of a template are for, and which no coupon is for, kept for two seconds.
 *
 * <p>The mall has two sources that know nothing of each other, a text in the template and a table; whatever either lists is listed. The
 * epoch and the side are part of the key, as in {@link TemplateCatalog}. Safe for many threads.
 */
public final class ProductCatalog {
    private static final Duration KEPT = Duration.ofSeconds(2);
    private static final long MOST_ENTRIES = 1_000_000;
    private static final JsonMapper JSON = new JsonMapper();

    private final Topology topology;
    private final Supplier<TemplateCatalog.Truth> truth;
    private final Cache<Key, Optional<ProductList>> lists;
    private final Cache<TemplateCatalog.Truth, Set<String>> superBlacklists;

    private record Key(TemplateCatalog.Truth truth, TemplateId template) {}

    public ProductCatalog(Topology topology, Supplier<TemplateCatalog.Truth> truth, Ticker ticker) {
        this.topology = topology;
        this.truth = truth;
        this.lists = Caffeine.newBuilder()
                .expireAfterWrite(KEPT)
                .maximumWeight(MOST_ENTRIES)
                .<Key, Optional<ProductList>>weigher(
                        (key, list) -> 1 + list.map(one -> one.goods().size()).orElse(0))
                .ticker(ticker)
                .build();
        this.superBlacklists =
                Caffeine.newBuilder().expireAfterWrite(KEPT).ticker(ticker).build();
    }

    /** The lists of one side, as pricing asks them. */
    public ProductLists on(Side side) {
        return new ProductLists() {
            @Override
            public boolean limit(TemplateId template) {
                TemplateCatalog.Truth key = key();
                return listOf(key, template)
                                .filter(list -> list.scope() == ProductList.Scope.ALL)
                                .isEmpty()
                        || !forbidden(key).isEmpty();
            }

            @Override
            public List<Eligibility> of(TemplateId template, List<Product> products) {
                return eligibilities(key(), template, products);
            }

            private TemplateCatalog.Truth key() {
                return new TemplateCatalog.Truth(side, truth.get().epoch());
            }
        };
    }

    private List<Eligibility> eligibilities(TemplateCatalog.Truth key, TemplateId template, List<Product> products) {
        Optional<ProductList> list = listOf(key, template);
        Set<String> forbidden = forbidden(key);
        return products.stream()
                .map(product ->
                        list.isEmpty() ? Eligibility.NOT_APPLICABLE : eligibility(list.get(), forbidden, product))
                .toList();
    }

    /** Whether coupons of this template may be used for this product, as the side that holds the truth has the lists. */
    public boolean eligible(TemplateId template, Product product) {
        return eligibilities(truth.get(), template, List.of(product)).get(0) == Eligibility.ELIGIBLE;
    }

    private Optional<ProductList> listOf(TemplateCatalog.Truth truth, TemplateId template) {
        return lists.get(new Key(truth, template), this::load);
    }

    private Set<String> forbidden(TemplateCatalog.Truth truth) {
        return superBlacklists.get(truth, this::loadSuperBlacklist);
    }

    static Eligibility eligibility(ProductList list, Set<String> forbidden, Product product) {
        boolean never = listed(forbidden, product.id()) || listed(forbidden, product.goodsSn());
        boolean listed = list.scope() == ProductList.Scope.CATEGORY
                ? listed(list.goods(), product.category())
                : listed(list.goods(), product.id()) || listed(list.goods(), product.goodsSn());
        return Eligibility.of(list.scope().code(), listed, never);
    }

    private static boolean listed(Set<String> forms, @Nullable String text) {
        return text != null && forms.contains(ProductList.form(text));
    }

    /** The list of a template as the side that holds the truth has it; empty when there is no such template. */
    public Optional<ProductList> find(TemplateId template) {
        return listOf(truth.get(), template);
    }

    /** Products that no coupon is for, in the form of {@link ProductList#form}. */
    public Set<String> superBlacklist() {
        return forbidden(truth.get());
    }

    /** Has the next reader of this instance read everything again; other instances do within two seconds. */
    public void forget() {
        lists.invalidateAll();
        superBlacklists.invalidateAll();
    }

    /** Has the next reader of this instance read the list of this template again. */
    public void forget(TemplateId template) {
        lists.invalidate(new Key(truth.get(), template));
    }

    /** The products as they were written, sorted and past the cache, for whoever edits them. */
    public NavigableSet<String> written(TemplateId template) {
        return onTruth(truth.get().side(), "the products of template " + template, connection -> {
            NavigableSet<String> products = new TreeSet<>();
            entries(truth.get().side(), connection, template).ifPresent(found -> products.addAll(found.products()));
            return products;
        });
    }

    private record Entries(int scope, List<String> products) {}

    private Optional<ProductList> load(Key key) {
        return onTruth(
                key.truth().side(),
                "the products of template " + key.template(),
                connection -> entries(key.truth().side(), connection, key.template())
                        .map(found ->
                                new ProductList(ProductList.Scope.ofCode(found.scope()), forms(found.products()))));
    }

    private Set<String> loadSuperBlacklist(TemplateCatalog.Truth key) {
        String table = key.side() == Side.OLD ? "mall_coupon_super_black" : "super_blacklist";
        return onTruth(
                key.side(),
                "the products that no coupon is for",
                connection -> Set.copyOf(
                        forms(Sql.list(connection, row -> row.getString(1), "SELECT goods_sn FROM " + table))));
    }

    static Set<String> forms(List<String> products) {
        Set<String> forms = new HashSet<>();
        products.forEach(product -> forms.add(ProductList.form(product)));
        return forms;
    }

    private static Optional<Entries> entries(Side side, Connection connection, TemplateId template)
            throws SQLException {
        boolean old = side == Side.OLD;
        Optional<Entries> inText = Sql.first(
                connection,
                row -> new Entries(row.getInt(1), inText(row.getString(2))),
                old
                        ? "SELECT use_type, goods_value FROM mall_coupon WHERE id = ?"
                        : "SELECT scope, goods_list FROM coupon_template WHERE template_id = ?",
                template.number());
        if (inText.isEmpty()) {
            return Optional.empty();
        }
        List<String> products = Sql.list(
                connection,
                row -> row.getString(1),
                old
                        ? "SELECT goods_sn FROM mall_coupon_goods WHERE coupon_id = ? AND goods_sn IS NOT NULL"
                        : "SELECT goods_sn FROM template_product WHERE template_id = ? AND goods_sn IS NOT NULL",
                template.number());
        products.addAll(inText.get().products());
        return Optional.of(new Entries(inText.get().scope(), products));
    }

    /** A JSON list of texts or numbers, or numbers with commas between them; what is neither lists nothing. */
    static List<String> inText(@Nullable String text) {
        if (text == null || text.isBlank()) {
            return List.of();
        }
        if (text.matches("[0-9]+(,[0-9]+)*")) {
            return List.of(text.split(",", -1));
        }
        try {
            JsonNode node = JSON.readTree(text);
            Set<String> products = new HashSet<>();
            (node.isArray() ? node : JSON.createArrayNode().add(node)).forEach(one -> {
                if (one.isTextual() || one.isIntegralNumber()) {
                    products.add(one.asText());
                }
            });
            return List.copyOf(products);
        } catch (JsonProcessingException e) {
            // The column is cut at 1,023 characters; the plan rejects the template when its scope needs the list.
            return List.of();
        }
    }

    /** A question to a connection. */
    @FunctionalInterface
    private interface Question<T> {
        T ask(Connection connection) throws SQLException;
    }

    private <T> T onTruth(Side side, String what, Question<T> question) {
        DatabaseId database = side == Side.OLD ? DatabaseId.OLD : DatabaseId.META;
        try (Connection connection = topology.database(database).getConnection()) {
            return question.ask(connection);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading " + what + " from " + database, e);
        }
    }
}
