package dev.cutover.chaos.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One measured number.
 *
 * @param floor what it stands beside, where anything does
 */
record Figure(
        String name, double value, String unit, @Nullable Floor floor) {
    Figure(String name, double value, String unit) {
        this(name, value, unit, null);
    }

    /** The same work done in the plainest way, in the same run and unit. */
    record Floor(String what, double value) {}

    /** The nearest rank of times in milliseconds; 100 percent is the longest, named {@code max}. */
    static Figure percentile(String name, List<Long> millis, int percent) {
        List<Long> sorted = millis.stream().sorted().toList();
        long value = sorted.isEmpty() ? 0 : sorted.get(Math.max(0, (sorted.size() * percent + 99) / 100 - 1));
        return new Figure(name + (percent == 100 ? ".max" : ".p" + percent), value, "ms");
    }

    /** As a line: JSON, or for people. */
    String line(boolean json) {
        if (!json) {
            return String.format(Locale.ROOT, "%-24s %,12.1f %s", name, value, unit)
                    + (floor == null
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    "   %s: %,.1f %s, ratio %.2f",
                                    floor.what(),
                                    floor.value(),
                                    unit,
                                    ratio(floor)));
        }
        ObjectNode node = new ObjectMapper().createObjectNode();
        node.put("name", name);
        node.put("value", rounded(value));
        node.put("unit", unit);
        if (floor != null) {
            node.put("floor", floor.what());
            node.put("floorValue", rounded(floor.value()));
            node.put("ratio", Math.round(ratio(floor) * 1000) / 1000.0);
        }
        return node.toString();
    }

    /** How often faster than the floor: a rate is better when it is higher, a time when it is shorter. */
    private double ratio(Floor beside) {
        return unit.contains("/s") ? value / beside.value() : beside.value() / value;
    }

    private static double rounded(double number) {
        double digits = Math.abs(number) < 100 ? 1000 : 10;
        return Math.round(number * digits) / digits;
    }
}
