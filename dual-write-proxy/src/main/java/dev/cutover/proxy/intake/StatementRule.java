package dev.cutover.proxy.intake;

import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which statements may run in a unit: a list of what is harmless, not of what is not, because MySQL has dozens of statements that commit
 * the transaction they stand in, and with it let go of the fence. Stateless.
 */
enum StatementRule {
    UNIT(Set.of("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "DO", "SHOW", "EXPLAIN", "DESCRIBE")),
    READ(Set.of("SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE"));

    private final Set<String> allowed;

    StatementRule(Set<String> allowed) {
        this.allowed = allowed;
    }

    /** Why the statement is refused; null when it may run. */
    @Nullable
    String refusal(String sql) {
        String word = firstWord(sql);
        if (allowed.contains(word)) {
            return null;
        }
        String shown = word.isEmpty() ? "a statement that does not begin with a word" : word;
        return this == READ
                ? "A read may only read; " + shown + " is refused. Use write()."
                : shown + " is refused inside a unit: it could end the transaction, or outlive it, and with it the"
                        + " hold on the fence. Allowed are "
                        + allowed.stream().sorted().toList() + ".";
    }

    private static String firstWord(String sql) {
        int begin = start(sql);
        int end = begin;
        while (end < sql.length() && Character.isLetter(sql.charAt(end))) {
            end++;
        }
        return sql.substring(begin, end).toUpperCase(Locale.ROOT);
    }

    /** Where the first word begins, behind white space, opening brackets and comments; the end for a comment that MySQL executes. */
    private static int start(String sql) {
        int at = 0;
        while (at < sql.length()) {
            char c = sql.charAt(at);
            if (Character.isWhitespace(c) || c == '(') {
                at++;
            } else if (sql.startsWith("/*!", at)) {
                return sql.length();
            } else if (sql.startsWith("/*", at)) {
                int end = sql.indexOf("*/", at + 2);
                at = end < 0 ? sql.length() : end + 2;
            } else if (c == '#' || sql.startsWith("-- ", at) || sql.startsWith("--\n", at)) {
                int end = sql.indexOf('\n', at);
                at = end < 0 ? sql.length() : end + 1;
            } else {
                return at;
            }
        }
        return at;
    }
}
