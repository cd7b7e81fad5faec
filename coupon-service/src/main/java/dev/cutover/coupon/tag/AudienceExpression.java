package dev.cutover.coupon.tag;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * For whom a template is: {@code vip AND (region=east OR NOT blocked)}, compiled once.
 *
 * <p>Idea: NOT is pushed down to the single questions when it is compiled, so that a question that cannot be answered can be counted as
 * "turns away" or "lets in" just where it stands. Counting an unknown tag as absent would let in everybody under a NOT. Invariant: with
 * tags that turn away when they are unknown, who is let in would be let in whatever they are; with tags that let in, who is turned away
 * would be turned away whatever they are.
 *
 * <p>Immutable, safe for many threads.
 */
public final class AudienceExpression {
    private final Node root;
    private final Map<String, Integer> tags;

    AudienceExpression(Node root, Map<String, Integer> tags) {
        this.root = root;
        this.tags = new LinkedHashMap<>(tags);
    }

    /** Reads one; throws {@link AudienceSyntaxException}. */
    public static AudienceExpression parse(String text) {
        return new AudienceParser(text).parse();
    }

    /** The tags it asks about, with the place of the first question about each, from 0. */
    public Map<String, Integer> tags() {
        return Map.copyOf(tags);
    }

    /** Whether a user of whom this was found out belongs to it. */
    boolean holds(Function<String, Reading> readings) {
        return root.holds(readings);
    }

    /** The questions that a user who does not belong to it failed: with other answers to them, the user might. */
    List<Failed> failed(Function<String, Reading> readings) {
        Set<Failed> failed = new LinkedHashSet<>();
        root.failed(readings, failed);
        return List.copyOf(failed);
    }

    /**
     * A question with the wrong answer.
     *
     * @param wanted whether the tag should have had the value
     */
    record Failed(TagTest test, boolean wanted, Reading reading) {}

    /** A part of an expression. */
    interface Node {
        boolean holds(Function<String, Reading> readings);

        /** Adds what is to blame, where this does not hold. */
        void failed(Function<String, Reading> readings, Set<Failed> failed);

        /** The part that holds exactly where this does not, as long as everything is known. */
        Node negated();
    }

    record Question(TagTest test, boolean wanted) implements Node {
        @Override
        public boolean holds(Function<String, Reading> readings) {
            Reading reading = readings.apply(test.tag());
            return reading.value().map(value -> test.matches(value) == wanted).orElse(reading.allows());
        }

        @Override
        public void failed(Function<String, Reading> readings, Set<Failed> failed) {
            if (!holds(readings)) {
                failed.add(new Failed(test, wanted, readings.apply(test.tag())));
            }
        }

        @Override
        public Node negated() {
            return new Question(test, !wanted);
        }
    }

    /** @param all whether all parts have to hold, or one of them */
    record Combined(boolean all, List<Node> parts) implements Node {
        Combined {
            parts = List.copyOf(parts);
        }

        @Override
        public boolean holds(Function<String, Reading> readings) {
            return all
                    ? parts.stream().allMatch(part -> part.holds(readings))
                    : parts.stream().anyMatch(part -> part.holds(readings));
        }

        @Override
        public void failed(Function<String, Reading> readings, Set<Failed> failed) {
            if (!holds(readings)) {
                parts.forEach(part -> part.failed(readings, failed));
            }
        }

        @Override
        public Node negated() {
            List<Node> turned = new ArrayList<>();
            parts.forEach(part -> turned.add(part.negated()));
            return new Combined(!all, turned);
        }
    }
}
