package dev.cutover.core.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How one table moves: a row of OLD ({@code s}) becomes a row of NEW ({@code n}), and back.
 *
 * @param name the table's name on NEW; dynamic tables are cut into physical tables {@code name_000} …
 * @param kind static tables are copied once into {@code meta}; dynamic ones are sharded and streamed
 * @param fromTable the table's name on OLD
 * @param fromKey the key columns on OLD
 * @param counters columns of a static table that go on changing while it is frozen; the plan promises that no projected value depends on the change
 * @param joins looked-up tables of OLD
 * @param shardBy the column of {@code s} that routes the row; null for static tables
 * @param key NEW key column to an expression over {@code {source key column}} and {@code {shard}}
 * @param rejects rows that cannot be mapped, and why
 * @param columns NEW column to an expression over OLD
 * @param onlyNew NEW column to an expression over OLD, written but never compared nor carried back
 * @param backKey OLD key column to an expression over {@code {NEW key column}}; empty for static tables
 * @param back OLD column to an expression over NEW; empty for static tables
 */
public record TablePlan(
        String name,
        Kind kind,
        String fromTable,
        List<String> fromKey,
        List<String> counters,
        List<Join> joins,
        @Nullable String shardBy,
        Map<String, String> key,
        List<Reject> rejects,
        Map<String, String> columns,
        Map<String, String> onlyNew,
        Map<String, String> backKey,
        Map<String, String> back) {

    /** Copied once while frozen, or sharded and streamed while it changes. */
    public enum Kind {
        STATIC,
        DYNAMIC
    }

    public TablePlan {
        fromKey = List.copyOf(fromKey);
        counters = List.copyOf(counters);
        joins = List.copyOf(joins);
        key = inOrder(key);
        rejects = List.copyOf(rejects);
        columns = inOrder(columns);
        onlyNew = inOrder(onlyNew);
        backKey = inOrder(backKey);
        back = inOrder(back);
    }

    public boolean dynamic() {
        return kind == Kind.DYNAMIC;
    }

    /** The key columns on NEW, in the plan's order. */
    public List<String> newKey() {
        return List.copyOf(key.keySet());
    }

    // Map.copyOf forgets the order, and the order of columns is what people wrote.
    private static Map<String, String> inOrder(Map<String, String> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
