package dev.cutover.core.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads the tables and checks that their expressions can do what the protocol needs. Owned by one thread. */
final class TableReader {
    private static final String SHARD = "shard";
    private static final int LONGEST_DYNAMIC_NAME = 60;

    private final Problems problems;
    private final Map<String, String> names = new HashMap<>();
    private final Map<String, String> sources = new HashMap<>();

    TableReader(Problems problems) {
        this.problems = problems;
    }

    TablePlan read(Section table) {
        String name = table.name("name");
        TablePlan.Kind kind = table.choice("kind", null, "static", "dynamic").equals("dynamic")
                ? TablePlan.Kind.DYNAMIC
                : TablePlan.Kind.STATIC;
        boolean dynamic = kind == TablePlan.Kind.DYNAMIC;
        Section from = table.section("from");
        String fromTable = from == null ? "" : from.name("table");
        List<String> fromKey = from == null ? List.of() : from.names("key");
        List<String> counters = from == null || !from.has("counters") ? List.of() : from.names("counters");
        if (from != null) {
            if (dynamic && !counters.isEmpty()) {
                problems.add(
                        from.nodeOf("counters"),
                        "A dynamic table has no 'counters': it is streamed, so every column of it may change.");
            }
            if (fromKey.isEmpty()) {
                problems.add(from.node(), "'from.key' must name at least one column of " + fromTable + ".");
            }
            if (new HashSet<>(fromKey).size() < fromKey.size()) {
                problems.add(from.nodeOf("key"), "'from.key' names a column twice.");
            }
            from.finish();
        }
        requireNew(table.nodeOf("name"), names, name, "The table '" + name + "' is planned twice.");
        requireNew(
                from == null ? table.node() : from.nodeOf("table"),
                sources,
                fromTable,
                "The table '" + fromTable + "' of OLD moves twice.");
        if (dynamic && name.length() > LONGEST_DYNAMIC_NAME) {
            problems.add(
                    table.nodeOf("name"),
                    "'" + name + "' is too long: physical tables get four more characters, 64 in total.");
        }

        Set<String> sourceNames = new LinkedHashSet<>(fromKey);
        Set<String> withShard = new LinkedHashSet<>(fromKey);
        if (dynamic) {
            withShard.add(SHARD);
        }
        List<Join> joins = joins(table);
        String shardBy = table.optionalText("shardBy");
        if (shardBy != null) {
            table.requireName(table.nodeOf("shardBy"), shardBy);
        }
        Map<String, String> key = expressions(table, "key", withShard, true);
        requireKeysUse(table, "key", key, sourceNames);
        List<Reject> rejects = rejects(table, sourceNames);
        Map<String, String> columns = expressions(table, "columns", withShard, false);
        Map<String, String> onlyNew = expressions(table, "onlyNew", withShard, false);
        requireDisjoint(table, "columns", columns.keySet(), key.keySet(), "key");
        requireDisjoint(table, "onlyNew", onlyNew.keySet(), key.keySet(), "key");
        requireDisjoint(table, "onlyNew", onlyNew.keySet(), columns.keySet(), "columns");

        Set<String> newKey = new LinkedHashSet<>(key.keySet());
        Map<String, String> backKey = expressions(table, "backKey", newKey, true);
        Map<String, String> back = expressions(table, "back", newKey, false);
        requireDisjoint(table, "back", back.keySet(), backKey.keySet(), "backKey");
        if (dynamic) {
            requirePresent(table, "shardBy", shardBy == null);
            requirePresent(table, "backKey", backKey.isEmpty());
            requirePresent(table, "back", back.isEmpty());
            if (!backKey.isEmpty() && !backKey.keySet().equals(sourceNames)) {
                problems.add(
                        table.nodeOf("backKey"),
                        "'backKey' must give exactly the key columns of " + fromTable + ": "
                                + String.join(", ", sourceNames) + ".");
            }
        } else {
            for (String only : List.of("shardBy", "backKey", "back")) {
                if (table.has(only)) {
                    problems.add(
                            table.keyNode(only),
                            "A static table has no '" + only + "': it is copied once and never comes back.");
                }
            }
        }
        requirePresent(table, "key", key.isEmpty());
        table.finish();
        return new TablePlan(
                name, kind, fromTable, fromKey, counters, joins, shardBy, key, rejects, columns, onlyNew, backKey,
                back);
    }

    private List<Join> joins(Section table) {
        List<Join> joins = new ArrayList<>();
        Set<String> aliases = new HashSet<>(Set.of("s", "n"));
        for (Section join : table.sections("joins")) {
            String joined = join.name("table");
            String alias = join.name("as");
            String on = join.text("on");
            check(join.nodeOf("on"), "on", on, Set.of());
            join.choice("change", null, "stop");
            if (!alias.isEmpty() && !aliases.add(alias)) {
                problems.add(
                        join.nodeOf("as"),
                        "The alias '" + alias + "' is taken.",
                        "s is the row itself, n a row of NEW.");
            }
            join.finish();
            joins.add(new Join(joined, alias, on, Join.Change.STOP));
        }
        return joins;
    }

    private List<Reject> rejects(Section table, Set<String> placeholders) {
        List<Reject> rejects = new ArrayList<>();
        for (Section reject : table.sections("reject")) {
            String when = reject.text("when");
            check(reject.nodeOf("when"), "when", when, placeholders);
            String reason = reject.name("reason");
            if (reason.equals("null_shard_key")) {
                problems.add(reject.nodeOf("reason"), "The reason 'null_shard_key' is Cutover's own.");
            }
            reject.finish();
            rejects.add(new Reject(when, reason));
        }
        return rejects;
    }

    private Map<String, String> expressions(Section table, String key, Set<String> placeholders, boolean addressing) {
        Map<String, String> expressions = new LinkedHashMap<>();
        Section section = table.optionalSection(key);
        if (section == null) {
            return expressions;
        }
        for (String column : section.keys()) {
            section.requireName(section.keyNode(column), column);
            String expression = section.text(column);
            Expression parsed = check(section.nodeOf(column), key + "." + column, expression, placeholders);
            if (addressing && parsed != null && parsed.namesColumns()) {
                problems.add(
                        section.nodeOf(column),
                        "'" + key + "." + column
                                + "' names a column itself; it also has to find rows by key, so it may use only "
                                + braces(placeholders) + ".");
            }
            expressions.put(column, expression);
        }
        return expressions;
    }

    private @Nullable Expression check(Node at, String what, String expression, Set<String> placeholders) {
        Expression parsed;
        try {
            parsed = Expression.parse(expression);
        } catch (IllegalArgumentException e) {
            problems.add(at, "'" + what + "' cannot be read: " + e.getMessage() + ".");
            return null;
        }
        if (!expression.isEmpty()) {
            parsed.faults().forEach(fault -> problems.add(at, "'" + what + "' " + fault + "."));
        }
        for (String placeholder : parsed.placeholders()) {
            if (!placeholders.contains(placeholder)) {
                problems.add(
                        at,
                        "'" + what + "' uses {" + placeholder + "}, which is not known here.",
                        placeholders.isEmpty()
                                ? "No placeholders are known here."
                                : Closest.to(placeholder, placeholders)
                                        .map(meant -> "Did you mean {" + meant + "}?")
                                        .orElse("Known here: " + braces(placeholders) + "."));
            }
        }
        return parsed;
    }

    // A NEW key that leaves out part of the OLD key would fold two rows into one.
    private void requireKeysUse(Section table, String section, Map<String, String> key, Set<String> sourceNames) {
        Set<String> unused = new TreeSet<>(sourceNames);
        for (String expression : key.values()) {
            try {
                unused.removeAll(Expression.parse(expression).placeholders());
            } catch (IllegalArgumentException e) {
                return; // already a problem
            }
        }
        if (!key.isEmpty() && !unused.isEmpty()) {
            problems.add(
                    table.nodeOf(section),
                    "'" + section + "' does not use " + braces(unused)
                            + ", so two rows of OLD could get one key on NEW.");
        }
    }

    private void requirePresent(Section table, String key, boolean absent) {
        if (absent && !table.has(key)) {
            problems.add(table.node(), "'" + key + "' is missing.");
        } else if (absent) {
            problems.add(table.nodeOf(key), "'" + key + "' is empty.");
        }
    }

    private void requireDisjoint(Section table, String section, Set<String> columns, Set<String> others, String other) {
        for (String column : columns) {
            if (others.contains(column)) {
                problems.add(
                        table.nodeOf(section),
                        "The column '" + column + "' stands in '" + other + "' and in '" + section + "'.");
            }
        }
    }

    private void requireNew(Node at, Map<String, String> seen, String name, String message) {
        if (!name.isEmpty() && seen.put(name, name) != null) {
            problems.add(at, message);
        }
    }

    private static String braces(Set<String> names) {
        return "{" + String.join("}, {", names) + "}";
    }
}
