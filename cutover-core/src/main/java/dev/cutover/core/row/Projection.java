package dev.cutover.core.row;

import dev.cutover.core.plan.Expression;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One direction of one table as SQL, made once from the plan and information_schema; copy, stream, mirror and verifier all read rows
 * through it. Immutable, safe for many threads.
 */
public final class Projection {
    private static final String SHARD = "shard";

    private final ProjectionDraft made;

    // Asked for each row or statement, so put together once.
    private final List<String> sourceKeyColumns;
    private final List<String> quotedSourceKey;
    private final List<String> quotedColumns;
    private final String selectList;
    private final String standingColumns;

    Projection(ProjectionDraft made) {
        this.made = made;
        this.sourceKeyColumns = made.sourceKey().stream().map(KeyColumn::name).toList();
        this.quotedSourceKey = sourceKeyColumns.stream()
                .map(name -> made.alias() + "." + Identifier.quote(name))
                .toList();
        this.quotedColumns = made.columns().stream()
                .map(column -> Identifier.quote(column.name()))
                .toList();
        this.selectList = made.selectList();
        this.standingColumns =
                made.columns().stream().map(Projection::targetExpression).collect(Collectors.joining(", "));
    }

    /** OLD to NEW. Reads both schemas and lets MySQL check every expression; throws {@link ProjectionRefusedException}. */
    public static Projection forward(Topology topology, TablePlan table) throws SQLException {
        return ProjectionDraft.forward(topology, table);
    }

    /** NEW to OLD, for dynamic tables; refuses a plan that leaves out a column of OLD. */
    public static Projection backward(Topology topology, TablePlan table) throws SQLException {
        return ProjectionDraft.backward(topology, table);
    }

    public TablePlan table() {
        return made.table();
    }

    public boolean forward() {
        return made.forward();
    }

    /** The target's key columns, then its other columns, then what only NEW has; columns MySQL generates are left out. */
    public List<TargetColumn> columns() {
        return made.columns();
    }

    /** The names of the columns both sides must agree on, key first. */
    public List<String> comparedColumns() {
        return made.columns().stream()
                .filter(TargetColumn::compared)
                .map(TargetColumn::name)
                .toList();
    }

    public List<String> sourceKeyColumns() {
        return sourceKeyColumns;
    }

    public List<String> targetKeyColumns() {
        return made.columns().stream()
                .filter(TargetColumn::key)
                .map(TargetColumn::name)
                .toList();
    }

    /** The alias of the source row in expressions: {@code s} forward, {@code n} backward. */
    public String alias() {
        return made.alias();
    }

    /** Whether source keys that MySQL holds for equal are always the same text: integers, bytes, text without padding or folding. */
    public boolean keysAreExact() {
        return made.sourceKey().stream().allMatch(KeyColumn::exact);
    }

    /** The parts of a source key that are the same text wherever MySQL holds them for equal; keys that differ in one are different rows. */
    public List<String> exactParts(RowKey sourceKey) {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < made.sourceKey().size(); i++) {
            if (made.sourceKey().get(i).exact()) {
                parts.add(sourceKey.parts().get(i));
            }
        }
        return parts;
    }

    /**
     * By how many leading source key columns ranges are cut that are ranges of the target's physical tables, too: all of them where the
     * target takes the key over as it is, one where a key column of the target grows with a leading integer, otherwise none.
     */
    public int pairedColumns() {
        return made.pairedColumns();
    }

    /** Table and joins for a forward projection: {@code `mall_coupon_user` s LEFT JOIN …}. */
    public String fromClause() {
        if (!forward()) {
            throw new IllegalStateException(
                    "On the way back " + table().name() + " is read from many physical tables; name one.");
        }
        return fromClause(table().fromTable());
    }

    /** The same over this physical table of the source. */
    public String fromClause(String sourcePhysicalTable) {
        return keyedTable(sourcePhysicalTable) + made.joins();
    }

    /** The value of a target column over the source row, in the target column's own notation. */
    public String selectExpression(String column) {
        return made.selects().get(index(column));
    }

    /** The value of a target column as it stands on the target, in the same notation; over a table without alias. */
    public String targetExpression(String column) {
        return targetExpression(made.columns().get(index(column)));
    }

    private static String targetExpression(TargetColumn target) {
        return target.notation().target(Identifier.quote(target.name()), target.schema());
    }

    /** All columns of the target in order, each as {@link #targetExpression} says. */
    String standingColumns() {
        return standingColumns;
    }

    /** The names of {@link #columns}, quoted. */
    List<String> quotedColumns() {
        return quotedColumns;
    }

    private int index(String column) {
        for (int i = 0; i < columns().size(); i++) {
            if (columns().get(i).name().toLowerCase(Locale.ROOT).equals(column.toLowerCase(Locale.ROOT))) {
                return i;
            }
        }
        throw new IllegalArgumentException(
                "The projection of " + table().name() + " fills no column '" + column + "'.");
    }

    /** The slot over the source row; NULL for a NULL shard key, {@code 0} for single tables and backward. */
    public String slotExpression() {
        return made.slot();
    }

    /** Why the source row is rejected, NULL when it is not. */
    public String rejectExpression() {
        return made.reject();
    }

    /** TRUE when the source row is rejected or has no route, FALSE otherwise, never NULL. */
    public String rejectCondition() {
        return made.reject().equals("NULL") ? "FALSE" : "(" + made.reject() + ") IS NOT NULL";
    }

    /** What {@link RowReader} selects: the source key, the slot, the reason, the target's columns. */
    String selectList() {
        return selectList;
    }

    /** The source key's columns in key order, for an ORDER BY. */
    List<String> orderBy() {
        return quotedSourceKey;
    }

    /** The source key's columns as the texts of a {@link RowKey}. */
    public List<String> sourceKeyTexts() {
        return made.sourceKey().stream().map(key -> key.select(alias())).toList();
    }

    /** This physical table of the source without its joins. */
    String keyedTable(String sourcePhysicalTable) {
        return Identifier.quote(sourcePhysicalTable) + " " + alias() + made.indexHint();
    }

    /** The key this row has on the target, as text; of a row that is not rejected. */
    public RowKey targetKey(ProjectedRow row) {
        return targetKey(row.values());
    }

    RowKey targetKey(byte[] @Nullable [] values) {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < columns().size() && columns().get(i).key(); i++) {
            byte[] value = Objects.requireNonNull(values[i], "a key is not NULL");
            parts.add(
                    columns().get(i).schema().binary()
                            ? "0x" + HexFormat.of().withUpperCase().formatHex(value)
                            : new String(value, StandardCharsets.UTF_8));
        }
        return new RowKey(parts);
    }

    /** The range over the source row. */
    public SqlCondition sourceRangeCondition(KeyRange range) {
        List<Border> borders = new ArrayList<>();
        for (int i = 0; i < width(range); i++) {
            borders.add(new Border(quotedSourceKey.get(i), "?", List.of(i)));
        }
        return between(borders, range);
    }

    /** The same range, of {@link #pairedColumns}, over the target's physical table of a slot, without alias; forward only. */
    public SqlCondition targetRangeCondition(KeyRange range, int slot) {
        int width = width(range);
        if (width != 0 && width != pairedColumns()) {
            throw new IllegalStateException("A range of " + width + " key columns of " + table().name()
                    + " is none of its physical tables; ranges of both sides have " + pairedColumns() + ".");
        }
        List<Border> borders = new ArrayList<>();
        for (int i = 0; i < width; i++) {
            int column = width == 1 ? made.rangeColumn().orElse(0) : i;
            List<String> used = new ArrayList<>();
            String address = address(made.addresses().get(column), slot, used);
            borders.add(new Border(
                    quotedColumns.get(column),
                    address,
                    used.stream().map(this::keyIndex).toList()));
        }
        return between(borders, range);
    }

    /**
     * One column of a border.
     *
     * @param column what is compared
     * @param value with what, over parameters
     * @param parts the key's parts that are the parameters
     */
    private record Border(String column, String value, List<Integer> parts) {}

    private int width(KeyRange range) {
        RowKey border = range.lo() == null ? range.hi() : range.lo();
        int width = border == null ? 0 : border.parts().size();
        if (width > made.sourceKey().size()) {
            throw new IllegalArgumentException("The range " + range + " is of more columns than the key of "
                    + table().name() + ", " + sourceKeyColumns() + ".");
        }
        return width;
    }

    private SqlCondition between(List<Border> borders, KeyRange range) {
        List<String> conditions = new ArrayList<>();
        List<Object> parameters = new ArrayList<>();
        if (range.lo() != null) {
            conditions.add(beyond(borders, true, range.lo(), parameters));
        }
        if (range.hi() != null) {
            conditions.add(beyond(borders, false, range.hi(), parameters));
        }
        return new SqlCondition(conditions.isEmpty() ? "TRUE" : String.join(" AND ", conditions), parameters);
    }

    // a > ? OR a = ? AND b > ?, because MySQL walks no index for (a, b) > (?, ?). Above is exclusive, below inclusive.
    private String beyond(List<Border> borders, boolean above, RowKey key, List<Object> parameters) {
        List<String> cases = new ArrayList<>();
        for (int i = 0; i < borders.size(); i++) {
            StringBuilder one = new StringBuilder();
            for (int j = 0; j < i; j++) {
                one.append(compared(borders.get(j), " = ", key, parameters)).append(" AND ");
            }
            boolean inclusive = !above && i == borders.size() - 1;
            Border border = borders.get(i);
            int part = border.parts().get(0);
            if (made.sourceKey().get(part).kind() == KeyColumn.Kind.ENUM) {
                List<String> members =
                        made.sourceKey().get(part).members(key.parts().get(part), above, inclusive);
                parameters.addAll(members);
                one.append(
                        members.isEmpty()
                                ? "FALSE"
                                : border.column() + " IN (?" + ", ?".repeat(members.size() - 1) + ")");
            } else {
                one.append(compared(border, above ? " > " : inclusive ? " <= " : " < ", key, parameters));
            }
            cases.add(one.toString());
        }
        return cases.size() == 1 ? cases.get(0) : "(" + String.join(" OR ", cases) + ")";
    }

    private String compared(Border border, String comparison, RowKey key, List<Object> parameters) {
        border.parts()
                .forEach(part -> parameters.add(
                        made.sourceKey().get(part).parameter(key.parts().get(part))));
        return border.column() + comparison + border.value();
    }

    /** These source keys over the source row; no keys are no rows. */
    public SqlCondition sourceKeysCondition(Collection<RowKey> sourceKeys) {
        List<String> columns = quotedSourceKey;
        List<Object> parameters = new ArrayList<>();
        for (RowKey sourceKey : sourceKeys) {
            requireWidth(sourceKey);
            for (int i = 0; i < columns.size(); i++) {
                parameters.add(
                        made.sourceKey().get(i).parameter(sourceKey.parts().get(i)));
            }
        }
        return in(columns, Collections.nCopies(columns.size(), "?"), sourceKeys.size(), parameters);
    }

    /** These source keys over the target's physical table of a slot, without alias; no keys are no rows. */
    public SqlCondition targetKeysCondition(Collection<RowKey> sourceKeys, int slot) {
        List<String> columns = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        List<String> used = new ArrayList<>();
        for (int i = 0; i < made.addresses().size(); i++) {
            columns.add(quotedColumns.get(i));
            String address = address(made.addresses().get(i), slot, used);
            // Text compared with a number is compared as DOUBLE, without an index.
            addresses.add(columns().get(i).schema().text() ? "CAST(" + address + " AS CHAR)" : address);
        }
        List<Integer> order = used.stream().map(this::keyIndex).toList();
        List<Object> parameters = new ArrayList<>();
        for (RowKey sourceKey : sourceKeys) {
            requireWidth(sourceKey);
            for (int index : order) {
                parameters.add(
                        made.sourceKey().get(index).parameter(sourceKey.parts().get(index)));
            }
        }
        return in(columns, addresses, sourceKeys.size(), parameters);
    }

    private static SqlCondition in(List<String> columns, List<String> values, int keys, List<Object> parameters) {
        if (keys == 0) {
            return new SqlCondition("FALSE", List.of());
        }
        boolean single = columns.size() == 1;
        String one = single ? values.get(0) : "(" + String.join(", ", values) + ")";
        return new SqlCondition(
                (single ? columns.get(0) : "(" + String.join(", ", columns) + ")") + " IN (" + one
                        + (", " + one).repeat(keys - 1) + ")",
                parameters);
    }

    // The expression with a parameter for each key column, whose names are noted in order, and the slot as a number.
    private static String address(Expression expression, int slot, List<String> used) {
        return expression.render(name -> {
            if (name.equals(SHARD)) {
                return Integer.toString(slot);
            }
            used.add(name);
            return "?";
        });
    }

    private int keyIndex(String column) {
        OptionalInt found = IntStream.range(0, made.sourceKey().size())
                .filter(i ->
                        made.sourceKey().get(i).name().toLowerCase(Locale.ROOT).equals(column.toLowerCase(Locale.ROOT)))
                .findFirst();
        return found.orElseThrow(
                () -> new IllegalStateException("{" + column + "} is no key column of " + table().name() + "."));
    }

    private void requireWidth(RowKey key) {
        if (key.parts().size() != made.sourceKey().size()) {
            throw new IllegalArgumentException(
                    "The key " + key.text() + " has " + key.parts().size() + " parts, but " + table().name()
                            + " is found by " + sourceKeyColumns() + ".");
        }
    }

    /** The row's source key from the first columns of the select list. */
    RowKey sourceKey(List<byte[]> values) {
        return new RowKey(values.stream()
                .map(value -> new String(value, StandardCharsets.UTF_8))
                .toList());
    }

    @Override
    public String toString() {
        return (forward() ? "forward " : "backward ") + table().name();
    }
}
