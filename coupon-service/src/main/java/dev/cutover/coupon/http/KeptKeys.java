package dev.cutover.coupon.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.token.Tenant;
import java.util.List;
import java.util.Optional;

/** Keys and numbers in answers: told as they were given, not as they are kept. */
final class KeptKeys {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> FIELDS = List.of("request_no", "batch_no", "issuance_no", "recall_no");

    private KeptKeys() {}

    /** @param key of the request that is answered */
    static String told(Tenant tenant, Optional<KeptKey> key, String json) {
        if (json.indexOf(Tenant.MARK) < 0
                && key.filter(own -> json.contains(own.kept())).isEmpty()) {
            return json;
        }
        try {
            JsonNode answer = JSON.readTree(json);
            told(tenant, key, answer);
            answer.path("data").forEach(one -> told(tenant, key, one));
            return answer.toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An answer is not JSON: " + json, e);
        }
    }

    private static void told(Tenant tenant, Optional<KeptKey> key, JsonNode node) {
        if (node instanceof ObjectNode object) {
            for (String field : FIELDS) {
                if (object.path(field).isTextual()) {
                    String kept = object.path(field).textValue();
                    object.put(
                            field,
                            key.filter(own -> own.kept().equals(kept))
                                    .map(KeptKey::given)
                                    .orElseGet(() -> tenant.told(kept)));
                }
            }
        }
    }
}
