package dev.cutover.core.row;

import com.mysql.cj.MysqlType;
import com.mysql.cj.jdbc.result.ResultSetMetaData;
import com.mysql.cj.result.Field;
import java.sql.SQLException;
import java.util.Set;

/**
 * What MySQL says an expression is.
 *
 * @param type its type
 * @param scale digits after the point of a DECIMAL
 * @param zerofill whether it prints leading zeros
 * @param utf8 whether its text is known to be stored as the bytes of utf8mb4
 */
record ExpressionType(MysqlType type, int scale, boolean zerofill, boolean utf8) {
    private static final Set<String> UTF8 = Set.of("utf8mb4", "utf8mb3", "utf8", "ascii");

    /** Whether the column's text is stored as the bytes of utf8mb4. */
    static boolean utf8(TableSchema.Column column) {
        return column.charset() != null && UTF8.contains(column.charset());
    }

    /** The type of a column of a result; a result does not tell the character set its text was stored in. */
    static ExpressionType of(java.sql.ResultSetMetaData metaData, int index, boolean utf8) throws SQLException {
        Field field = metaData.unwrap(ResultSetMetaData.class).getFields()[index - 1];
        return new ExpressionType(field.getMysqlType(), field.getDecimals(), field.isZeroFill(), utf8);
    }

    boolean decimal() {
        return type == MysqlType.DECIMAL || type == MysqlType.DECIMAL_UNSIGNED;
    }

    boolean fraction() {
        return (decimal() && scale > 0)
                || type == MysqlType.DOUBLE
                || type == MysqlType.DOUBLE_UNSIGNED
                || type == MysqlType.FLOAT
                || type == MysqlType.FLOAT_UNSIGNED;
    }

    boolean number() {
        return switch (type) {
            case DECIMAL,
                    DECIMAL_UNSIGNED,
                    TINYINT,
                    TINYINT_UNSIGNED,
                    BOOLEAN,
                    SMALLINT,
                    SMALLINT_UNSIGNED,
                    INT,
                    INT_UNSIGNED,
                    FLOAT,
                    FLOAT_UNSIGNED,
                    DOUBLE,
                    DOUBLE_UNSIGNED,
                    BIGINT,
                    BIGINT_UNSIGNED,
                    MEDIUMINT,
                    MEDIUMINT_UNSIGNED,
                    BIT,
                    YEAR -> true;
            default -> false;
        };
    }

    boolean bits() {
        return type == MysqlType.BIT;
    }

    boolean temporal() {
        return type == MysqlType.DATETIME
                || type == MysqlType.TIMESTAMP
                || type == MysqlType.DATE
                || type == MysqlType.TIME;
    }

    boolean json() {
        return type == MysqlType.JSON;
    }

    boolean text() {
        return switch (type) {
            case CHAR, VARCHAR, TINYTEXT, TEXT, MEDIUMTEXT, LONGTEXT, ENUM, SET -> true;
            default -> false;
        };
    }

    boolean binary() {
        return switch (type) {
            case BINARY, VARBINARY, TINYBLOB, BLOB, MEDIUMBLOB, LONGBLOB, GEOMETRY -> true;
            default -> false;
        };
    }
}
