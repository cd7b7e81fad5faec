package dev.cutover.coupon.backoffice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.RefundPolicy;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.Terms;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class RuleBookTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final Discount FIVE_OFF = new Discount(1, 1, 500L, null, 3_000, null);

    private static TemplateSheet sheet(Discount discount, Terms terms) {
        return sheet(discount, terms, 100L, 2L, 0, 3L, null, null);
    }

    private static TemplateSheet sheet(
            Discount discount,
            Terms terms,
            @Nullable Long total,
            @Nullable Long perUser,
            int type,
            @Nullable Long days,
            @Nullable Long from,
            @Nullable Long to) {
        return new TemplateSheet(
                new Template(
                        new TemplateId(1), "name", discount, total, perUser, type, days, from, to, 0, 0, null, terms),
                null,
                null,
                null);
    }

    private static Terms window(@Nullable Long from, @Nullable Long to) {
        return new Terms(0, 1, from, to, null, null, RefundPolicy.RESTORE, null, null, true);
    }

    private static List<String> paths(TemplateSheet sheet) {
        return RuleBook.problems(sheet, NOW, TagBook.NONE).stream()
                .map(RuleProblem::path)
                .toList();
    }

    private static List<String> paths(Discount discount) {
        return paths(sheet(discount, Terms.OF_THE_MALL));
    }

    @Test
    void anOrdinaryTemplateHasNoProblem() {
        assertThat(paths(FIVE_OFF)).isEmpty();
        assertThat(paths(new Discount(1, 2, null, 5_000L, 0, null))).isEmpty();
        assertThat(paths(new Discount(1, 2, null, 9_000L, 0, 2_000L))).isEmpty();
        assertThat(paths(new Discount(2, 3, 800L, null, 0, null))).isEmpty();
        assertThat(paths(sheet(FIVE_OFF, Terms.OF_THE_MALL, null, null, 1, null, NOW, NOW + 1_000)))
                .isEmpty();
    }

    @Test
    void anAmountOffIsBelowItsThreshold() {
        assertThat(paths(new Discount(1, 1, 500L, null, 499, null))).containsExactly("discount.threshold_minor");
        assertThat(paths(new Discount(1, 1, 0L, null, 0, null))).containsExactly("discount.amount_off_minor");
        assertThat(paths(new Discount(1, 1, null, null, 0, null))).containsExactly("discount.amount_off_minor");
        assertThat(paths(new Discount(1, 1, 500L, 100L, 500, 7L)))
                .containsExactly("discount.percent_off_bp", "discount.cap_minor");
    }

    @Test
    void aPercentageIsABasisPointToAllOfItAndMoreThanHalfIsCapped() {
        assertThat(paths(new Discount(1, 2, null, 0L, 0, null))).containsExactly("discount.percent_off_bp");
        assertThat(paths(new Discount(1, 2, null, 10_001L, 0, 5L))).containsExactly("discount.percent_off_bp");
        assertThat(paths(new Discount(1, 2, null, 5_001L, 0, null))).containsExactly("discount.cap_minor");
        assertThat(paths(new Discount(1, 2, null, 10_000L, 0, 5L))).isEmpty();
        assertThat(paths(new Discount(1, 2, 5L, 100L, 0, null))).containsExactly("discount.amount_off_minor");
    }

    @Test
    void freightIsTakenOffFreightCouponsOnly() {
        assertThat(paths(new Discount(1, 3, 800L, null, 0, null))).containsExactly("discount.type");
        assertThat(paths(new Discount(2, 1, 800L, null, 800, null))).containsExactly("discount.type");
    }

    @Test
    void windowsEndAfterTheyBeginAndInTheFuture() {
        assertThat(paths(sheet(FIVE_OFF, window(NOW + 2_000, NOW + 1_000)))).containsExactly("claim_to");
        assertThat(paths(sheet(FIVE_OFF, window(null, NOW)))).containsExactly("claim_to");
        assertThat(paths(sheet(FIVE_OFF, window(NOW + 1, null)))).containsExactly("claim_from");
        assertThat(paths(sheet(FIVE_OFF, Terms.OF_THE_MALL, 1L, 1L, 1, null, NOW - 2_000, NOW - 1_000)))
                .containsExactly("validity.valid_to");
        assertThat(paths(sheet(FIVE_OFF, Terms.OF_THE_MALL, 1L, 1L, 1, null, NOW + 2_000, NOW + 2_000)))
                .containsExactly("validity.valid_to");
        assertThat(paths(sheet(FIVE_OFF, window(null, NOW + 9_000), 1L, 1L, 1, null, NOW, NOW + 5_000)))
                .containsExactly("claim_to");
        assertThat(paths(sheet(FIVE_OFF, Terms.OF_THE_MALL, 1L, 1L, 1, null, null, null)))
                .containsExactly("validity.valid_from", "validity.valid_to");
        assertThat(paths(sheet(FIVE_OFF, Terms.OF_THE_MALL, 1L, 1L, 0, 0L, null, null)))
                .containsExactly("validity.days");
    }

    @Test
    void timesEndBeforeTheYearsOfFiveDigits() {
        long last = Instant.parse("9999-12-30T23:59:59Z").toEpochMilli();
        assertThat(paths(sheet(FIVE_OFF, window(null, last)))).isEmpty();
        assertThat(paths(sheet(FIVE_OFF, window(null, last + 1_000)))).containsExactly("claim_to");
        assertThat(paths(sheet(
                        FIVE_OFF,
                        Terms.OF_THE_MALL,
                        1L,
                        1L,
                        1,
                        null,
                        NOW,
                        Instant.parse("+20000-01-01T00:00:00Z").toEpochMilli())))
                .containsExactly("validity.valid_to");
    }

    @Test
    void limitsAreCountsAndADaysIsNotAboveAUsers() {
        assertThat(paths(sheet(FIVE_OFF, Terms.OF_THE_MALL, 0L, 0L, 0, 3L, null, null)))
                .containsExactly("total_quantity", "per_user_limit");
        Terms threeADay = new Terms(0, 1, null, null, 3L, null, RefundPolicy.RESTORE, null, null, true);
        assertThat(paths(sheet(FIVE_OFF, threeADay))).containsExactly("daily_limit");
        for (long budget : new long[] {0, -1, RuleBook.MOST_BUDGET + 1}) {
            Terms paidFor =
                    new Terms(0, 1, null, null, null, null, RefundPolicy.RESTORE, null, null, true, null, budget);
            assertThat(paths(sheet(FIVE_OFF, paidFor))).containsExactly("budget.amount_minor");
        }
    }

    @Test
    void daysOfExtensionComeWithTheirPolicy() {
        assertThat(paths(sheet(
                        FIVE_OFF, new Terms(0, 1, null, null, null, null, RefundPolicy.EXTEND, null, null, true))))
                .containsExactly("extend_days");
        assertThat(paths(
                        sheet(FIVE_OFF, new Terms(0, 1, null, null, null, null, RefundPolicy.RESTORE, 3L, null, true))))
                .containsExactly("extend_days");
        assertThat(paths(sheet(FIVE_OFF, new Terms(0, 1, null, null, null, null, RefundPolicy.EXTEND, 3L, null, true))))
                .isEmpty();
    }

    @Test
    void aGroupIsAWordOfWhatCanBeStacked() {
        assertThat(paths(sheet(
                        FIVE_OFF, new Terms(0, 1, null, null, null, null, RefundPolicy.RESTORE, null, "a b", true))))
                .containsExactly("stack_group");
        assertThat(paths(sheet(
                        FIVE_OFF, new Terms(0, 1, null, null, null, null, RefundPolicy.RESTORE, null, "g", false))))
                .containsExactly("stack_group");
    }

    @Test
    void whatTheMallHasNoColumnForIsNamed() {
        assertThat(MallTemplates.unknownToTheMall(sheet(FIVE_OFF, Terms.OF_THE_MALL)))
                .isEmpty();
        assertThat(MallTemplates.unknownToTheMall(sheet(new Discount(1, 2, null, 1_505L, 0, 7L), window(NOW, null))))
                .containsExactly(
                        "a claim window",
                        "a cap",
                        "another refund policy",
                        "a percentage that is no multiple of 0.1 % or above 90 %");
    }
}
