package dev.cutover.verifier.grid;

import static dev.cutover.verifier.grid.ColumnType.Family.BINARY;
import static dev.cutover.verifier.grid.ColumnType.Family.JSON;
import static dev.cutover.verifier.grid.ColumnType.Family.TEXT;
import static dev.cutover.verifier.grid.ColumnType.Family.TIME;

/**
 * The text under which one column is compared: never NULL, the same for equal values on both sides, different for different values. It
 * is given as arguments of CONCAT, so that a row's text is put together once and not column by column first.
 *
 * <p>Both types decide together, so that neither side's fraction, sign, zero fill or charset is lost before it is compared: numbers at
 * the larger scale, times at microseconds, text as length and utf8mb4 bytes, bytes as HEX. A value the encoding cannot read makes the
 * whole row text NULL, which no comparison accepts as equal. Texts of numbers, times and HEX cannot hold the comma that separates
 * columns nor the letter N that marks NULL; all other text carries its length.
 */
public final class ColumnText {
    private static final String NULL_MARK = "'N'";

    private final ColumnType source;
    private final ColumnType target;

    public ColumnText(ColumnType source, ColumnType target) {
        this.source = source;
        this.target = target;
    }

    /** The text of the source's expression, as arguments of CONCAT. */
    public String ofSource(String expression) {
        return text(expression, source);
    }

    /** The text of the target's column, as arguments of CONCAT. */
    public String ofTarget(String expression) {
        return text(expression, target);
    }

    private String text(String expression, ColumnType own) {
        String value = "(" + expression + ")";
        switch (target.family()) {
            case INTEGER, DECIMAL, BITS:
                return number(value, own);
            case APPROXIMATE:
                return bare(value + " * 1e0");
            case DATE, DATETIME, TIME:
                return time(value, own);
            case BINARY:
                return hex(value, own);
            case TEXT:
                return source.family() == BINARY ? hex(value, own) : prefixed(value, own.plain() ? value : utf8(value));
            case JSON:
                // Cast even a JSON column: the normal form is what is compared, not the spelling.
                return prefixed(value, utf8("CAST(" + (own.family() == JSON ? value : utf8(value)) + " AS JSON)"));
        }
        throw new AssertionError(target.family());
    }

    private String number(String value, ColumnType own) {
        if (source.exactNumber() && target.exactNumber()) {
            int scale = Math.max(source.scale(), target.scale());
            // + 0 takes the zero fill off and turns BIT into a number.
            String whole = own.plain() ? value : value + " + 0";
            return bare(scale == 0 ? whole : "CAST(" + value + " AS DECIMAL(65," + scale + "))");
        }
        if (source.family() == TEXT || source.family() == JSON) {
            // Six digits more than the target has: a fraction that the target dropped still shows.
            return bare("CAST(" + value + " AS DECIMAL(65," + Math.min(30, target.scale() + 6) + "))");
        }
        return bare(source.temporal() ? value + " + 0" : value + " * 1e0");
    }

    private String time(String value, ColumnType own) {
        String type = target.family() == TIME ? "TIME(6)" : "DATETIME(6)";
        return guarded(value, "CAST(" + (own.family() == TEXT ? utf8(value) : value) + " AS " + type + ")");
    }

    private String hex(String value, ColumnType own) {
        String bytes = own.family() == BINARY ? value : utf8(value);
        return own.large() || source.large() || target.large()
                ? guarded(value, "SHA2(" + bytes + ", 256)")
                : guarded(value, "HEX(" + bytes + ")");
    }

    private String prefixed(String value, String text) {
        return source.large() || target.large()
                ? guarded(value, "SHA2(" + text + ", 256)")
                // A length that is missing marks NULL; a text that cannot be read is not mistaken for an empty one.
                : "IFNULL(LENGTH(" + text + "), " + NULL_MARK + "), ':', IF(" + value + " IS NULL, '', " + text + ")";
    }

    private static String utf8(String value) {
        return "CONVERT(" + value + " USING utf8mb4)";
    }

    /** For conversions that leave no value NULL. */
    private static String bare(String text) {
        return "IFNULL(" + text + ", " + NULL_MARK + ")";
    }

    /** For conversions that can fail on a value: NULL is then not mistaken for the NULL mark. */
    private static String guarded(String value, String text) {
        return "IF(" + value + " IS NULL, " + NULL_MARK + ", " + text + ")";
    }
}
