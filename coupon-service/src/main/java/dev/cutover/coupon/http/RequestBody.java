package dev.cutover.coupon.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * One JSON object of a request, read strictly: a field nobody knows is a typing error, and a number that would have to be rounded or
 * read from text is none. Owned by one thread.
 */
final class RequestBody {
    private static final Pattern REASON = Pattern.compile("[^\\p{Cntrl}]{1,200}");
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final JsonNode object;
    private final String path;

    private RequestBody(JsonNode object, String path) {
        this.object = object;
        this.path = path;
    }

    static RequestBody parse(String text) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new ApiException(
                    ApiError.PARAMETER_INVALID, "body", "The body is not JSON: " + e.getOriginalMessage() + ".");
        }
        return of(node, "", "body");
    }

    private static RequestBody of(JsonNode node, String path, String name) {
        if (!node.isObject()) {
            throw ApiException.invalid(name, "a JSON object");
        }
        return new RequestBody(node, path);
    }

    /** One that a handler has put together. */
    static RequestBody of(JsonNode object) {
        return of(object, "", "body");
    }

    JsonNode json() {
        return object;
    }

    /** How a problem of this field is named. */
    String path(String field) {
        return path + field;
    }

    RequestBody allow(String... fields) {
        for (String unknown : unknown(List.of(fields))) {
            throw new ApiException(ApiError.PARAMETER_UNKNOWN, unknown, "'" + unknown + "' is not a known field.");
        }
        return this;
    }

    /** The paths of the fields that are none of these. */
    List<String> unknown(Collection<String> fields) {
        List<String> unknown = new ArrayList<>();
        object.fieldNames().forEachRemaining(field -> {
            if (!fields.contains(field)) {
                unknown.add(path + field);
            }
        });
        return unknown;
    }

    boolean flag(String field) {
        JsonNode value = require(field);
        if (!value.isBoolean()) {
            throw ApiException.invalid(path + field, "true or false");
        }
        return value.booleanValue();
    }

    boolean has(String field) {
        return object.hasNonNull(field);
    }

    private JsonNode require(String field) {
        JsonNode value = object.get(field);
        if (value == null || value.isNull()) {
            throw ApiException.missing(path + field);
        }
        return value;
    }

    long integer(String field, long least, long most) {
        return integer(require(field), path + field, least, most);
    }

    private static long integer(JsonNode value, String name, long least, long most) {
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < least
                || value.longValue() > most) {
            throw ApiException.invalid(name, "an integer from " + least + " to " + most);
        }
        return value.longValue();
    }

    OptionalLong optionalInteger(String field, long least, long most) {
        return has(field) ? OptionalLong.of(integer(field, least, most)) : OptionalLong.empty();
    }

    String text(String field) {
        JsonNode value = require(field);
        if (!value.isTextual()) {
            throw ApiException.invalid(path + field, "a string");
        }
        return value.textValue();
    }

    String text(String field, Pattern pattern, String expected) {
        String value = text(field);
        if (!pattern.matcher(value).matches()) {
            throw ApiException.invalid(path + field, expected);
        }
        return value;
    }

    /** Why the back office does what it does. */
    String reason() {
        return text("reason", REASON, "1 to 200 characters");
    }

    RequestBody child(String field) {
        return of(require(field), path + field + ".", path + field);
    }

    List<RequestBody> children(String field) {
        List<RequestBody> children = new ArrayList<>();
        JsonNode list = list(field);
        for (int i = 0; i < list.size(); i++) {
            String name = path + field + "[" + i + "]";
            children.add(of(list.get(i), name + ".", name));
        }
        return children;
    }

    long[] integers(String field, long least, long most) {
        JsonNode list = list(field);
        long[] integers = new long[list.size()];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = integer(list.get(i), path + field + "[" + i + "]", least, most);
        }
        return integers;
    }

    List<String> texts(String field) {
        return texts(field, false);
    }

    List<String> texts(String field, boolean maybeNone) {
        List<String> texts = new ArrayList<>();
        JsonNode list = maybeNone && require(field).isArray() ? require(field) : list(field);
        for (int i = 0; i < list.size(); i++) {
            if (!list.get(i).isTextual()) {
                throw ApiException.invalid(path + field + "[" + i + "]", "a string");
            }
            texts.add(list.get(i).textValue());
        }
        return texts;
    }

    List<Integer> integers(String field, int least, int most) {
        return Arrays.stream(integers(field, (long) least, most))
                .mapToObj(value -> (int) value)
                .toList();
    }

    private JsonNode list(String field) {
        JsonNode value = require(field);
        if (!value.isArray() || value.isEmpty()) {
            throw ApiException.invalid(path + field, "a list of at least one");
        }
        return value;
    }
}
