package dev.cutover.core.topology;

/** The one place that puts names into SQL. */
public final class Identifier {
    private static final int LONGEST = 64;

    private Identifier() {}

    public static boolean isValid(String name) {
        // Every statement passes here: a loop, not a pattern.
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$')) {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= LONGEST;
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
