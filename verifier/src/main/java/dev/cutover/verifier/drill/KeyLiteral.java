package dev.cutover.verifier.drill;

import java.math.BigInteger;
import java.util.regex.Pattern;

/** The part of a row key as SQL text. */
public final class KeyLiteral {
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]{0,30})");

    private KeyLiteral() {}

    /** For a statement an operator can paste. */
    public static String literal(String part) {
        if (NUMBER.matcher(part).matches()) {
            return new BigInteger(part).toString();
        }
        if (part.matches("0x[0-9A-Fa-f]*")) {
            return part;
        }
        return "'" + part.replace("\\", "\\\\").replace("'", "''") + "'";
    }
}
