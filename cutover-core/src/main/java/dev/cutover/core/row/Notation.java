package dev.cutover.core.row;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Locale;
import java.util.Set;

/**
 * How the values of a target column are read and written, so that the bytes that one side prints are the bytes the other side
 * prints.
 *
 * <p>A source expression is turned into the target's notation only where that cannot bend a value: scales of numbers, fractions of
 * times, the exact digits of a FLOAT. What does not fit is left for the strict INSERT to refuse.
 */
enum Notation {
    /** MySQL prints leading zeros for ZEROFILL, and a fraction for an expression that is DECIMAL. */
    INTEGER {
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            if (type.fraction()) {
                return "CAST(" + expression + " AS DECIMAL(65,0))";
            }
            return type.zerofill() || type.bits() ? "(" + expression + ") + 0" : expression;
        }

        @Override
        String target(String column, TableSchema.Column target) {
            return target.zerofill() ? column + " + 0" : column;
        }

        // A number as a number: the driver looks at each character of a text for what must be escaped. Where the source
        // is text,
        // the value need not be a number, and MySQL must see it as it is.
        @Override
        void bind(PreparedStatement statement, int index, byte[] value) throws SQLException {
            int from = value.length > 1 && value[0] == '-' ? 1 : 0;
            if (value.length == from || value.length - from > DIGITS_OF_A_LONG) {
                super.bind(statement, index, value);
                return;
            }
            long number = 0;
            for (int i = from; i < value.length; i++) {
                int digit = value[i] - '0';
                if (digit < 0 || digit > 9) {
                    super.bind(statement, index, value);
                    return;
                }
                number = number * 10 + digit;
            }
            statement.setLong(index, from == 1 ? -number : number);
        }
    },
    DECIMAL {
        // 65 digits and not the target's: a number too large must reach the INSERT as it is, not as the largest that
        // fits.
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            boolean same = type.decimal() && type.scale() == target.scale() && !type.zerofill();
            return type.number() && !same
                    ? "CAST(" + expression + " AS DECIMAL(65," + target.scale() + "))"
                    : expression;
        }

        @Override
        String target(String column, TableSchema.Column target) {
            return target.zerofill() ? "CAST(" + column + " AS DECIMAL(65," + target.scale() + "))" : column;
        }
    },
    /** FLOAT prints six digits; as DOUBLE it prints as many as tell it apart. */
    FLOATING {
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            return type.number() ? "(" + expression + ") * 1e0" : expression;
        }

        @Override
        String target(String column, TableSchema.Column target) {
            return column + " * 1e0";
        }
    },
    /** BIT prints raw bytes, which as text would be another number. */
    BITS {
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            return "(" + expression + ") + 0";
        }

        @Override
        String target(String column, TableSchema.Column target) {
            return column + " + 0";
        }

        @Override
        void bind(PreparedStatement statement, int index, byte[] value) throws SQLException {
            statement.setBigDecimal(index, new BigDecimal(new String(value, StandardCharsets.ISO_8859_1)));
        }
    },
    TIME {
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            if (!type.temporal()) {
                return expression;
            }
            String as = target.dataType().equals("timestamp")
                    ? "DATETIME"
                    : target.dataType().toUpperCase(Locale.ROOT);
            return "CAST(" + expression + " AS " + as + (as.equals("DATE") ? "" : "(" + target.scale() + ")") + ")";
        }
    },
    /**
     * MySQL sorts the keys of a JSON value when it stores it. A value that was made from a column may hold a DECIMAL, a date or bytes, which no
     * text can say: on either side it is what its text says, a number, a string.
     */
    JSON {
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            return type.json()
                    ? "CAST(CONVERT(" + expression + " USING utf8mb4) AS JSON)"
                    : "IF(JSON_VALID(" + expression + "), CAST(" + expression + " AS JSON), " + expression + ")";
        }

        @Override
        void bind(PreparedStatement statement, int index, byte[] value) throws SQLException {
            TEXT.bind(statement, index, value);
        }
    },
    /** In utf8mb4, so that a checksum that MySQL computes does not see the character set a column happens to have. */
    TEXT {
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            if (type.binary()) {
                throw new ProjectionRefusedException("The text column '" + target.name()
                        + "' is filled from bytes, whose character set nobody knows: " + expression
                        + ". Write CONVERT(… USING character set) around it.");
            }
            if (type.bits()) {
                return "(" + expression + ") + 0";
            }
            return type.text() && !type.utf8() ? "CONVERT(" + expression + " USING utf8mb4)" : expression;
        }

        @Override
        String target(String column, TableSchema.Column target) {
            return ExpressionType.utf8(target) ? column : "CONVERT(" + column + " USING utf8mb4)";
        }

        // As a literal of the connection's utf8mb4, which MySQL converts to the column's character set and refuses
        // where it cannot.
        @Override
        void bind(PreparedStatement statement, int index, byte[] value) throws SQLException {
            statement.setString(index, new String(value, StandardCharsets.UTF_8));
        }
    },
    BINARY {
        // Results are converted to utf8mb4; a binary column gets the bytes as they are stored.
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            return type.text() ? "CAST(" + expression + " AS BINARY)" : expression;
        }

        @Override
        void bind(PreparedStatement statement, int index, byte[] value) throws SQLException {
            statement.setBytes(index, value);
        }
    },
    PLAIN {
        @Override
        String select(String expression, ExpressionType type, TableSchema.Column target) {
            return expression;
        }
    };

    // So many nines fit.
    private static final int DIGITS_OF_A_LONG = 18;
    private static final Set<String> TIMES = Set.of("datetime", "timestamp", "date", "time");

    static Notation of(TableSchema.Column target) {
        if (target.integer()) {
            return INTEGER;
        }
        if (target.text()
                || target.dataType().equals("enum")
                || target.dataType().equals("set")) {
            return TEXT;
        }
        if (TIMES.contains(target.dataType())) {
            return TIME;
        }
        return switch (target.dataType()) {
            case "decimal" -> DECIMAL;
            case "float", "double" -> FLOATING;
            case "bit" -> BITS;
            case "json" -> JSON;
            case "year" -> PLAIN;
            default -> BINARY;
        };
    }

    /** The source expression in the target's notation. */
    abstract String select(String expression, ExpressionType type, TableSchema.Column target);

    /** The target column in the same notation. */
    String target(String column, TableSchema.Column target) {
        return column;
    }

    // Digits, signs and points. The driver writes bytes as x'…', which MySQL takes for a number where a number is
    // expected.
    void bind(PreparedStatement statement, int index, byte[] value) throws SQLException {
        statement.setString(index, new String(value, StandardCharsets.ISO_8859_1));
    }

    static void bindNull(PreparedStatement statement, int index) throws SQLException {
        statement.setNull(index, Types.NULL);
    }
}
