package dev.cutover.coupon.tag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Audiences: read as written, true as their truth table says, and safe where something is not known. */
final class AudienceExpressionTest {
    private static final List<String> TAGS = List.of("a", "b", "c", "d");
    private static final int EXPRESSIONS = 2_000;

    /** What a test says and what it means, made together: the meaning never went through the parser. */
    private interface Meaning {
        boolean of(Map<String, Boolean> truth);
    }

    private record Made(String text, Meaning meaning) {}

    private static Made random(Random random, int depth) {
        int kind = depth == 0 ? 0 : random.nextInt(5);
        if (kind <= 1) {
            String tag = TAGS.get(random.nextInt(TAGS.size()));
            return new Made(random.nextBoolean() ? tag : tag + "=true", truth -> Boolean.TRUE.equals(truth.get(tag)));
        }
        if (kind == 2) {
            Made part = random(random, depth - 1);
            return new Made(
                    (random.nextBoolean() ? "NOT " : "not") + "(" + part.text() + ")",
                    truth -> !part.meaning().of(truth));
        }
        List<Made> parts = new ArrayList<>();
        for (int i = 0; i < 2 + random.nextInt(2); i++) {
            parts.add(random(random, depth - 1));
        }
        boolean all = kind == 3;
        String text = String.join(
                all ? " AND " : "  or ",
                parts.stream().map(part -> "(" + part.text() + ")").toList());
        return new Made(
                text,
                truth -> all
                        ? parts.stream().allMatch(part -> part.meaning().of(truth))
                        : parts.stream().anyMatch(part -> part.meaning().of(truth)));
    }

    private static Map<String, Boolean> truth(int row) {
        Map<String, Boolean> truth = new HashMap<>();
        for (int i = 0; i < TAGS.size(); i++) {
            truth.put(TAGS.get(i), (row >> i & 1) == 1);
        }
        return truth;
    }

    private static Map<String, Reading> readings(Map<String, Boolean> truth, int unknown, boolean allows) {
        Map<String, Reading> readings = new HashMap<>();
        for (int i = 0; i < TAGS.size(); i++) {
            String tag = TAGS.get(i);
            readings.put(
                    tag,
                    (unknown >> i & 1) == 1
                            ? new Reading(Optional.empty(), "lost", allows)
                            : Reading.of(Boolean.TRUE.equals(truth.get(tag)) ? "true" : "no"));
        }
        return readings;
    }

    @Test
    void anyExpressionIsTrueExactlyWhereItsTruthTableSaysSo() {
        Random random = new Random(20);
        for (int i = 0; i < EXPRESSIONS; i++) {
            Made made = random(random, 3);
            if (made.text().length() > AudienceParser.LONGEST) {
                continue;
            }
            AudienceExpression read = AudienceExpression.parse(made.text());
            for (int row = 0; row < 16; row++) {
                Map<String, Reading> readings = readings(truth(row), 0, false);
                boolean meant = made.meaning().of(truth(row));
                assertThat(read.holds(readings::get))
                        .as(made.text() + " of " + row)
                        .isEqualTo(meant);
                // Who is turned away is told why, and nobody else.
                assertThat(read.failed(readings::get).isEmpty()).as(made.text()).isEqualTo(meant);
            }
        }
    }

    @Test
    void whoIsLetInThoughATagThatDeniesIsUnknownWouldBeLetInWhateverItIs() {
        Random random = new Random(21);
        for (int i = 0; i < EXPRESSIONS; i++) {
            Made made = random(random, 3);
            if (made.text().length() > AudienceParser.LONGEST) {
                continue;
            }
            AudienceExpression read = AudienceExpression.parse(made.text());
            int unknown = 1 + random.nextInt(15);
            int known = random.nextInt(16);
            boolean always = true;
            boolean ever = false;
            for (int row = 0; row < 16; row++) {
                if ((row & ~unknown) == (known & ~unknown)) {
                    always &= made.meaning().of(truth(row));
                    ever |= made.meaning().of(truth(row));
                }
            }
            boolean denying = read.holds(readings(truth(known), unknown, false)::get);
            boolean allowing = read.holds(readings(truth(known), unknown, true)::get);
            assertThat(denying && !always).as(made.text()).isFalse();
            assertThat(ever && !allowing).as(made.text()).isFalse();
        }
    }

    @Test
    void anUnknownTagTurnsAwayAlsoBehindNot() {
        Map<String, Reading> unknown = readings(truth(0), 15, false);
        assertThat(AudienceExpression.parse("NOT a").holds(unknown::get)).isFalse();
        assertThat(AudienceExpression.parse("NOT a").failed(unknown::get))
                .containsExactly(new AudienceExpression.Failed(
                        new TagTest("a", "true"), false, new Reading(Optional.empty(), "lost", false)));
    }

    @Test
    void notBindsCloserThanAndAndAndCloserThanOr() {
        Map<String, Reading> onlyC = readings(truth(4), 0, false);
        assertThat(AudienceExpression.parse("a AND b OR c").holds(onlyC::get)).isTrue();
        assertThat(AudienceExpression.parse("a AND (b OR c)").holds(onlyC::get)).isFalse();
        assertThat(AudienceExpression.parse("NOT a AND c").holds(onlyC::get)).isTrue();
        assertThat(AudienceExpression.parse("NOT (a OR c)").holds(onlyC::get)).isFalse();
    }

    @Test
    void whatCannotBeReadSaysWhereAndWhatWasExpected() {
        assertProblem("", "At character 1: expected a tag, NOT or '(', found the end.");
        assertProblem("a AND", "At character 6: expected a tag, NOT or '(', found the end.");
        assertProblem("a b", "At character 3: expected AND, OR or the end, found 'b'.");
        assertProblem("(a OR b", "At character 8: expected AND, OR or ')', found the end.");
        assertProblem("a OR and", "At character 6: expected a tag, NOT or '(', found 'and'.");
        assertProblem("a AND b)", "At character 8: expected AND, OR or the end, found ')'.");
        assertProblem("a=", "At character 1: expected a tag, NOT or '(', found 'a='.");
        assertProblem(
                "a AND Vip", "At character 7: 'Vip' is no name of a tag: 1 to 32 of a-z, 0-9 and '_', a letter first.");
        assertProblem("(".repeat(21) + "a", "At character 21: an audience is at most 20 levels deep.");
        assertProblem("a OR " + "b OR ".repeat(100) + "c", "At character 501: an audience has at most 500 characters.");
    }

    private static void assertProblem(String text, String sentence) {
        assertThatThrownBy(() -> AudienceExpression.parse(text))
                .isInstanceOf(AudienceSyntaxException.class)
                .hasMessage(sentence);
    }
}
