package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Messages of coupon.proto as the JSON of REST and back: the same names, except that a time is {@code x_ms} here and {@code x} there, and
 * words of enums have the name of their enum before them.
 */
final class CallMessages {
    private static final String MILLIS = "_ms";
    // Whose words REST writes small.
    private static final Set<String> SMALL = Set.of("ClaimMode", "StatsGroup");

    private CallMessages() {}

    /** What is set in a message. */
    static ObjectNode json(Message message) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        message.getAllFields().forEach((field, value) -> {
            if (field.isMapField()) {
                ObjectNode map = node.putObject(field.getName());
                for (Object entry : (List<?>) value) {
                    MapEntry<?, ?> one = (MapEntry<?, ?>) entry;
                    map.put(String.valueOf(one.getKey()), String.valueOf(one.getValue()));
                }
            } else if (field.isRepeated()) {
                ArrayNode list = node.putArray(field.getName());
                ((List<?>) value).forEach(one -> list.add(json(field, one)));
            } else {
                node.set(name(field), json(field, value));
            }
        });
        return node;
    }

    private static JsonNode json(FieldDescriptor field, Object value) {
        return switch (field.getJavaType()) {
            case INT, LONG -> isTime(field) ? time((Long) value) : JsonNodeFactory.instance.numberNode((Long) value);
            case BOOLEAN -> JsonNodeFactory.instance.booleanNode((Boolean) value);
            case STRING -> JsonNodeFactory.instance.textNode((String) value);
            case FLOAT, DOUBLE -> JsonNodeFactory.instance.numberNode(((Number) value).doubleValue());
            case ENUM -> JsonNodeFactory.instance.textNode(word((EnumValueDescriptor) value));
            case MESSAGE -> json((Message) value);
            case BYTE_STRING -> throw unknown(field);
        };
    }

    private static JsonNode time(long millis) {
        try {
            return JsonNodeFactory.instance.textNode(
                    Instant.ofEpochMilli(millis).toString());
        } catch (DateTimeException e) {
            throw new IllegalStateException("No time: " + millis, e);
        }
    }

    static boolean isTime(FieldDescriptor field) {
        return field.getName().endsWith(MILLIS);
    }

    static String name(FieldDescriptor field) {
        String name = field.getName();
        return isTime(field) ? name.substring(0, name.length() - MILLIS.length()) : name;
    }

    static String word(EnumValueDescriptor value) {
        String prefix = prefix(value.getType());
        String name = value.getName();
        // One that a newer client knows is told as it is, and refused by whoever reads it.
        String word = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
        return SMALL.contains(value.getType().getName()) ? word.toLowerCase(Locale.ROOT) : word;
    }

    private static String prefix(EnumDescriptor type) {
        String zero = type.getValues().get(0).getName();
        return zero.substring(0, zero.length() - "UNSPECIFIED".length());
    }

    /** An answer of REST as a message of this kind; what the message has no field for is left out. */
    static Message message(Message kind, JsonNode json) {
        Message.Builder builder = kind.newBuilderForType();
        for (FieldDescriptor field : kind.getDescriptorForType().getFields()) {
            JsonNode value = json.path(name(field));
            if (value.isMissingNode() || value.isNull()) {
                continue;
            }
            if (field.isMapField()) {
                value.fields()
                        .forEachRemaining(entry -> builder.addRepeatedField(
                                field, entry(builder, field, entry.getKey(), entry.getValue())));
            } else if (field.isRepeated()) {
                value.forEach(one -> builder.addRepeatedField(field, value(builder, field, one)));
            } else {
                builder.setField(field, value(builder, field, value));
            }
        }
        return builder.build();
    }

    private static Message entry(Message.Builder builder, FieldDescriptor field, String key, JsonNode value) {
        Message.Builder entry = builder.newBuilderForField(field);
        FieldDescriptor ofKey = field.getMessageType().findFieldByName("key");
        FieldDescriptor ofValue = field.getMessageType().findFieldByName("value");
        return entry.setField(ofKey, key).setField(ofValue, value.asText()).build();
    }

    private static Object value(Message.Builder builder, FieldDescriptor field, JsonNode value) {
        return switch (field.getJavaType()) {
            case INT, LONG -> isTime(field) ? Instant.parse(value.asText()).toEpochMilli() : value.longValue();
            case BOOLEAN -> value.booleanValue();
            case STRING -> value.asText();
            case FLOAT, DOUBLE -> value.doubleValue();
            case ENUM -> {
                EnumDescriptor type = field.getEnumType();
                EnumValueDescriptor found =
                        type.findValueByName(prefix(type) + value.asText().toUpperCase(Locale.ROOT));
                yield found == null ? type.getValues().get(0) : found;
            }
            case MESSAGE -> message(builder.newBuilderForField(field).getDefaultInstanceForType(), value);
            case BYTE_STRING -> throw unknown(field);
        };
    }

    private static IllegalStateException unknown(FieldDescriptor field) {
        return new IllegalStateException(field.getFullName() + " is of a type that no field of REST has.");
    }
}
