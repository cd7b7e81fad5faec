package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.server.Route;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServiceConfig;
import dev.cutover.coupon.token.Scope;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Of every route: which token may call it, and what it names that must be the caller's own. A route that is not here is open to nobody,
 * and a service that asks for tokens does not start with one. Immutable, safe for many threads.
 */
final class RouteRules {
    /** What a request names, and where. */
    enum Names {
        /** Nothing that is anybody's, or nothing but users and keys. */
        NOTHING,
        /** Something that the handler itself asks the tenant about: several templates, lists, codes. */
        ASKED_BY_HANDLER,
        /** What belongs to the mall and to no application. */
        THE_MALLS,
        TEMPLATE_IN_PATH,
        TEMPLATE_IN_BODY,
        COUPON_IN_PATH,
        COUPONS_IN_BODY,
        REDEMPTION_IN_PATH,
        HOLD_IN_PATH,
        ISSUANCE_IN_PATH,
        CODE_BATCH_IN_PATH,
        RECALL_IN_PATH,
        OPERATION_IN_PATH
    }

    /**
     * The rule of one route.
     *
     * @param scopes any of which will do
     */
    record Rule(HttpMethod method, String path, Set<Scope> scopes, Names names) {
        /** With which others its requests share threads. */
        Lane lane() {
            return Lane.of(method, path, scopes);
        }

        /** As a route is written: method and path. */
        String route() {
            return method + " " + path;
        }

        /** The parts of the path that a request fills in. */
        List<String> pathNames() {
            return BRACES.matcher(path).results().map(found -> found.group(1)).toList();
        }
    }

    /** What is asked by machines that have no token: probes, the collector of metrics, and who wants to learn how to ask. */
    private static final Set<String> OPEN = Set.of("/healthz", "/readyz", "/metrics", OpenApi.PATH, ErrorPage.PATH);

    private static final String OPEN_CALLS = "/grpc.health.v1.Health/";
    // Only where COUPON_DOCS is on is there anything.
    private static final List<String> OPEN_FOR_READERS = List.of("/docs/", "/grpc.reflection.");
    private static final String CALLS = "/coupon.v1.";
    // A call has the rule of the route that does the same.
    private static final Map<String, String> ROUTE_OF_CALL = Map.ofEntries(
            Map.entry("ClaimService/Claim", "POST /v1/claims"),
            Map.entry("ClaimService/GetClaim", "GET /v1/claims/{request_no}"),
            Map.entry("UserCouponService/ListUserCoupons", "GET /v1/users/{user_id}/coupons"),
            Map.entry("UserCouponService/GetCoupon", "GET /v1/coupons/{id}"),
            Map.entry("UserCouponService/BatchGetCoupons", "POST /v1/coupons/batch"),
            Map.entry("UserCouponService/ListProductCoupons", "GET /v1/products/{product}/coupons"),
            Map.entry("RedemptionService/Validate", "POST /v1/validations"),
            Map.entry("RedemptionService/Hold", "POST /v1/holds"),
            Map.entry("RedemptionService/GetHold", "GET /v1/holds/{id}"),
            Map.entry("RedemptionService/Confirm", "POST /v1/holds/{id}/confirm"),
            Map.entry("RedemptionService/Release", "DELETE /v1/holds/{id}"),
            Map.entry("RedemptionService/Redeem", "POST /v1/redemptions"),
            Map.entry("RedemptionService/GetRedemption", "GET /v1/redemptions/{id}"),
            Map.entry("RedemptionService/Refund", "POST /v1/redemptions/{id}/refunds"),
            Map.entry("CodeService/ValidateCode", "POST /v1/codes/validate"),
            Map.entry("CodeService/RedeemCode", "POST /v1/codes/redeem"),
            Map.entry("TemplateService/CreateTemplate", "POST /v1/templates"),
            Map.entry("TemplateService/GetTemplate", "GET /v1/templates/{id}"),
            Map.entry("TemplateService/PublishTemplate", "POST /v1/templates/{id}/publish"),
            Map.entry("TemplateService/PauseTemplate", "POST /v1/templates/{id}/pause"),
            Map.entry("TemplateService/ResumeTemplate", "POST /v1/templates/{id}/resume"),
            Map.entry("CodeService/CreateCodeBatch", "POST /v1/code_batches"),
            Map.entry("CodeService/ExportCodes", "GET /v1/code_batches/{id}/export"),
            Map.entry("IssuanceService/WatchIssuance", "GET /v1/issuances/{id}"),
            Map.entry("CodeService/GetCodeBatch", "GET /v1/code_batches/{id}"),
            Map.entry("TemplateService/EndTemplate", "POST /v1/templates/{id}/end"),
            Map.entry("TemplateService/ArchiveTemplate", "POST /v1/templates/{id}/archive"),
            Map.entry("TemplateService/ReplaceProducts", "PUT /v1/templates/{id}/products"),
            Map.entry("IssuanceService/CreateIssuance", "POST /v1/issuances"),
            Map.entry("IssuanceService/GetIssuance", "GET /v1/issuances/{id}"),
            Map.entry("IssuanceService/PauseIssuance", "POST /v1/issuances/{id}/pause"),
            Map.entry("IssuanceService/ResumeIssuance", "POST /v1/issuances/{id}/resume"),
            Map.entry("IssuanceService/CancelIssuance", "POST /v1/issuances/{id}/cancel"),
            Map.entry("TemplateService/AdjustStock", "POST /v1/templates/{id}/stock_adjustments"),
            Map.entry("TemplateService/AdjustBudget", "POST /v1/templates/{id}/budget_adjustments"),
            Map.entry("TemplateService/RecallCoupons", "POST /v1/templates/{id}/recalls"),
            Map.entry("TemplateService/GetRecall", "GET /v1/recalls/{id}"),
            Map.entry("StatsService/GetStats", "GET /v1/templates/{id}/stats"));

    // What they answer is no JSON of a route, or more than one.
    private static final Set<String> STREAMS = Set.of("CodeService/ExportCodes", "IssuanceService/WatchIssuance");

    private static final Pattern BRACES = Pattern.compile("\\{([a-z_]+)}");
    private static final Pattern COLON = Pattern.compile(":([a-z_]+)");
    private static final List<Rule> RULES = rules();
    private static final Map<String, Rule> BY_ROUTE = byRoute();

    private RouteRules() {}

    private static List<Rule> rules() {
        Set<Scope> claim = EnumSet.of(Scope.CLAIM);
        Set<Scope> use = EnumSet.of(Scope.USE);
        Set<Scope> read = EnumSet.of(Scope.READ);
        Set<Scope> office = EnumSet.of(Scope.BACKOFFICE);
        Set<Scope> admin = EnumSet.of(Scope.ADMIN);
        Set<Scope> claimOrRead = EnumSet.of(Scope.CLAIM, Scope.READ);
        Set<Scope> useOrRead = EnumSet.of(Scope.USE, Scope.READ);
        Set<Scope> readOrOffice = EnumSet.of(Scope.READ, Scope.BACKOFFICE);
        List<Rule> rules = new ArrayList<>();
        rules.add(post("/v1/claims", claim, Names.ASKED_BY_HANDLER));
        rules.add(get("/v1/claims/{request_no}", claimOrRead, Names.NOTHING));
        rules.add(get("/v1/claim_limits", office, Names.THE_MALLS));
        rules.add(new Rule(HttpMethod.PUT, "/v1/claim_limits", office, Names.THE_MALLS));
        rules.add(get("/v1/users/{user_id}/coupons", read, Names.ASKED_BY_HANDLER));
        rules.add(get("/v1/coupons/{id}", read, Names.COUPON_IN_PATH));
        rules.add(post("/v1/coupons/batch", read, Names.ASKED_BY_HANDLER));
        rules.add(post("/v1/codes/redeem", claim, Names.ASKED_BY_HANDLER));
        rules.add(post("/v1/codes/validate", claimOrRead, Names.ASKED_BY_HANDLER));

        rules.add(post("/v1/validations", useOrRead, Names.COUPONS_IN_BODY));
        rules.add(post("/v1/coupons/available", useOrRead, Names.ASKED_BY_HANDLER));
        rules.add(post("/v1/redemptions", use, Names.COUPONS_IN_BODY));
        rules.add(get("/v1/redemptions/{id}", useOrRead, Names.REDEMPTION_IN_PATH));
        rules.add(post("/v1/redemptions/{id}/refunds", use, Names.REDEMPTION_IN_PATH));
        rules.add(get("/v1/users/{user_id}/redemptions", useOrRead, Names.ASKED_BY_HANDLER));
        rules.add(post("/v1/holds", use, Names.COUPONS_IN_BODY));
        rules.add(get("/v1/holds/{id}", useOrRead, Names.HOLD_IN_PATH));
        rules.add(new Rule(HttpMethod.DELETE, "/v1/holds/{id}", use, Names.HOLD_IN_PATH));
        rules.add(post("/v1/holds/{id}/confirm", use, Names.HOLD_IN_PATH));

        rules.add(post("/v1/coupons/{id}/void", office, Names.COUPON_IN_PATH));
        rules.add(post("/v1/templates", office, Names.ASKED_BY_HANDLER));
        rules.add(get("/v1/templates", readOrOffice, Names.ASKED_BY_HANDLER));
        rules.add(get("/v1/products/{product}/coupons", read, Names.ASKED_BY_HANDLER));
        rules.add(get("/v1/templates/{id}", readOrOffice, Names.TEMPLATE_IN_PATH));
        rules.add(get("/v1/templates/{id}/stats", readOrOffice, Names.TEMPLATE_IN_PATH));
        rules.add(new Rule(HttpMethod.PATCH, "/v1/templates/{id}", office, Names.TEMPLATE_IN_PATH));
        for (String move : List.of(
                "publish", "pause", "resume", "end", "archive", "stock_adjustments", "budget_adjustments", "recalls")) {
            rules.add(post("/v1/templates/{id}/" + move, office, Names.TEMPLATE_IN_PATH));
        }
        for (String part : List.of("stock", "products", "audit")) {
            rules.add(get("/v1/templates/{id}/" + part, office, Names.TEMPLATE_IN_PATH));
        }
        rules.add(new Rule(HttpMethod.PUT, "/v1/templates/{id}/products", office, Names.TEMPLATE_IN_PATH));
        rules.add(get("/v1/recalls/{id}", office, Names.RECALL_IN_PATH));
        rules.add(get("/v1/super_blacklist/products", office, Names.THE_MALLS));
        rules.add(post("/v1/super_blacklist/products", office, Names.THE_MALLS));
        rules.add(new Rule(HttpMethod.DELETE, "/v1/super_blacklist/products/{product}", office, Names.THE_MALLS));
        rules.add(get("/v1/super_blacklist/audit", office, Names.THE_MALLS));

        rules.add(post("/v1/issuances", office, Names.TEMPLATE_IN_BODY));
        rules.add(get("/v1/issuances", office, Names.ASKED_BY_HANDLER));
        rules.add(get("/v1/issuances/{id}", office, Names.ISSUANCE_IN_PATH));
        rules.add(get("/v1/issuances/{id}/failures", office, Names.ISSUANCE_IN_PATH));
        rules.add(new Rule(HttpMethod.PATCH, "/v1/issuances/{id}", office, Names.ISSUANCE_IN_PATH));
        rules.add(new Rule(HttpMethod.PUT, "/v1/issuances/{id}/audience", office, Names.ISSUANCE_IN_PATH));
        for (String move : List.of("pause", "resume", "cancel")) {
            rules.add(post("/v1/issuances/{id}/" + move, office, Names.ISSUANCE_IN_PATH));
        }
        rules.add(post("/v1/code_batches", office, Names.TEMPLATE_IN_BODY));
        rules.add(get("/v1/code_batches/{id}", office, Names.CODE_BATCH_IN_PATH));
        rules.add(post("/v1/code_batches/{id}/import", office, Names.CODE_BATCH_IN_PATH));
        rules.add(post("/v1/code_batches/{id}/void", office, Names.CODE_BATCH_IN_PATH));
        rules.add(post("/v1/codes/void", office, Names.ASKED_BY_HANDLER));
        rules.add(get("/v1/code_batches/{id}/export", office, Names.CODE_BATCH_IN_PATH));

        rules.add(get("/v1/operations/{id}", office, Names.OPERATION_IN_PATH));
        rules.add(post("/v1/operations/{id}/cancel", office, Names.OPERATION_IN_PATH));

        rules.add(post("/v1/cache_builds", office, Names.THE_MALLS));
        rules.add(get("/v1/cache_builds/{id}", office, Names.THE_MALLS));
        rules.add(get("/v1/cache_tasks", office, Names.THE_MALLS));
        rules.add(get("/v1/cache_tasks/{id}", office, Names.THE_MALLS));
        rules.add(post("/v1/cache_tasks/{id}/retry", office, Names.THE_MALLS));
        rules.add(get("/v1/cache_queues", office, Names.THE_MALLS));
        rules.add(new Rule(HttpMethod.PUT, "/v1/cache_queues", office, Names.THE_MALLS));
        rules.add(post("/v1/store_coupons", read, Names.ASKED_BY_HANDLER));

        rules.add(post("/v1/apps", admin, Names.THE_MALLS));
        rules.add(get("/v1/apps", admin, Names.THE_MALLS));
        rules.add(get("/v1/apps/{id}", admin, Names.THE_MALLS));
        rules.add(post("/v1/apps/{id}/disable", admin, Names.THE_MALLS));
        rules.add(post("/v1/apps/{id}/enable", admin, Names.THE_MALLS));
        rules.add(new Rule(HttpMethod.PUT, "/v1/apps/{id}/quota", admin, Names.THE_MALLS));
        rules.add(post("/v1/apps/{id}/tokens", admin, Names.THE_MALLS));
        rules.add(get("/v1/apps/{id}/tokens", admin, Names.THE_MALLS));
        rules.add(new Rule(HttpMethod.DELETE, "/v1/apps/{id}/tokens/{token}", admin, Names.THE_MALLS));
        rules.add(post("/v1/apps/{id}/webhooks", admin, Names.THE_MALLS));
        rules.add(get("/v1/apps/{id}/webhooks", admin, Names.THE_MALLS));
        rules.add(new Rule(HttpMethod.DELETE, "/v1/apps/{id}/webhooks/{webhook}", admin, Names.THE_MALLS));
        rules.add(post("/v1/apps/{id}/webhooks/{webhook}/rotate", admin, Names.THE_MALLS));
        rules.add(get("/v1/apps/{id}/webhooks/{webhook}/deliveries", admin, Names.THE_MALLS));
        rules.add(post("/v1/apps/{id}/webhooks/{webhook}/replay", admin, Names.THE_MALLS));
        rules.add(get("/v1/audit", admin, Names.THE_MALLS));
        rules.add(get("/v1/migration", EnumSet.allOf(Scope.class), Names.NOTHING));
        return List.copyOf(rules);
    }

    private static Rule get(String path, Set<Scope> scopes, Names names) {
        return new Rule(HttpMethod.GET, path, scopes, names);
    }

    private static Rule post(String path, Set<Scope> scopes, Names names) {
        return new Rule(HttpMethod.POST, path, scopes, names);
    }

    private static Map<String, Rule> byRoute() {
        Map<String, Rule> map = new HashMap<>();
        for (Rule rule : RULES) {
            if (map.put(rule.method() + " " + rule.path(), rule) != null) {
                throw new IllegalStateException("Two rules for " + rule.method() + " " + rule.path());
            }
        }
        return Map.copyOf(map);
    }

    /** The lane of a route; none for what machines ask, such as whether the process lives. */
    static Optional<Lane> laneOf(HttpMethod method, String path) {
        return Optional.ofNullable(BY_ROUTE.get(method + " " + path)).map(Rule::lane);
    }

    static boolean open(Route route) {
        String pattern = route.patternString();
        return OPEN.contains(pattern)
                || pattern.startsWith(OPEN_CALLS)
                || OPEN_FOR_READERS.stream().anyMatch(pattern::startsWith);
    }

    /** Every rule, in the order in which people read them. */
    static List<Rule> all() {
        return RULES;
    }

    /** The paths that nobody needs a token for. */
    static Set<String> openPaths() {
        return OPEN;
    }

    /** Every call, as service and method, with the route that does the same. */
    static Map<String, String> calls() {
        return ROUTE_OF_CALL;
    }

    /** Whether a call, as service and method, answers bit by bit. */
    static boolean streams(String call) {
        return STREAMS.contains(call);
    }

    /** Whether this is the path of a call that answers bit by bit. */
    static boolean isStream(String path) {
        return isCall(path) && streams(path.substring(CALLS.length()));
    }

    static boolean isCall(String path) {
        return path.startsWith(CALLS);
    }

    /** The rule of a request: of its call where it is one, for a route of calls may be that of a whole service. */
    static Optional<Rule> of(Route route, HttpMethod method, String path) {
        return isCall(path) ? ofCall(path) : Optional.ofNullable(BY_ROUTE.get(method + " " + path(route)));
    }

    /** The rule of the route that does the same as a call, given the path of the call. */
    static Optional<Rule> ofCall(String path) {
        return Optional.ofNullable(ROUTE_OF_CALL.get(path.substring(CALLS.length())))
                .map(BY_ROUTE::get);
    }

    /** Whether every request of a route would have a rule; of a whole service's calls those without are found one by one. */
    private static boolean ruled(Route route, HttpMethod method) {
        String path = path(route);
        return path.endsWith("/{method}") && path.startsWith(CALLS)
                ? ROUTE_OF_CALL.keySet().stream().anyMatch(call -> path.startsWith(CALLS + call.split("/")[0] + "/"))
                : of(route, method, path).isPresent();
    }

    private static String path(Route route) {
        return COLON.matcher(route.patternString()).replaceAll("{$1}");
    }

    /** A route as method and path. */
    static String named(Route route) {
        return (route.methods().size() == 1 ? route.methods().iterator().next() : "*") + " " + path(route);
    }

    /** The routes of a server that nobody has said anything of. */
    static List<String> missing(Server server) {
        List<String> missing = new ArrayList<>();
        for (ServiceConfig config : server.serviceConfigs()) {
            Route route = config.route();
            if (!route.isFallback() && !open(route)) {
                route.methods().stream()
                        .filter(method -> !ruled(route, method))
                        .forEach(method -> missing.add(method + " " + path(route)));
            }
        }
        return missing;
    }
}
