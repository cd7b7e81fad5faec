package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import dev.cutover.coupon.token.Scope;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The document of OpenAPI 3.1: every route there is a rule for, so none can be missing that the server has. What a route takes and answers is
 * read off the messages of the call that does the same; where there is none, docs/coupon-api.md says it.
 */
final class OpenApi {
    static final String PATH = "/openapi.json";

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int TAG = 2;

    private OpenApi() {}

    /** The document, written when it is first asked for: it reads the messages of calls, which are not loaded before. */
    static HttpService service() {
        return (context, request) ->
                HttpResponse.of(HttpStatus.OK, MediaType.JSON_UTF_8, document().toString());
    }

    static ObjectNode document() {
        ObjectNode document = JSON.objectNode().put("openapi", "3.1.0");
        document.putObject("info")
                .put("title", "Coupons")
                .put("version", "v1")
                .put("description", "docs/coupon-api.md has examples to paste and the rules of every field.");
        Map<String, String> calls = new HashMap<>();
        RouteRules.calls().forEach((call, route) -> {
            if (!RouteRules.streams(call)) {
                calls.put(route, call);
            }
        });
        CallSchemas schemas = new CallSchemas();
        ObjectNode paths = document.putObject("paths");
        for (RouteRules.Rule rule : RouteRules.all()) {
            paths.withObject("/" + rule.path().replace("~", "~0").replace("/", "~1"))
                    .set(
                            rule.method().name().toLowerCase(Locale.ROOT),
                            operation(rule, Optional.ofNullable(calls.get(rule.route())), schemas));
        }
        RouteRules.openPaths().stream()
                .sorted()
                .forEach(path -> paths.putObject(path)
                        .putObject("get")
                        .put("summary", RouteTexts.of("GET " + path))
                        .putObject("responses")
                        .putObject("200")
                        .put("description", "As it stands."));
        ObjectNode components = document.putObject("components");
        ObjectNode all = schemas.components();
        all.set("Error", error());
        components.set("schemas", all);
        components
                .putObject("securitySchemes")
                .putObject("token")
                .put("type", "http")
                .put("scheme", "bearer")
                .put("description", "Asked for where COUPON_TOKENS names a file.");
        return document;
    }

    private static ObjectNode operation(RouteRules.Rule rule, Optional<String> call, CallSchemas schemas) {
        ObjectNode operation = JSON.objectNode().put("summary", RouteTexts.of(rule.route()));
        operation.putArray("tags").add(rule.path().split("/")[TAG]);
        ArrayNode parameters = JSON.arrayNode();
        rule.pathNames().forEach(name -> parameters.add(parameter(name, "path", true)));
        boolean body = rule.method() != HttpMethod.GET && rule.method() != HttpMethod.DELETE;
        ObjectNode takes =
                call.map(name -> schemas.request(name, rule.pathNames())).orElseGet(OpenApi::anything);
        if (call.isPresent()) {
            if (schemas.hasKey(call.get(), rule.pathNames())) {
                parameters.add(parameter(Headers.IDEMPOTENCY_KEY.toString(), "header", true));
            }
            if (!body) {
                takes.path("properties")
                        .fields()
                        .forEachRemaining(field -> ((ObjectNode) parameters.addObject())
                                .put("name", field.getKey())
                                .put("in", "query")
                                .set("schema", field.getValue()));
            }
        }
        if (!parameters.isEmpty()) {
            operation.set("parameters", parameters);
        }
        if (body && (call.isEmpty() || !takes.path("properties").isEmpty())) {
            operation
                    .putObject("requestBody")
                    .putObject("content")
                    .putObject("application/json")
                    .set("schema", takes);
        }
        ObjectNode responses = operation.putObject("responses");
        content(responses.putObject("2XX").put("description", "Done, or as it stands."))
                .set("schema", call.map(schemas::response).orElseGet(OpenApi::anything));
        content(responses
                        .putObject("default")
                        .put("description", "Refused or failed; " + ErrorPage.PATH + " has every code."))
                .putObject("schema")
                .put("$ref", "#/components/schemas/Error");
        ArrayNode scopes = operation.putArray("x-scopes");
        rule.scopes().stream().sorted().map(Scope::word).forEach(scopes::add);
        operation.putArray("security").addObject().putArray("token");
        return operation;
    }

    private static ObjectNode content(ObjectNode response) {
        return response.putObject("content").putObject("application/json");
    }

    private static ObjectNode anything() {
        return JSON.objectNode().put("type", "object");
    }

    private static ObjectNode parameter(String name, String place, boolean required) {
        ObjectNode parameter =
                JSON.objectNode().put("name", name).put("in", place).put("required", required);
        parameter.putObject("schema").put("type", "string");
        return parameter;
    }

    private static ObjectNode error() {
        ObjectNode schema = anything();
        ObjectNode error = schema.putObject("properties").putObject("error").put("type", "object");
        ObjectNode fields = error.putObject("properties");
        List.of("type", "message", "request_id", "doc_url")
                .forEach(name -> fields.putObject(name).put("type", "string"));
        ArrayNode codes = fields.putObject("code").put("type", "string").putArray("enum");
        for (ApiError one : ApiError.values()) {
            codes.add(one.code());
        }
        fields.putObject("param").putArray("type").add("string").add("null");
        fields.putObject("retryable").put("type", "boolean");
        fields.putObject("details").put("type", "array").putObject("items").put("type", "object");
        return schema;
    }
}
