package dev.cutover.core.plan;

import dev.cutover.core.topology.Identifier;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * One mapping of the plan file, taken key by key; {@link #finish} refuses what nobody took. A wrong value becomes a problem and a
 * harmless stand-in, so that reading goes on and finds the rest. Owned by one thread.
 */
final class Section {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

    private final Problems problems;
    private final String path;
    private final Node node;
    private final boolean usable;
    private final Map<String, Node> keys = new LinkedHashMap<>();
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final TreeSet<String> known = new TreeSet<>();

    Section(Node node, String path, Problems problems) {
        this.node = node;
        this.path = path;
        this.problems = problems;
        this.usable = node instanceof MappingNode;
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                read(tuple);
            }
        } else {
            problems.add(
                    node, (path.isEmpty() ? "The plan" : "'" + path + "'") + " must be a mapping of keys to values.");
        }
    }

    private void read(NodeTuple tuple) {
        if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            problems.add(tuple.getKeyNode(), "A key must be a word.");
            return;
        }
        if (keys.putIfAbsent(key.getValue(), key) != null) {
            problems.add(key, "'" + at(key.getValue()) + "' is given twice.", "Keep one of them.");
            return;
        }
        values.put(key.getValue(), tuple.getValueNode());
    }

    Node node() {
        return node;
    }

    /** Where a value stands, or the section when it is not given. */
    Node nodeOf(String key) {
        return values.getOrDefault(key, node);
    }

    boolean has(String key) {
        known.add(key);
        return values.containsKey(key);
    }

    /** The keys of a free mapping, such as column names. */
    List<String> keys() {
        return List.copyOf(values.keySet());
    }

    Node keyNode(String key) {
        return keys.getOrDefault(key, node);
    }

    String text(String key) {
        Node value = required(key);
        return value == null ? "" : textOf(value, key);
    }

    @Nullable
    String optionalText(String key) {
        return has(key) ? textOf(nodeOf(key), key) : null;
    }

    String name(String key) {
        String text = text(key);
        if (!text.isEmpty()) {
            requireName(nodeOf(key), text);
        }
        return text;
    }

    int integer(String key, int least, int most, int fallback) {
        if (!has(key)) {
            return fallback;
        }
        String text = textOf(nodeOf(key), key);
        if (text.matches("-?\\d{1,9}") && Integer.parseInt(text) >= least && Integer.parseInt(text) <= most) {
            return Integer.parseInt(text);
        }
        problems.add(
                nodeOf(key),
                "'" + at(key) + "' must be a whole number from " + least + " to " + most + ", not '" + text + "'.");
        return fallback;
    }

    double percent(String key, double fallback) {
        return decimal(key, "a percentage", 100, fallback);
    }

    double decimal(String key, int most, double fallback) {
        return decimal(key, "a number", most, fallback);
    }

    private double decimal(String key, String what, int most, double fallback) {
        if (!has(key)) {
            return fallback;
        }
        String text = textOf(nodeOf(key), key);
        if (text.matches("\\d{1,3}(\\.\\d{1,6})?") && new BigDecimal(text).compareTo(BigDecimal.valueOf(most)) <= 0) {
            return Double.parseDouble(text);
        }
        problems.add(nodeOf(key), "'" + at(key) + "' must be " + what + " from 0 to " + most + ", not '" + text + "'.");
        return fallback;
    }

    Duration duration(String key, Duration fallback) {
        if (!has(key)) {
            return fallback;
        }
        String text = textOf(nodeOf(key), key);
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            problems.add(
                    nodeOf(key),
                    "'" + at(key) + "' must be a duration, not '" + text + "'.",
                    "Write a whole number and ms, s, m, h or d, such as 500ms or 24h.");
            return fallback;
        }
        long amount = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        };
    }

    /** One of these words. */
    String choice(String key, @Nullable String fallback, String... words) {
        if (fallback != null && !has(key)) {
            return fallback;
        }
        String text = text(key);
        if (text.isEmpty() || List.of(words).contains(text)) {
            return text.isEmpty() ? words[0] : text;
        }
        problems.add(
                nodeOf(key),
                "'" + at(key) + "' is '" + text + "'.",
                Closest.to(text, List.of(words))
                        .map(meant -> "Did you mean '" + meant + "'?")
                        .orElse("It is one of: " + String.join(", ", words) + "."));
        return words[0];
    }

    /** A mapping that must be there. */
    @Nullable
    Section section(String key) {
        Node value = required(key);
        return value == null ? null : new Section(value, at(key), problems);
    }

    @Nullable
    Section optionalSection(String key) {
        return has(key) ? new Section(nodeOf(key), at(key), problems) : null;
    }

    /** A list of mappings; empty when not given. */
    List<Section> sections(String key) {
        List<Section> sections = new ArrayList<>();
        for (Node item : items(key)) {
            sections.add(new Section(item, at(key) + "[" + sections.size() + "]", problems));
        }
        return sections;
    }

    /** A list of texts with where they stand; empty when not given. */
    List<ScalarNode> texts(String key) {
        List<ScalarNode> texts = new ArrayList<>();
        for (Node item : items(key)) {
            if (item instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
                texts.add(scalar);
            } else {
                problems.add(item, "'" + at(key) + "' must be a list of texts.");
            }
        }
        return texts;
    }

    /** A list of names. */
    List<String> names(String key) {
        List<String> names = new ArrayList<>();
        for (ScalarNode text : texts(key)) {
            requireName(text, text.getValue());
            names.add(text.getValue());
        }
        return names;
    }

    void requireName(Node at, String name) {
        if (!Identifier.isValid(name)) {
            problems.add(at, "'" + name + "' is not a usable name.", "Use 1 to 64 letters, digits, '_' or '$'.");
        }
    }

    /** Refuses every key that was not asked for. */
    void finish() {
        for (Map.Entry<String, Node> entry : keys.entrySet()) {
            if (!known.contains(entry.getKey())) {
                problems.add(
                        entry.getValue(),
                        "Unknown key '" + at(entry.getKey()) + "'.",
                        Closest.suggestion(entry.getKey(), known));
            }
        }
    }

    private @Nullable Node required(String key) {
        if (has(key)) {
            return nodeOf(key);
        }
        if (usable) {
            problems.add(node, "'" + at(key) + "' is missing.");
        }
        return null;
    }

    private List<Node> items(String key) {
        if (!has(key)) {
            return List.of();
        }
        if (nodeOf(key) instanceof SequenceNode sequence) {
            return sequence.getValue();
        }
        problems.add(nodeOf(key), "'" + at(key) + "' must be a list.");
        return List.of();
    }

    private String textOf(Node value, String key) {
        if (value instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
            return scalar.getValue();
        }
        String found = value.getNodeType().name().toLowerCase(Locale.ROOT);
        problems.add(
                value,
                "'" + at(key) + "' must be a single value, not "
                        + (value instanceof ScalarNode ? "nothing" : "a " + found) + ".");
        return "";
    }

    private String at(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
