package dev.cutover.business.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cutover.business.refusal.ModuleRefusal;
import dev.cutover.business.refusal.ModuleRefusal.Reason;
import java.util.Set;
import java.util.regex.Pattern;

/** A JSON object as somebody sent it. */
record JsonBody(JsonNode node) {
    private static final JsonMapper MAPPER = new JsonMapper();

    static JsonBody read(String text, String... fields) {
        try {
            JsonNode node = MAPPER.readTree(text);
            if (node == null || !node.isObject()) {
                throw invalid("The body is no JSON object.");
            }
            Set<String> known = Set.of(fields);
            node.fieldNames().forEachRemaining(field -> {
                if (!known.isEmpty() && !known.contains(field)) {
                    throw invalid("There is no field '" + field + "'; there are " + String.join(", ", fields) + ".");
                }
            });
            return new JsonBody(node);
        } catch (JsonProcessingException e) {
            throw new ModuleRefusal(Reason.PARAMETER_INVALID, "The body is no JSON.", e);
        }
    }

    String text(String field, Pattern pattern) {
        String text = node.path(field).isTextual() ? node.path(field).asText() : "";
        return requireText(field, text, pattern);
    }

    static String requireText(String name, String text, Pattern pattern) {
        if (!pattern.matcher(text).matches()) {
            throw invalid("'" + name + "' has to be a text like " + pattern + ".");
        }
        return text;
    }

    long positive(String field) {
        JsonNode value = node.path(field);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < 1) {
            throw invalid("'" + field + "' has to be a whole number above 0.");
        }
        return value.asLong();
    }

    private static ModuleRefusal invalid(String message) {
        return new ModuleRefusal(Reason.PARAMETER_INVALID, message);
    }
}
