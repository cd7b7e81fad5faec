package dev.cutover.core.row;

import dev.cutover.core.topology.Identifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HexFormat;

/**
 * One column of a source key: how it reads as text, and how the text becomes a parameter again.
 *
 * @param name the column
 * @param kind what its text stands for
 * @param exact whether values that MySQL holds for equal are the same text
 * @param zerofill whether MySQL prints it with leading zeros
 */
record KeyColumn(String name, Kind kind, boolean exact, boolean zerofill) {
    enum Kind {
        INTEGER,
        TEXT,
        BINARY
    }

    static KeyColumn of(TableSchema schema, String name) {
        TableSchema.Column column = schema.column(name)
                .orElseThrow(() -> new ProjectionRefusedException("The key column '" + name + "' is not in "
                        + schema.table() + ". Name the columns of its primary key in the plan."));
        if (column.integer()) {
            return new KeyColumn(column.name(), Kind.INTEGER, true, column.zerofill());
        }
        if (column.binary()) {
            return new KeyColumn(column.name(), Kind.BINARY, true, false);
        }
        if (column.text()) {
            // Every other binary collation pads with spaces: 'a' = 'a '.
            return new KeyColumn(column.name(), Kind.TEXT, "utf8mb4_0900_bin".equals(column.collation()), false);
        }
        throw new ProjectionRefusedException("The key column " + schema.table() + "." + column.name() + " is of type "
                + column.columnType() + ". A key is made of integer, text and binary columns.");
    }

    /** Its text over the source row. */
    String select(String alias) {
        String column = alias + "." + Identifier.quote(name);
        return switch (kind) {
            case INTEGER -> zerofill ? column + " + 0" : column;
            case TEXT -> column;
            case BINARY -> "CONCAT('0x', HEX(" + column + "))";
        };
    }

    /** Its text as a parameter of MySQL's own type, so that indexes serve and {@code <<} shifts numbers. */
    Object parameter(String part) {
        try {
            return switch (kind) {
                case INTEGER -> number(new BigInteger(part));
                case TEXT -> part;
                case BINARY -> HexFormat.of().parseHex(part, 2, part.length());
            };
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + part + "' is no value of the " + kind + " key column " + name + ".", e);
        }
    }

    static Object number(BigInteger value) {
        if (value.bitLength() < Long.SIZE) {
            return value.longValueExact();
        }
        // The driver knows no BigInteger; without a fraction MySQL reads the digits as BIGINT UNSIGNED.
        return new BigDecimal(value);
    }
}
