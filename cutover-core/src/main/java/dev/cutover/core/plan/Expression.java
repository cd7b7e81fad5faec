package dev.cutover.core.plan;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An SQL expression of the plan, cut into text and {@code {placeholders}}; what stands in quotes is left alone. Immutable.
 *
 * <p>A projection is a function of one row at any time: subqueries, aggregates, window functions, and whatever depends on the clock,
 * on chance or on the session are refused.
 */
public final class Expression {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([A-Za-z_$][A-Za-z0-9_$]*)\\}");
    private static final Pattern WORD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern CLOCK = Pattern.compile("(?i)\\bUNIX_TIMESTAMP\\s*\\(\\s*\\)");
    private static final Pattern DOTTED = Pattern.compile("[A-Za-z0-9_$`]+\\s*\\.\\s*[A-Za-z_$`]");
    private static final Set<String> FORBIDDEN_WORDS = Set.of(
            "SELECT",
            "OVER",
            "CURRENT_TIMESTAMP",
            "CURRENT_DATE",
            "CURRENT_TIME",
            "LOCALTIME",
            "LOCALTIMESTAMP",
            "UTC_DATE",
            "UTC_TIME",
            "UTC_TIMESTAMP",
            "CURRENT_USER");
    private static final Set<String> FORBIDDEN_FUNCTIONS = Set.of(
            "SUM",
            "COUNT",
            "AVG",
            "MIN",
            "MAX",
            "GROUP_CONCAT",
            "BIT_AND",
            "BIT_OR",
            "BIT_XOR",
            "STD",
            "STDDEV",
            "STDDEV_POP",
            "STDDEV_SAMP",
            "VAR_POP",
            "VAR_SAMP",
            "VARIANCE",
            "JSON_ARRAYAGG",
            "JSON_OBJECTAGG",
            "ANY_VALUE",
            "ROW_NUMBER",
            "RANK",
            "DENSE_RANK",
            "LAG",
            "LEAD",
            "NTILE",
            "NOW",
            "SYSDATE",
            "CURDATE",
            "CURTIME",
            "RAND",
            "UUID",
            "UUID_SHORT",
            "RANDOM_BYTES",
            "SLEEP",
            "BENCHMARK",
            "LAST_INSERT_ID",
            "ROW_COUNT",
            "FOUND_ROWS",
            "CONNECTION_ID",
            "USER",
            "SESSION_USER",
            "SYSTEM_USER",
            "DATABASE",
            "SCHEMA",
            "VERSION",
            "GET_LOCK",
            "RELEASE_LOCK",
            "LOAD_FILE",
            "MASTER_POS_WAIT",
            "SOURCE_POS_WAIT",
            "WAIT_FOR_EXECUTED_GTID_SET");

    private final String source;
    private final List<Part> parts;

    /** What an expression is made of. */
    private enum Kind {
        TEXT,
        QUOTED,
        PLACEHOLDER
    }

    private record Part(Kind kind, String text) {}

    private Expression(String source, List<Part> parts) {
        this.source = source;
        this.parts = parts;
    }

    /** Whether it is this placeholder and nothing else. */
    public boolean isPlaceholder(String name) {
        return source.strip().toLowerCase(Locale.ROOT).equals("{" + name.toLowerCase(Locale.ROOT) + "}");
    }

    /** Cuts an expression; refuses an open quote. */
    public static Expression parse(String source) {
        List<Part> parts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        Matcher placeholder = PLACEHOLDER.matcher(source);
        int at = 0;
        while (at < source.length()) {
            char next = source.charAt(at);
            if (next == '\'' || next == '"' || next == '`') {
                int end = endOfQuote(source, at);
                flush(text, parts);
                parts.add(new Part(Kind.QUOTED, source.substring(at, end)));
                at = end;
            } else if (next == '{' && placeholder.find(at) && placeholder.start() == at) {
                flush(text, parts);
                parts.add(new Part(Kind.PLACEHOLDER, placeholder.group(1)));
                at = placeholder.end();
            } else {
                text.append(next);
                at++;
            }
        }
        flush(text, parts);
        return new Expression(source, List.copyOf(parts));
    }

    private static void flush(StringBuilder text, List<Part> parts) {
        if (!text.isEmpty()) {
            parts.add(new Part(Kind.TEXT, text.toString()));
            text.setLength(0);
        }
    }

    private static int endOfQuote(String source, int start) {
        char quote = source.charAt(start);
        int at = start + 1;
        while (at < source.length()) {
            char next = source.charAt(at);
            if (next == '\\' && quote != '`') {
                at += 2;
            } else if (next == quote) {
                return at + 1;
            } else {
                at++;
            }
        }
        throw new IllegalArgumentException(
                "the quote " + quote + " opened at character " + (start + 1) + " is not closed");
    }

    /** The names in braces, in order of first use. */
    public Set<String> placeholders() {
        Set<String> names = new LinkedHashSet<>();
        for (Part part : parts) {
            if (part.kind() == Kind.PLACEHOLDER) {
                names.add(part.text());
            }
        }
        return names;
    }

    /** The expression with each placeholder replaced; called once a use, in order. */
    public String render(UnaryOperator<String> replacement) {
        StringBuilder sql = new StringBuilder();
        for (Part part : parts) {
            sql.append(part.kind() == Kind.PLACEHOLDER ? replacement.apply(part.text()) : part.text());
        }
        return sql.toString();
    }

    /** Whether it names a column ({@code alias.column}) itself, instead of through a placeholder. */
    public boolean namesColumns() {
        return DOTTED.matcher(outsideQuotes()).find();
    }

    /** Why it cannot be used, one sentence each; empty when it can. */
    public List<String> faults() {
        List<String> faults = new ArrayList<>();
        String code = outsideQuotes();
        if (source.isBlank()) {
            faults.add("is empty");
        }
        if (!balanced(code)) {
            faults.add("has parentheses that do not match");
        }
        for (String sign : List.of("?", ";", "#", "/*", "-- ", "@", "{", "}")) {
            if (code.contains(sign)) {
                faults.add("contains '" + sign.strip() + "' outside quotes");
            }
        }
        if (CLOCK.matcher(code).find()) {
            faults.add("uses UNIX_TIMESTAMP() without a time, but a value must follow from its own row alone");
        }
        Matcher words = WORD.matcher(code);
        while (words.find()) {
            String word = words.group().toUpperCase(Locale.ROOT);
            boolean column = words.start() > 0 && code.charAt(words.start() - 1) == '.';
            boolean called = code.substring(words.end()).stripLeading().startsWith("(");
            if (!column && (FORBIDDEN_WORDS.contains(word) || (called && FORBIDDEN_FUNCTIONS.contains(word)))) {
                faults.add("uses " + word + ", but a value must follow from its own row alone");
            }
        }
        return faults;
    }

    private static boolean balanced(String code) {
        int depth = 0;
        for (int i = 0; i < code.length() && depth >= 0; i++) {
            depth += code.charAt(i) == '(' ? 1 : code.charAt(i) == ')' ? -1 : 0;
        }
        return depth == 0;
    }

    // Quoted parts and placeholders shrink to a letter that means nothing; a quoted name keeps its backticks for
    // DOTTED.
    private String outsideQuotes() {
        StringBuilder code = new StringBuilder();
        for (Part part : parts) {
            switch (part.kind()) {
                case TEXT -> code.append(part.text());
                case QUOTED -> code.append(part.text().startsWith("`") ? "`q`" : " ");
                case PLACEHOLDER -> code.append(" 0 ");
            }
        }
        return code.toString();
    }

    @Override
    public String toString() {
        return source;
    }
}
