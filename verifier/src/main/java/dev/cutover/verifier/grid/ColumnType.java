package dev.cutover.verifier.grid;

import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.Locale;

/**
 * What MySQL says a selected expression is, as far as its text encoding depends on it.
 *
 * @param family how values compare
 * @param scale digits after the point: of a decimal, or of the seconds of a time
 * @param large whether a value may be long enough to be hashed before it joins the row text
 * @param plain whether a value's own text is its one text already: a number without zeros in front, text in utf8mb4
 */
public record ColumnType(Family family, int scale, boolean large, boolean plain) {

    /** Types whose values have one canonical text. */
    public enum Family {
        INTEGER,
        DECIMAL,
        APPROXIMATE,
        BITS,
        TEXT,
        BINARY,
        JSON,
        DATE,
        DATETIME,
        TIME
    }

    /** The type of column {@code index} (from 1) of a result. */
    public static ColumnType of(ResultSetMetaData result, int index) throws SQLException {
        return named(result.getColumnTypeName(index), result.getScale(index));
    }

    /** The type with this MySQL name, such as {@code BIGINT UNSIGNED}. */
    static ColumnType named(String typeName, int scale) {
        String name = typeName.toUpperCase(Locale.ROOT);
        String word = name.split("[ (]", 2)[0];
        int digits = Math.max(0, scale);
        return switch (word) {
            // Zeros in front make a column unsigned, and those of a year are its own.
            case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT", "YEAR", "BOOLEAN", "BOOL" ->
                new ColumnType(Family.INTEGER, 0, false, !name.contains("UNSIGNED") && !word.equals("YEAR"));
            case "DECIMAL", "NUMERIC" -> new ColumnType(Family.DECIMAL, digits, false, false);
            case "FLOAT", "DOUBLE", "REAL" -> of(Family.APPROXIMATE);
            case "BIT" -> of(Family.BITS);
            case "DATE" -> of(Family.DATE);
            // Whether the seconds carry a fraction is asked of the driver through the scale; microseconds fit all.
            case "DATETIME", "TIMESTAMP" -> new ColumnType(Family.DATETIME, digits, false, false);
            case "TIME" -> new ColumnType(Family.TIME, digits, false, false);
            case "JSON" -> new ColumnType(Family.JSON, 0, true, false);
            case "TEXT", "MEDIUMTEXT", "LONGTEXT" -> new ColumnType(Family.TEXT, 0, true, false);
            case "BLOB", "MEDIUMBLOB", "LONGBLOB", "GEOMETRY", "VECTOR" ->
                new ColumnType(Family.BINARY, 0, true, false);
            case "BINARY", "VARBINARY", "TINYBLOB" -> of(Family.BINARY);
            default -> of(Family.TEXT);
        };
    }

    static ColumnType of(Family family) {
        return new ColumnType(family, 0, false, false);
    }

    /** The same for a column whose charset is utf8mb4; only text has one. */
    ColumnType inUtf8() {
        return new ColumnType(family, scale, large, plain || family == Family.TEXT);
    }

    boolean exactNumber() {
        return family == Family.INTEGER || family == Family.DECIMAL || family == Family.BITS;
    }

    boolean temporal() {
        return family == Family.DATE || family == Family.DATETIME || family == Family.TIME;
    }
}
