package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.HttpMethod;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.backoffice.BackOffice;
import dev.cutover.coupon.backoffice.ProductDesk;
import dev.cutover.coupon.backoffice.RuleBook;
import dev.cutover.coupon.backoffice.TemplateDesk;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.TemplateShapes;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.template.ProductList;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** The back office over HTTP: templates, their stock, their products, and who changed them. Blocks; safe for many threads. */
final class TemplatesApi {
    // Ten thousand products of 64 characters, quoted, of up to four bytes each.
    static final long LONGEST_LIST = 4L * 1024 * 1024;
    private static final Pattern PRODUCT = Pattern.compile("\\S(.{0,62}\\S)?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final String PRODUCT_EXPECTED = "a product of 1 to 64 characters without spaces around it";
    private static final Set<String> ALWAYS_EDITABLE = Set.of("name", "metadata");

    private final BackOffice office;

    TemplatesApi(BackOffice office) {
        this.office = office;
    }

    void register(Routes routes) {
        Map<String, Function<ApiRequest, ApiAnswer>> posts = Map.of(
                "/v1/templates", this::create,
                "/v1/templates/{id}/publish", moving(TemplateDesk::publish),
                "/v1/templates/{id}/pause", moving(TemplateDesk::pause),
                "/v1/templates/{id}/resume", moving(TemplateDesk::resume),
                "/v1/templates/{id}/end", moving(TemplateDesk::end),
                "/v1/templates/{id}/archive", moving(TemplateDesk::archive),
                "/v1/templates/{id}/stock_adjustments",
                        request -> adjust(request, StockId.Kind.COUPONS, "delta", RuleBook.MOST_STOCK),
                "/v1/templates/{id}/budget_adjustments",
                        request -> adjust(request, StockId.Kind.BUDGET, "delta_minor", RuleBook.MOST_BUDGET),
                "/v1/super_blacklist/products", this::forbid);
        posts.forEach(routes::post);
        Map<String, Function<ApiRequest, ApiAnswer>> gets = Map.of(
                "/v1/templates", this::page,
                "/v1/templates/{id}", this::template,
                "/v1/templates/{id}/stock", this::stock,
                "/v1/templates/{id}/products", this::products,
                "/v1/super_blacklist/products", this::forbidden);
        gets.forEach(routes::get);
        routes.get("/v1/products/{product}/coupons", this::claimable);
        routes.add(HttpMethod.PATCH, "/v1/templates/{id}", this::edit);
        routes.add(
                HttpMethod.PUT,
                "/v1/templates/{id}/products",
                binding -> binding.maxRequestLength(LONGEST_LIST),
                this::replaceProducts);
        routes.add(HttpMethod.DELETE, "/v1/super_blacklist/products/{product}", this::allow);
    }

    static TemplateId id(ApiRequest request) {
        String text = request.path("id");
        return TemplateId.parse(text)
                .orElseThrow(
                        () -> new Refusal(Reason.TEMPLATE_NOT_FOUND, "id", "There is no template '" + text + "'."));
    }

    private ApiAnswer create(ApiRequest request) {
        String key = request.idempotencyKey();
        Operator operator = request.operator();
        request.allowQuery();
        TemplateSheet sheet = TemplateForm.read(
                request.body(), office.templates().now(), office.templates().tags());
        return ApiAnswer.created(
                office.templates().create(sheet, key, operator, request.tenant().application()));
    }

    private ApiAnswer template(ApiRequest request) {
        request.allowQuery();
        TemplateId id = id(request);
        return ApiAnswer.ok(TemplateShapes.template(
                request.pastCaches()
                        ? office.templates().find(id)
                        : office.templates().shown(id)));
    }

    private ApiAnswer page(ApiRequest request) {
        request.allowQuery("limit", "starting_after", "status");
        long after = cursor(request);
        Optional<TemplateState> state = request.query("status")
                .map(text -> Arrays.stream(TemplateState.values())
                        .filter(one -> one.name().equals(text))
                        .findFirst()
                        .orElseThrow(() ->
                                ApiException.invalid("status", "one of " + Arrays.toString(TemplateState.values()))));
        return ApiAnswer.ok(office.templates()
                .page(request.limit(), after, state, request.tenant().visible()));
    }

    private static long cursor(ApiRequest request) {
        return request.startingAfter(TemplateId::parse, "the id of a template")
                .map(TemplateId::number)
                .orElse(0L);
    }

    /** What can be claimed for a product, which the path names as the lists do: by its id or its serial number. */
    private ApiAnswer claimable(ApiRequest request) {
        request.allowQuery("limit", "starting_after", "category_id");
        String name = request.path("product");
        if (!PRODUCT.matcher(name).matches()) {
            throw ApiException.invalid("product", PRODUCT_EXPECTED);
        }
        Product product = new Product(name, null, request.query("category_id").orElse(null));
        return ApiAnswer.ok(office.templates()
                .claimable(
                        product,
                        request.limit(),
                        cursor(request),
                        request.tenant().visible()));
    }

    /** A merge patch: what is not named stays, null takes away. */
    private ApiAnswer edit(ApiRequest request) {
        Operator operator = request.operator();
        TemplateId id = id(request);
        RequestBody body = request.body();
        int version = request.version(body)
                .orElseThrow(() -> new ApiException(
                        ApiError.PARAMETER_MISSING,
                        "version",
                        "Say which version you have seen, in 'version' or If-Match."));
        TemplateSheet seen = office.templates().find(id);
        TemplateDesk.requireVersion(seen, version);
        Set<String> fields = new HashSet<>();
        body.json().fieldNames().forEachRemaining(fields::add);
        fields.remove("version");
        boolean rulesToo = !ALWAYS_EDITABLE.containsAll(fields);
        TemplateDesk.requireEditable(seen, rulesToo);
        ObjectNode patch = ((ObjectNode) body.json()).deepCopy();
        patch.remove("version");
        RequestBody merged = RequestBody.of(merge(TemplateShapes.editable(seen), patch));
        long now = office.templates().now();
        TemplateSheet wanted = seen.template().state() == TemplateState.DRAFT
                ? TemplateForm.read(merged, now, office.templates().tags())
                : TemplateForm.relabelled(seen, merged);
        return ApiAnswer.ok(TemplateShapes.template(office.templates().edit(id, version, wanted, rulesToo, operator)));
    }

    private static JsonNode merge(JsonNode target, JsonNode patch) {
        if (!(target instanceof ObjectNode object) || !patch.isObject()) {
            return patch;
        }
        patch.fields().forEachRemaining(one -> {
            JsonNode found = object.get(one.getKey());
            if (one.getValue().isNull()) {
                object.remove(one.getKey());
            } else {
                object.set(one.getKey(), found == null ? one.getValue() : merge(found, one.getValue()));
            }
        });
        return object;
    }

    /** One of the template's moves, which needs no body. */
    private interface Move {
        TemplateSheet move(TemplateDesk desk, TemplateId id, Operator operator);
    }

    private Function<ApiRequest, ApiAnswer> moving(Move move) {
        return request -> {
            request.allowQuery();
            Operator operator = request.operator();
            return ApiAnswer.ok(TemplateShapes.template(move.move(office.templates(), id(request), operator)));
        };
    }

    private ApiAnswer adjust(ApiRequest request, StockId.Kind kind, String field, long most) {
        Operator operator = request.operator();
        TemplateId id = id(request);
        RequestBody body = request.body().allow("adjustment_no", field);
        String number = ApiRequest.number("adjustment_no", body.text("adjustment_no"));
        long delta = body.integer(field, -most, most);
        if (delta == 0) {
            throw ApiException.invalid(field, "more or less than zero");
        }
        return ApiAnswer.created(office.adjustments().adjust(new StockId(kind, id), number, delta, operator));
    }

    private ApiAnswer stock(ApiRequest request) {
        request.allowQuery();
        return ApiAnswer.ok(office.levels().of(id(request)));
    }

    private ApiAnswer replaceProducts(ApiRequest request) {
        Operator operator = request.operator();
        TemplateId id = id(request);
        RequestBody body = request.body().allow("list_type", "products", "version");
        String type = body.text("list_type");
        ProductList.Scope scope = Arrays.stream(ProductList.Scope.values())
                .filter(one -> one.name().equals(type))
                .findFirst()
                .orElseThrow(() ->
                        ApiException.invalid("list_type", "one of " + Arrays.toString(ProductList.Scope.values())));
        List<String> products = products(body, ProductDesk.MOST_PRODUCTS, true);
        OptionalInt version = request.version(body);
        return ApiAnswer.ok(office.products().replace(id, scope, products, version, operator));
    }

    private static List<String> products(RequestBody body, int most, boolean maybeNone) {
        List<String> products = body.texts("products", maybeNone);
        if (products.size() > most) {
            throw ApiException.tooMany(
                    "products", most, "At most " + most + " products at once, not " + products.size() + ".");
        }
        Set<String> forms = new HashSet<>();
        for (int i = 0; i < products.size(); i++) {
            String path = "products[" + i + "]";
            String product = product(path, products.get(i));
            if (!forms.add(ProductList.form(product))) {
                throw ApiException.invalid(path, "another product than those before it");
            }
        }
        return products;
    }

    private static String product(String path, String text) {
        if (!PRODUCT.matcher(text).matches()) {
            throw ApiException.invalid(path, PRODUCT_EXPECTED);
        }
        return text;
    }

    private ApiAnswer products(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        TemplateSheet sheet = office.templates().find(id(request));
        return ApiAnswer.ok(office.products()
                .page(
                        sheet.template().id(),
                        ProductList.Scope.ofCode(sheet.template().scope()),
                        request.limit(),
                        productCursor(request)));
    }

    private static String productCursor(ApiRequest request) {
        return request.startingAfter(
                        text -> PRODUCT.matcher(text).matches() ? Optional.of(text) : Optional.empty(),
                        PRODUCT_EXPECTED)
                .orElse("");
    }

    private ApiAnswer forbidden(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        return ApiAnswer.ok(office.products().superBlacklist(request.limit(), productCursor(request)));
    }

    private ApiAnswer forbid(ApiRequest request) {
        Operator operator = request.operator();
        RequestBody body = request.body().allow("products");
        return ApiAnswer.ok(office.products().forbid(products(body, ProductDesk.MOST_AT_ONCE, false), operator));
    }

    private ApiAnswer allow(ApiRequest request) {
        Operator operator = request.operator();
        return ApiAnswer.ok(office.products().allow(product("product", request.path("product")), operator));
    }
}
