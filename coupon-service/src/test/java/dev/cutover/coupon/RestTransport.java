package dev.cutover.coupon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** REST, with the client of the JDK. */
final class RestTransport implements Transport {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> ROUTES = Map.ofEntries(
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
            Map.entry("CodeService/CreateCodeBatch", "POST /v1/code_batches"),
            Map.entry("CodeService/ExportCodes", "GET /v1/code_batches/{id}/export"),
            Map.entry("CodeService/GetCodeBatch", "GET /v1/code_batches/{id}"),
            Map.entry("TemplateService/CreateTemplate", "POST /v1/templates"),
            Map.entry("TemplateService/GetTemplate", "GET /v1/templates/{id}"),
            Map.entry("TemplateService/PublishTemplate", "POST /v1/templates/{id}/publish"),
            Map.entry("TemplateService/PauseTemplate", "POST /v1/templates/{id}/pause"),
            Map.entry("TemplateService/ResumeTemplate", "POST /v1/templates/{id}/resume"),
            Map.entry("TemplateService/EndTemplate", "POST /v1/templates/{id}/end"),
            Map.entry("TemplateService/AdjustStock", "POST /v1/templates/{id}/stock_adjustments"),
            Map.entry("TemplateService/AdjustBudget", "POST /v1/templates/{id}/budget_adjustments"),
            Map.entry("TemplateService/ReplaceProducts", "PUT /v1/templates/{id}/products"),
            Map.entry("IssuanceService/CreateIssuance", "POST /v1/issuances"),
            Map.entry("IssuanceService/GetIssuance", "GET /v1/issuances/{id}"),
            Map.entry("IssuanceService/PauseIssuance", "POST /v1/issuances/{id}/pause"),
            Map.entry("IssuanceService/CancelIssuance", "POST /v1/issuances/{id}/cancel"),
            Map.entry("TemplateService/RecallCoupons", "POST /v1/templates/{id}/recalls"),
            Map.entry("TemplateService/GetRecall", "GET /v1/recalls/{id}"),
            Map.entry("StatsService/GetStats", "GET /v1/templates/{id}/stats"));

    private final HttpClient client = HttpClient.newHttpClient();
    private final int port;

    RestTransport(int port) {
        this.port = port;
    }

    @Override
    public Reply call(Call call) {
        String route = Objects.requireNonNull(ROUTES.get(call.name()), call.name());
        String method = route.substring(0, route.indexOf(' '));
        String path = route.substring(route.indexOf(' ') + 1);
        ObjectNode fields = (ObjectNode) read(call.fields());
        for (String name : List.of("id", "user_id", "request_no", "product")) {
            if (path.contains("{" + name + "}")) {
                JsonNode value = fields.remove(name);
                path = path.replace("{" + name + "}", value == null ? "" : encoded(value.asText()));
            }
        }
        boolean inPath = method.equals("GET") || method.equals("DELETE");
        if (inPath && !fields.isEmpty()) {
            List<String> query = new ArrayList<>();
            fields.fields()
                    .forEachRemaining(one -> query.add(
                            one.getKey() + "=" + encoded(one.getValue().asText())));
            path += "?" + String.join("&", query);
        }
        return send(method, path, inPath || fields.isEmpty() ? "" : fields.toString(), call.metadata());
    }

    /** Any request. */
    Reply send(String method, String path, String body, Map<String, String> headers) {
        HttpResponse<String> response = raw(method, path, body, headers);
        JsonNode json = read(response.body());
        JsonNode error = json.path("error");
        return new Reply(
                Integer.toString(response.statusCode()),
                error.path("code").asText(""),
                error.path("param").asText(""),
                error.path("details").toString(),
                response.headers().firstValueAsLong("retry-after").orElse(0),
                response.headers().firstValue("idempotent-replayed").isPresent(),
                response.headers().firstValue("request-id").orElse(""),
                json);
    }

    HttpResponse<String> raw(String method, String path, String body, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        new HashMap<>(headers).forEach(request::header);
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(method + " " + path + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static JsonNode read(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new AssertionError("Not JSON: " + text, e);
        }
    }

    @Override
    public void close() {
        // The JDK's client ends with its last reference.
    }
}
