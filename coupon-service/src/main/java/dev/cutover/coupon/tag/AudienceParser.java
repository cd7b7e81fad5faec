package dev.cutover.coupon.tag;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads an audience from left to right: NOT before AND before OR, words in any case. Owned by one thread. */
final class AudienceParser {
    static final int LONGEST = 500;
    static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,31}");

    private static final int DEEPEST = 20;
    private static final String VALUE = "[A-Za-z0-9._-]{1,32}";
    private static final Pattern TOKEN =
            Pattern.compile("\\s*(?:(\\()|(\\))|([A-Za-z][A-Za-z0-9_]*)(?:=(" + VALUE + "))?(?![A-Za-z0-9_.=-]))");
    private static final Pattern BLANK = Pattern.compile("\\s*");
    private static final int OPEN = 1;
    private static final int CLOSE = 2;
    private static final int WORD = 3;
    private static final int EQUALS = 4;

    private final String text;
    private final Matcher tokens;
    private final Map<String, Integer> tags = new LinkedHashMap<>();
    private int at;
    private int depth;

    AudienceParser(String text) {
        this.text = text;
        this.tokens = TOKEN.matcher(text);
    }

    AudienceExpression parse() {
        if (text.length() > LONGEST) {
            throw new AudienceSyntaxException(LONGEST, "an audience has at most " + LONGEST + " characters");
        }
        AudienceExpression.Node root = any();
        skipBlanks();
        if (at < text.length()) {
            throw unexpected("AND, OR or the end");
        }
        return new AudienceExpression(root, tags);
    }

    private AudienceExpression.Node any() {
        return combined(false, "OR");
    }

    private AudienceExpression.Node all() {
        return combined(true, "AND");
    }

    private AudienceExpression.Node combined(boolean all, String word) {
        List<AudienceExpression.Node> parts = new ArrayList<>();
        do {
            parts.add(all ? single() : all());
        } while (skip(word));
        return parts.size() == 1 ? parts.get(0) : new AudienceExpression.Combined(all, parts);
    }

    private AudienceExpression.Node single() {
        int start = at;
        if (!next() || tokens.group(CLOSE) != null || isWord("AND") || isWord("OR")) {
            at = start;
            throw unexpected("a tag, NOT or '('");
        }
        if (++depth > DEEPEST) {
            throw new AudienceSyntaxException(start, "an audience is at most " + DEEPEST + " levels deep");
        }
        AudienceExpression.Node node;
        if (tokens.group(OPEN) != null) {
            node = any();
            if (!next() || tokens.group(CLOSE) == null) {
                throw unexpected("AND, OR or ')'");
            }
        } else if (isWord("NOT")) {
            node = single().negated();
        } else {
            node = question();
        }
        depth--;
        return node;
    }

    private AudienceExpression.Node question() {
        String name = tokens.group(WORD);
        int position = tokens.start(WORD);
        if (!NAME.matcher(name).matches()) {
            throw new AudienceSyntaxException(
                    position, "'" + name + "' is no name of a tag: 1 to 32 of a-z, 0-9 and '_', a letter first");
        }
        tags.putIfAbsent(name, position);
        String value = tokens.group(EQUALS);
        return new AudienceExpression.Question(new TagTest(name, value == null ? TagTest.YES : value), true);
    }

    private boolean isWord(String word) {
        return tokens.group(EQUALS) == null
                && tokens.group(WORD) != null
                && tokens.group(WORD).toUpperCase(Locale.ROOT).equals(word);
    }

    private boolean next() {
        if (tokens.region(at, text.length()).lookingAt()) {
            at = tokens.end();
            return true;
        }
        return false;
    }

    private boolean skip(String word) {
        int start = at;
        if (next() && isWord(word)) {
            return true;
        }
        at = start;
        return false;
    }

    private void skipBlanks() {
        Matcher blank = BLANK.matcher(text).region(at, text.length());
        if (blank.lookingAt()) {
            at = blank.end();
        }
    }

    private AudienceSyntaxException unexpected(String expected) {
        skipBlanks();
        String found =
                at >= text.length() ? "the end" : "'" + text.substring(at, Math.min(text.length(), at + 12)) + "'";
        return new AudienceSyntaxException(at, "expected " + expected + ", found " + found);
    }
}
