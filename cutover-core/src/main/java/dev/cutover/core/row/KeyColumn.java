package dev.cutover.core.row;

import dev.cutover.core.topology.Identifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * One column of a source key: how it reads as text, and how the text becomes a parameter again.
 *
 * @param column as the schema describes it
 * @param kind what its text stands for
 */
record KeyColumn(TableSchema.Column column, Kind kind) {
    enum Kind {
        INTEGER,
        TEXT,
        BINARY,
        /** Its text is that of the day, {@code 2026-11-23}. */
        DATE,
        /** Its text is the member's label; MySQL orders members by their numbers. */
        ENUM
    }

    static KeyColumn of(TableSchema schema, String name) {
        TableSchema.Column column = schema.column(name)
                .orElseThrow(() -> new ProjectionRefusedException("The key column '" + name + "' is not in "
                        + schema.table() + ". Name the columns of its primary key in the plan."));
        if (column.integer()) {
            return new KeyColumn(column, Kind.INTEGER);
        }
        if (column.binary()) {
            return new KeyColumn(column, Kind.BINARY);
        }
        if (column.text()) {
            return new KeyColumn(column, Kind.TEXT);
        }
        if (column.dataType().equals("date")) {
            return new KeyColumn(column, Kind.DATE);
        }
        if (column.dataType().equals("enum")) {
            if (column.members().stream().anyMatch(member -> member.isEmpty() || member.contains("\\"))) {
                throw new ProjectionRefusedException("The key column " + schema.table() + "." + column.name()
                        + " has a member '', which reads like the value MySQL keeps for what is no member, or one with a"
                        + " backslash. Rename that member first.");
            }
            return new KeyColumn(column, Kind.ENUM);
        }
        throw new ProjectionRefusedException("The key column " + schema.table() + "." + column.name() + " is of type "
                + column.columnType() + ". A key is made of integer, text, binary, DATE and ENUM columns.");
    }

    String name() {
        return column.name();
    }

    /** Whether values that MySQL holds for equal are the same text. */
    boolean exact() {
        // Every other binary collation pads with spaces: 'a' = 'a '.
        return kind != Kind.TEXT || "utf8mb4_0900_bin".equals(column.collation());
    }

    /** Its text over the source row. */
    String select(String alias) {
        String quoted = alias + "." + Identifier.quote(name());
        return switch (kind) {
            case INTEGER -> column.zerofill() ? quoted + " + 0" : quoted;
            case TEXT, DATE, ENUM -> quoted;
            case BINARY -> "CONCAT('0x', HEX(" + quoted + "))";
        };
    }

    /** Its text as a parameter of MySQL's own type, so that indexes serve and {@code <<} shifts numbers. */
    Object parameter(String part) {
        try {
            return switch (kind) {
                case INTEGER -> number(new BigInteger(part));
                case TEXT, DATE, ENUM -> part;
                case BINARY -> HexFormat.of().parseHex(part, 2, part.length());
            };
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + part + "' is no value of the " + kind + " key column " + name() + ".", e);
        }
    }

    /**
     * The members on one side of this one, which MySQL finds by an index; for {@code <} and {@code >} over an ENUM it reads the whole
     * table.
     *
     * @param above those of higher numbers, not of lower ones
     * @param inclusive and this one
     */
    List<String> members(String part, boolean above, boolean inclusive) {
        List<String> all = new ArrayList<>(List.of(""));
        all.addAll(column.members());
        int at = all.indexOf(part);
        if (at < 0) {
            throw new IllegalArgumentException("'" + part + "' is no member of the key column " + name() + ".");
        }
        return above ? all.subList(inclusive ? at : at + 1, all.size()) : all.subList(0, inclusive ? at + 1 : at);
    }

    /** Whether rows lie in the same order by this column and by that one of another table. */
    boolean orderedLike(TableSchema.Column other) {
        return kind == Kind.INTEGER
                ? other.integer()
                : column.columnType().equals(other.columnType())
                        && String.valueOf(column.collation()).equals(String.valueOf(other.collation()));
    }

    private static Object number(BigInteger value) {
        if (value.bitLength() < Long.SIZE) {
            return value.longValueExact();
        }
        // The driver knows no BigInteger; without a fraction MySQL reads the digits as BIGINT UNSIGNED.
        return new BigDecimal(value);
    }
}
