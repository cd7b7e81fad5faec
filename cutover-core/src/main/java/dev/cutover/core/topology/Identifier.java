package dev.cutover.core.topology;

import java.util.regex.Pattern;

/** The one place that puts names into SQL. */
public final class Identifier {
    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9_$]{1,64}");

    private Identifier() {}

    public static boolean isValid(String name) {
        return VALID.matcher(name).matches();
    }

    /** The name in backticks; refuses what is not letters, digits, {@code _} or {@code $}, 1 to 64 of them. */
    public static String quote(String name) {
        if (!isValid(name)) {
            throw new IllegalArgumentException("'" + name
                    + "' cannot be used as an identifier: 1 to 64 letters, digits, '_' or '$' are expected.");
        }
        return "`" + name + "`";
    }
}
