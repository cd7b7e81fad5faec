package dev.cutover.coupon.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpStatus;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.WebhookId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.Shapes;
import dev.cutover.coupon.token.App;
import dev.cutover.coupon.token.Apps;
import dev.cutover.coupon.webhook.Delivery;
import dev.cutover.coupon.webhook.EventId;
import dev.cutover.coupon.webhook.EventType;
import dev.cutover.coupon.webhook.Webhook;
import dev.cutover.coupon.webhook.Webhooks;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Where applications are told of their coupons, for administrators. Blocks; safe for many threads. */
final class WebhooksApi {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration LONGEST_OVERLAP = Duration.ofDays(30);
    private static final int MOST = 10;

    private final Webhooks webhooks;
    private final Apps apps;

    WebhooksApi(Webhooks webhooks, Apps apps) {
        this.webhooks = webhooks;
        this.apps = apps;
    }

    void register(Routes routes) {
        routes.post("/v1/apps/{id}/webhooks", this::create);
        routes.get("/v1/apps/{id}/webhooks", this::list);
        routes.add(HttpMethod.DELETE, "/v1/apps/{id}/webhooks/{webhook}", this::delete);
        routes.post("/v1/apps/{id}/webhooks/{webhook}/rotate", this::rotate);
        routes.get("/v1/apps/{id}/webhooks/{webhook}/deliveries", this::deliveries);
        routes.post("/v1/apps/{id}/webhooks/{webhook}/replay", this::replay);
    }

    private ApiAnswer create(ApiRequest request) {
        Operator operator = request.operator();
        AppId app = app(request);
        RequestBody body = request.body().allow("url", "types");
        URI url = url(body.text("url"));
        Set<EventType> types = EnumSet.noneOf(EventType.class);
        if (body.has("types")) {
            List<String> words = body.texts("types");
            for (int i = 0; i < words.size(); i++) {
                String path = "types[" + i + "]";
                types.add(EventType.parse(words.get(i))
                        .orElseThrow(() -> ApiException.invalid(
                                path,
                                "one of "
                                        + Arrays.stream(EventType.values())
                                                .map(EventType::word)
                                                .collect(Collectors.joining(", ")))));
            }
        } else {
            types.addAll(EnumSet.allOf(EventType.class));
        }
        if (webhooks.of(app).size() >= MOST) {
            throw ApiException.tooMany("id", MOST, "An application has at most " + MOST + " webhooks.");
        }
        return new ApiAnswer(
                HttpStatus.CREATED,
                shape(webhooks.create(app, url, types, operator)).toString(),
                false);
    }

    private URI url(String text) {
        try {
            URI url = new URI(text);
            webhooks.problem(url).ifPresent(expected -> {
                throw ApiException.invalid("url", expected);
            });
            return url;
        } catch (URISyntaxException e) {
            throw ApiException.invalid("url", "an address that begins with https://");
        }
    }

    private ApiAnswer list(ApiRequest request) {
        request.allowQuery();
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        webhooks.of(app(request)).forEach(webhook -> data.add(shape(webhook)));
        node.put("has_more", false);
        node.putNull("next_cursor");
        return ApiAnswer.ok(node);
    }

    private ApiAnswer delete(ApiRequest request) {
        request.allowQuery();
        Operator operator = request.operator();
        AppId app = app(request);
        Webhook webhook = webhooks.require(app, id(request));
        webhooks.delete(app, webhook.id(), operator);
        return ApiAnswer.ok(shape(webhook).put("deleted", true));
    }

    private ApiAnswer rotate(ApiRequest request) {
        Operator operator = request.operator();
        AppId app = app(request);
        RequestBody body = request.body().allow("overlap_seconds");
        Duration overlap = Duration.ofSeconds(body.optionalInteger("overlap_seconds", 0, LONGEST_OVERLAP.toSeconds())
                .orElse(Webhooks.USUAL_OVERLAP.toSeconds()));
        return ApiAnswer.ok(shape(webhooks.rotate(app, id(request), overlap, operator)));
    }

    private ApiAnswer deliveries(ApiRequest request) {
        request.allowQuery("limit", "starting_after", "state");
        int limit = request.limit();
        List<Delivery> page = webhooks.deliveries(
                app(request),
                id(request),
                request.query("state")
                        .map(text -> Delivery.State.parse(text)
                                .orElseThrow(() -> ApiException.invalid(
                                        "state", "one of " + Arrays.toString(Delivery.State.values())))),
                request.startingAfter(EventId::parse, "the id of an event"),
                limit + 1);
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        page.stream().limit(limit).forEach(delivery -> data.add(shape(delivery)));
        boolean more = page.size() > limit;
        node.put("has_more", more);
        node.put("next_cursor", more ? page.get(limit - 1).id().toString() : null);
        return ApiAnswer.ok(node);
    }

    private ApiAnswer replay(ApiRequest request) {
        Operator operator = request.operator();
        AppId app = app(request);
        RequestBody body = request.body().allow("event_id");
        Optional<EventId> event = body.has("event_id")
                ? Optional.of(EventId.parse(body.text("event_id"))
                        .orElseThrow(() -> ApiException.invalid("event_id", "the id of an event")))
                : Optional.empty();
        return ApiAnswer.ok(JsonNodeFactory.instance
                .objectNode()
                .put("object", "webhook_replay")
                .put("replayed", webhooks.replay(app, id(request), event, operator)));
    }

    private AppId app(ApiRequest request) {
        String text = request.path("id");
        return AppId.parse(text)
                .flatMap(apps::find)
                .map(App::id)
                .orElseThrow(() ->
                        new ApiException(ApiError.APP_NOT_FOUND, "id", "There is no application '" + text + "'."));
    }

    private static WebhookId id(ApiRequest request) {
        String text = request.path("webhook");
        return WebhookId.parse(text)
                .orElseThrow(() -> new Refusal(
                        Reason.WEBHOOK_NOT_FOUND, "webhook", "The application has no webhook '" + text + "'."));
    }

    private static ObjectNode shape(Webhooks.Told told) {
        return shape(told.webhook()).put("secret", told.secret());
    }

    private static ObjectNode shape(Webhook webhook) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "webhook");
        node.put("id", webhook.id().toString());
        node.put("app_id", webhook.app().toString());
        node.put("url", webhook.url().toString());
        ArrayNode types = node.putArray("types");
        webhook.types().stream().sorted().map(EventType::word).forEach(types::add);
        node.put("created_by", webhook.createdBy());
        node.put("created_at", Shapes.time(webhook.createdAt()));
        return node;
    }

    private static ObjectNode shape(Delivery delivery) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "webhook_delivery");
        node.put("event_id", delivery.id().toString());
        node.put("state", delivery.state().name());
        node.put("attempts", delivery.attempts());
        node.put("next_attempt_at", delivery.state() == Delivery.State.WAITING ? Shapes.time(delivery.nextAt()) : null);
        node.put("delivered_at", Shapes.time(delivery.deliveredAt()));
        node.put("error", delivery.error());
        try {
            node.set("event", JSON.readTree(delivery.event()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("MySQL keeps only JSON in a column of that type.", e);
        }
        return node;
    }
}
