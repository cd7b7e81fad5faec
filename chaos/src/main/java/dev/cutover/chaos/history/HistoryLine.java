package dev.cutover.chaos.history;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The form of a line: what is written is what is read, and nothing else is. */
final class HistoryLine {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private HistoryLine() {}

    static byte[] encode(HistoryRecord entry) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try (JsonGenerator json = JSON.getFactory().createGenerator(bytes)) {
            json.writeStartObject();
            json.writeStringField("type", entry.type());
            json.writeNumberField("at", entry.at());
            json.writeNumberField("wall", entry.wall());
            if (entry instanceof HistoryRecord.OfOperation of) {
                json.writeNumberField("process", of.process());
                json.writeStringField("op", of.op());
            }
            rest(json, entry);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("A record cannot be written as JSON: " + entry, e);
        }
        bytes.write('\n');
        return bytes.toByteArray();
    }

    private static void rest(JsonGenerator json, HistoryRecord entry) throws IOException {
        if (entry instanceof HistoryRecord.Invoke invoke) {
            json.writeStringField("f", invoke.request().f());
            json.writeNumberField("user", invoke.user());
            request(json, invoke.request());
        } else if (entry instanceof HistoryRecord.Ok ok) {
            json.writeNumberField("epoch", ok.epoch());
            json.writeStringField("side", ok.side().name());
            json.writeNumberField("result", ok.result());
            if (!ok.lists().isEmpty()) {
                lists(json, ok.lists());
            }
        } else if (entry instanceof HistoryRecord.Fail fail) {
            json.writeStringField("why", fail.why());
        } else if (entry instanceof HistoryRecord.Info info) {
            json.writeStringField("why", info.why());
        } else if (entry instanceof HistoryRecord.Fault fault) {
            json.writeStringField("kind", fault.kind());
            json.writeStringField("phase", fault.phase().word());
            json.writeStringField("detail", fault.detail());
        } else if (entry instanceof HistoryRecord.Command command) {
            json.writeStringField("phase", command.phase().word());
            json.writeStringField("words", command.words());
            if (command.exit().isPresent()) {
                json.writeNumberField("exit", command.exit().getAsInt());
            }
        } else if (entry instanceof HistoryRecord.Gate gate) {
            json.writeStringField("verdict", gate.verdict());
            json.writeNumberField("epoch", gate.epoch());
        }
    }

    private static void request(JsonGenerator json, Request request) throws IOException {
        if (request instanceof Request.Append append) {
            json.writeArrayFieldStart("keys");
            for (int key : append.keys()) {
                json.writeNumber(key);
            }
            json.writeEndArray();
        } else if (request instanceof Request.Read read) {
            json.writeStringField("mode", read.mode().word());
        } else if (request instanceof Request.Claim claim) {
            json.writeNumberField("template", claim.template());
        } else if (request instanceof Request.Redeem redeem) {
            json.writeNumberField("coupon", redeem.coupon());
            json.writeStringField("order", redeem.order());
        } else if (request instanceof Request.Release release) {
            json.writeNumberField("coupon", release.coupon());
            json.writeStringField("order", release.order());
        }
    }

    private static void lists(JsonGenerator json, Map<Integer, List<String>> lists) throws IOException {
        json.writeObjectFieldStart("lists");
        for (Map.Entry<Integer, List<String>> list : lists.entrySet()) {
            json.writeArrayFieldStart(Integer.toString(list.getKey()));
            for (String op : list.getValue()) {
                json.writeString(op);
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    static HistoryRecord decode(byte[] line) throws IOException {
        JsonNode node = JSON.readTree(line);
        if (node == null || !node.isObject()) {
            throw new IllegalArgumentException("it is not a JSON object");
        }
        String type = text(node, "type");
        long at = whole(node, "at");
        long wall = whole(node, "wall");
        return switch (type) {
            case "invoke" -> {
                Request request = request(node);
                yield new HistoryRecord.Invoke(
                        at, wall, small(node, "process"), text(node, "op"), small(node, "user"), request);
            }
            case "ok" -> {
                only(node, "process", "op", "epoch", "side", "result", "lists");
                yield new HistoryRecord.Ok(
                        at,
                        wall,
                        small(node, "process"),
                        text(node, "op"),
                        whole(node, "epoch"),
                        Side.valueOf(text(node, "side")),
                        whole(node, "result"),
                        lists(node));
            }
            case "fail" -> {
                only(node, "process", "op", "why");
                yield new HistoryRecord.Fail(at, wall, small(node, "process"), text(node, "op"), text(node, "why"));
            }
            case "info" -> {
                only(node, "process", "op", "why");
                yield new HistoryRecord.Info(at, wall, small(node, "process"), text(node, "op"), text(node, "why"));
            }
            case "fault" -> {
                only(node, "kind", "phase", "detail");
                yield new HistoryRecord.Fault(at, wall, text(node, "kind"), phase(node), text(node, "detail"));
            }
            case "command" -> {
                only(node, "phase", "words", "exit");
                yield new HistoryRecord.Command(
                        at,
                        wall,
                        phase(node),
                        text(node, "words"),
                        node.has("exit") ? OptionalInt.of(small(node, "exit")) : OptionalInt.empty());
            }
            case "gate" -> {
                only(node, "verdict", "epoch");
                yield new HistoryRecord.Gate(at, wall, text(node, "verdict"), whole(node, "epoch"));
            }
            default -> throw new IllegalArgumentException("there is no type '" + type + "'");
        };
    }

    private static Request request(JsonNode node) {
        String f = text(node, "f");
        return switch (f) {
            case "append" -> {
                only(node, "process", "op", "f", "user", "keys");
                List<Integer> keys = new ArrayList<>();
                for (JsonNode key : array(node.get("keys"), "keys")) {
                    keys.add(key.isInt() ? key.intValue() : refuse("keys", "whole numbers"));
                }
                yield new Request.Append(keys);
            }
            case "read" -> {
                only(node, "process", "op", "f", "user", "mode");
                yield new Request.Read(ReadMode.valueOf(text(node, "mode").toUpperCase(Locale.ROOT)));
            }
            case "claim" -> {
                only(node, "process", "op", "f", "user", "template");
                yield new Request.Claim(small(node, "template"));
            }
            case "redeem" -> {
                only(node, "process", "op", "f", "user", "coupon", "order");
                yield new Request.Redeem(whole(node, "coupon"), text(node, "order"));
            }
            case "release" -> {
                only(node, "process", "op", "f", "user", "coupon", "order");
                yield new Request.Release(whole(node, "coupon"), text(node, "order"));
            }
            default -> throw new IllegalArgumentException("there is no f '" + f + "'");
        };
    }

    private static TreeMap<Integer, List<String>> lists(JsonNode node) {
        TreeMap<Integer, List<String>> lists = new TreeMap<>();
        JsonNode given = node.get("lists");
        if (given == null) {
            return lists;
        }
        if (!given.isObject()) {
            throw new IllegalArgumentException("'lists' is not an object");
        }
        given.properties().forEach(field -> {
            List<String> list = new ArrayList<>();
            for (JsonNode op : array(field.getValue(), "lists")) {
                list.add(op.isTextual() ? op.textValue() : refuse("lists", "op ids"));
            }
            lists.put(Integer.valueOf(field.getKey()), list);
        });
        return lists;
    }

    private static JsonNode array(@Nullable JsonNode node, String name) {
        return node != null && node.isArray() ? node : refuse(name, "an array");
    }

    private static Phase phase(JsonNode node) {
        return Phase.valueOf(text(node, "phase").toUpperCase(Locale.ROOT));
    }

    private static String text(JsonNode node, String name) {
        JsonNode value = node.get(name);
        return value != null && value.isTextual() ? value.textValue() : refuse(name, "a text");
    }

    private static long whole(JsonNode node, String name) {
        JsonNode value = node.get(name);
        return value != null && value.canConvertToLong() && value.isIntegralNumber()
                ? value.longValue()
                : HistoryLine.<Long>refuse(name, "a whole number");
    }

    private static int small(JsonNode node, String name) {
        return Math.toIntExact(whole(node, name));
    }

    private static <T> T refuse(String name, String expected) {
        throw new IllegalArgumentException("'" + name + "' is not " + expected);
    }

    private static void only(JsonNode node, String... names) {
        Set<String> known = Set.of(names);
        node.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name) && !name.equals("type") && !name.equals("at") && !name.equals("wall")) {
                throw new IllegalArgumentException("'" + name + "' does not belong there");
            }
        });
    }
}
