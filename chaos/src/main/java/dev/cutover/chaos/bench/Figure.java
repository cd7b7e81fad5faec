package dev.cutover.chaos.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;

/** One measured number. */
record Figure(String name, double value, String unit) {
    /** As a line: JSON, or for people. */
    String line(boolean json) {
        if (!json) {
            return String.format(Locale.ROOT, "%-24s %,12.1f %s", name, value, unit);
        }
        ObjectNode node = new ObjectMapper().createObjectNode();
        node.put("name", name);
        node.put("value", Math.round(value * 10) / 10.0);
        node.put("unit", unit);
        return node.toString();
    }
}
