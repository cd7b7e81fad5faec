package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.HttpMethod;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TokenId;
import dev.cutover.coupon.token.App;
import dev.cutover.coupon.token.Apps;
import dev.cutover.coupon.token.Quota;
import dev.cutover.coupon.token.Scope;
import dev.cutover.coupon.token.Token;
import dev.cutover.coupon.token.Tokens;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Applications and their tokens, for administrators. Blocks; safe for many threads. */
final class AppsApi {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,63}");
    private static final Duration USUAL_LIFETIME = Duration.ofDays(90);
    private static final Duration LONGEST_LIFETIME = Duration.ofDays(400);
    private static final Duration USUAL_OVERLAP = Duration.ofHours(1);
    private static final Duration LONGEST_OVERLAP = Duration.ofDays(30);

    private final Apps apps;
    private final Tokens tokens;

    AppsApi(Apps apps, Tokens tokens) {
        this.apps = apps;
        this.tokens = tokens;
    }

    void register(Routes routes) {
        routes.post("/v1/apps", this::create);
        routes.get("/v1/apps", this::list);
        routes.get("/v1/apps/{id}", this::one);
        routes.post("/v1/apps/{id}/disable", request -> disable(request, true));
        routes.post("/v1/apps/{id}/enable", request -> disable(request, false));
        routes.add(HttpMethod.PUT, "/v1/apps/{id}/quota", this::limit);
        routes.post("/v1/apps/{id}/tokens", this::issue);
        routes.get("/v1/apps/{id}/tokens", this::tokens);
        routes.add(HttpMethod.DELETE, "/v1/apps/{id}/tokens/{token}", this::revoke);
    }

    private ApiAnswer create(ApiRequest request) {
        RequestBody body = request.body().allow("name");
        String name = body.text("name", NAME, "1 to 64 small letters, digits and '-', a letter first");
        Apps.Created created = apps.create(name, request.operator());
        return ApiAnswer.ofNaturalKey(shape(created.app()), created.known());
    }

    private ApiAnswer list(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        Optional<AppId> after = request.startingAfter(AppId::parse, "the id of an application");
        return page(
                request,
                limit -> apps.page(after, limit),
                AppsApi::shape,
                app -> app.id().toString());
    }

    private static <T> ApiAnswer page(
            ApiRequest request, IntFunction<List<T>> read, Function<T, ObjectNode> shape, Function<T, String> cursor) {
        int limit = request.limit();
        List<T> found = read.apply(limit + 1);
        boolean more = found.size() > limit;
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        found.stream().limit(limit).map(shape).forEach(data::add);
        node.put("has_more", more);
        node.put("next_cursor", more ? cursor.apply(found.get(limit - 1)) : null);
        return ApiAnswer.ok(node);
    }

    private ApiAnswer one(ApiRequest request) {
        request.allowQuery();
        return ApiAnswer.ok(shape(app(request)));
    }

    private ApiAnswer disable(ApiRequest request, boolean disabled) {
        Operator operator = request.operator();
        App app = app(request);
        if (app.id().equals(AppId.MALL)) {
            throw ApiException.invalid("id", "an application other than the mall: revoke its tokens instead");
        }
        apps.disable(app.id(), disabled, operator);
        tokens.refresh();
        return ApiAnswer.ok(shape(app(request)));
    }

    private ApiAnswer limit(ApiRequest request) {
        Operator operator = request.operator();
        App app = app(request);
        RequestBody body = request.body().allow("per_second", "burst");
        int perSecond = (int) body.integer("per_second", 0, Quota.MOST);
        int burst = (int) body.optionalInteger("burst", 1, Quota.MOST).orElse(Math.max(1, perSecond));
        if (app.id().equals(AppId.MALL)) {
            throw ApiException.invalid("id", "an application other than the mall, which has no limit");
        }
        apps.limit(app.id(), perSecond == 0 ? Optional.empty() : Optional.of(new Quota(perSecond, burst)), operator);
        tokens.refresh();
        return ApiAnswer.ok(shape(app(request)));
    }

    private ApiAnswer issue(ApiRequest request) {
        App app = app(request);
        RequestBody body = request.body().allow("scopes", "ttl_seconds", "replaces", "overlap_seconds");
        Set<Scope> scopes = scopes(body, app.id());
        Set<TokenId> replaced = body.has("replaces") ? replaced(body, app.id()) : Set.of();
        Duration lifetime = seconds(body, "ttl_seconds", 1, LONGEST_LIFETIME, USUAL_LIFETIME);
        Duration overlap = seconds(body, "overlap_seconds", 0, LONGEST_OVERLAP, USUAL_OVERLAP);
        Apps.Issued issued =
                apps.issue(new Apps.Order(app.id(), scopes, lifetime, replaced, overlap, request.operator()));
        tokens.refresh();
        ObjectNode node = shape(issued.token());
        node.put("token", issued.secret());
        return ApiAnswer.ofNaturalKey(node, false);
    }

    private static Set<Scope> scopes(RequestBody body, AppId app) {
        EnumSet<Scope> scopes = EnumSet.noneOf(Scope.class);
        List<String> words = body.texts("scopes");
        for (int i = 0; i < words.size(); i++) {
            String path = "scopes[" + i + "]";
            scopes.add(Scope.ofWord(words.get(i))
                    .orElseThrow(() ->
                            ApiException.invalid(path, "one of 'claim', 'use', 'read', 'backoffice' and 'admin'")));
        }
        if (scopes.contains(Scope.ADMIN) && !app.equals(AppId.MALL)) {
            throw ApiException.invalid(
                    "scopes", "what an application can have: only the mall's own tokens are 'admin'");
        }
        return scopes;
    }

    private Set<TokenId> replaced(RequestBody body, AppId app) {
        Set<TokenId> replaced = new HashSet<>();
        for (String text : body.texts("replaces")) {
            TokenId id = TokenId.parse(text)
                    .filter(token -> apps.token(app, token).isPresent())
                    .orElseThrow(() -> new ApiException(
                            ApiError.TOKEN_NOT_FOUND, "replaces", "The application has no token '" + text + "'."));
            replaced.add(id);
        }
        return replaced;
    }

    private static Duration seconds(RequestBody body, String field, long least, Duration most, Duration usual) {
        return Duration.ofSeconds(
                body.optionalInteger(field, least, most.toSeconds()).orElse(usual.toSeconds()));
    }

    private ApiAnswer tokens(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        App app = app(request);
        Optional<TokenId> after = request.startingAfter(TokenId::parse, "the id of a token");
        return page(
                request,
                limit -> apps.tokens(app.id(), after, limit),
                AppsApi::shape,
                token -> token.id().toString());
    }

    private ApiAnswer revoke(ApiRequest request) {
        Operator operator = request.operator();
        request.allowQuery();
        App app = app(request);
        String text = request.path("token");
        TokenId id = TokenId.parse(text)
                .filter(token -> apps.token(app.id(), token).isPresent())
                .orElseThrow(() -> new ApiException(
                        ApiError.TOKEN_NOT_FOUND, "token", "The application has no token '" + text + "'."));
        apps.revoke(app.id(), id, operator);
        tokens.refresh();
        return ApiAnswer.ok(shape(apps.token(app.id(), id).orElseThrow()));
    }

    private App app(ApiRequest request) {
        String text = request.path("id");
        return AppId.parse(text)
                .flatMap(apps::find)
                .orElseThrow(() ->
                        new ApiException(ApiError.APP_NOT_FOUND, "id", "There is no application '" + text + "'."));
    }

    private static ObjectNode shape(App app) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "app");
        node.put("id", app.id().toString());
        node.put("name", app.name());
        node.put("disabled", app.disabled());
        app.quota()
                .ifPresentOrElse(
                        quota -> node.putObject("quota")
                                .put("per_second", quota.perSecond())
                                .put("burst", quota.burst()),
                        () -> node.putNull("quota"));
        node.put("created_by", app.createdBy().isEmpty() ? null : app.createdBy());
        node.put("created_at", app.createdAt() == 0 ? null : time(app.createdAt()));
        return node;
    }

    private static ObjectNode shape(Token token) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "token");
        node.put("id", token.id().toString());
        node.put("app_id", token.app().toString());
        ArrayNode scopes = node.putArray("scopes");
        token.scopes().stream().sorted().map(Scope::word).forEach(scopes::add);
        node.put("expires_at", time(token.expiresAt()));
        node.put("revoked_at", token.revokedAt() == null ? null : time(token.revokedAt()));
        node.put("created_by", token.createdBy());
        node.put("created_at", time(token.createdAt()));
        return node;
    }

    private static @Nullable String time(@Nullable Long epochMillis) {
        return epochMillis == null ? null : Instant.ofEpochMilli(epochMillis).toString();
    }
}
