package dev.cutover.coupon.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.token.Tenant;
import java.util.List;

/** Keys and numbers of applications in answers: kept with a mark behind them, told without. */
final class KeptKeys {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> FIELDS = List.of("request_no", "batch_no", "issuance_no");

    private KeptKeys() {}

    static String told(Tenant tenant, String json) {
        if (json.indexOf(Tenant.MARK) < 0) {
            return json;
        }
        try {
            JsonNode answer = JSON.readTree(json);
            told(tenant, answer);
            answer.path("data").forEach(one -> told(tenant, one));
            return answer.toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An answer is not JSON: " + json, e);
        }
    }

    private static void told(Tenant tenant, JsonNode node) {
        if (node instanceof ObjectNode object) {
            FIELDS.stream()
                    .filter(field -> object.path(field).isTextual())
                    .forEach(field ->
                            object.put(field, tenant.told(object.path(field).textValue())));
        }
    }
}
