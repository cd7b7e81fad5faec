package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.cutover.coupon.v1.CouponProto;
import java.util.List;

/** The messages of calls as JSON Schema, under the names REST has for their fields. Owned by one thread. */
final class CallSchemas {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String REQUEST_NO = "request_no";

    private final ObjectNode components = JSON.objectNode();

    ObjectNode components() {
        return components;
    }

    private static MethodDescriptor method(String call) {
        String[] parts = call.split("/", -1);
        return CouponProto.getDescriptor().findServiceByName(parts[0]).findMethodByName(parts[1]);
    }

    /** What the request of a call has besides the path and the key. */
    ObjectNode request(String call, List<String> pathNames) {
        ObjectNode schema = JSON.objectNode().put("type", "object");
        ObjectNode fields = schema.putObject("properties");
        for (FieldDescriptor field : method(call).getInputType().getFields()) {
            if (!pathNames.contains(field.getName()) && !field.getName().equals(REQUEST_NO)) {
                fields.set(CallMessages.name(field), field(field));
            }
        }
        return schema;
    }

    /** Whether a call wants an idempotency key. */
    boolean hasKey(String call, List<String> pathNames) {
        return !pathNames.contains(REQUEST_NO) && method(call).getInputType().findFieldByName(REQUEST_NO) != null;
    }

    ObjectNode response(String call) {
        return reference(method(call).getOutputType());
    }

    private ObjectNode reference(Descriptor message) {
        String name = message.getFullName().substring("coupon.v1.".length()).replace('.', '_');
        if (!components.has(name)) {
            ObjectNode schema = components.putObject(name).put("type", "object");
            ObjectNode fields = schema.putObject("properties");
            message.getFields().forEach(field -> fields.set(CallMessages.name(field), field(field)));
        }
        return JSON.objectNode().put("$ref", "#/components/schemas/" + name);
    }

    private ObjectNode field(FieldDescriptor field) {
        if (field.isMapField()) {
            ObjectNode map = JSON.objectNode().put("type", "object");
            map.putObject("additionalProperties").put("type", "string");
            return map;
        }
        if (field.isRepeated()) {
            ObjectNode list = JSON.objectNode().put("type", "array");
            list.set("items", one(field));
            return list;
        }
        return one(field);
    }

    private ObjectNode one(FieldDescriptor field) {
        ObjectNode schema = JSON.objectNode();
        return switch (field.getJavaType()) {
            case INT, LONG ->
                CallMessages.isTime(field)
                        ? schema.put("type", "string").put("format", "date-time")
                        : schema.put("type", "integer").put("format", "int64");
            case BOOLEAN -> schema.put("type", "boolean");
            case STRING, BYTE_STRING -> schema.put("type", "string");
            case FLOAT, DOUBLE -> schema.put("type", "number");
            case MESSAGE -> reference(field.getMessageType());
            case ENUM -> {
                ArrayNode words = schema.put("type", "string").putArray("enum");
                List<EnumValueDescriptor> values = field.getEnumType().getValues();
                values.subList(1, values.size()).forEach(value -> words.add(CallMessages.word(value)));
                yield schema;
            }
        };
    }
}
