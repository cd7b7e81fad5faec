package dev.cutover.coupon.backoffice;

import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.RefundPolicy;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.Terms;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a template may say; every problem is told, each with the field it is in. Owned by one thread. */
public final class RuleBook {
    /** The highest amount of money a rule names: what a typing error exceeds, and a percentage of it fits a long. */
    public static final long MOST_MINOR = 10_000_000_000L;

    /** The highest number of coupons of one template. */
    public static final long MOST_STOCK = 1_000_000_000_000L;

    /** The largest budget of one template, in minor units. */
    public static final long MOST_BUDGET = 1_000_000_000_000L;

    private static final int PERCENT = 2;
    private static final int FREIGHT_OFF = 3;
    private static final int FREIGHT = 2;
    private static final int WHOLE_BP = 10_000;
    private static final int HALF_BP = 5_000;
    private static final int LONGEST_NAME = 100;
    private static final long MOST_DAYS = 3_650;
    private static final long MOST_EXTENSION = 365;
    private static final long MOST_A_USER = 1_000_000;
    private static final long SECOND = 1_000;
    // The mall's columns end with the year 9999 of its own wall clock, which is ahead of ours.
    private static final long END_OF_DATES =
            Instant.parse("9999-12-31T00:00:00Z").toEpochMilli();
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9._-]{1,32}");

    private final List<RuleProblem> problems = new ArrayList<>();
    private final long now;

    private RuleBook(long now) {
        this.now = now;
    }

    /**
     * Everything that is wrong with it.
     *
     * @param now epoch milliseconds; what lies in the past is over
     * @param tags what its audience may ask about
     */
    public static List<RuleProblem> problems(TemplateSheet sheet, long now, TagBook tags) {
        RuleBook book = new RuleBook(now);
        Template template = sheet.template();
        book.name(template.name());
        book.discount(template.discount());
        book.limits(template);
        book.window(template.terms().claimFrom(), template.terms().claimTo());
        book.validity(template);
        book.refund(template.terms());
        book.stacking(template.terms());
        book.word("biz_type", sheet.bizType());
        Optional.ofNullable(template.terms().audience())
                .flatMap(tags::problem)
                .ifPresent(problem -> book.require(false, "audience", problem));
        return book.problems;
    }

    private void require(boolean holds, String path, String sentence) {
        if (!holds) {
            problems.add(new RuleProblem(path, sentence));
        }
    }

    private static boolean within(@Nullable Long value, long least, long most) {
        return value == null || (value >= least && value <= most);
    }

    private void name(@Nullable String name) {
        require(
                name != null && !name.isBlank() && name.codePointCount(0, name.length()) <= LONGEST_NAME,
                "name",
                "A name has 1 to " + LONGEST_NAME + " characters.");
    }

    private void discount(Discount discount) {
        boolean percent = discount.type() == PERCENT;
        require(
                (discount.kind() == FREIGHT) == (discount.type() == FREIGHT_OFF),
                "discount.type",
                "A FREIGHT coupon takes FREIGHT_OFF, and no other coupon does.");
        require(
                within(discount.thresholdMinor(), 0, MOST_MINOR),
                "discount.threshold_minor",
                "The threshold is 0 to " + MOST_MINOR + " minor units.");
        if (percent) {
            require(
                    discount.percentOffBp() != null && within(discount.percentOffBp(), 1, WHOLE_BP),
                    "discount.percent_off_bp",
                    "A percentage off is 1 to " + WHOLE_BP + " basis points.");
            require(
                    discount.amountOffMinor() == null,
                    "discount.amount_off_minor",
                    "A percentage off has no amount off.");
            require(
                    within(discount.capMinor(), 1, MOST_MINOR),
                    "discount.cap_minor",
                    "A cap is 1 to " + MOST_MINOR + " minor units.");
            require(
                    discount.capMinor() != null
                            || discount.percentOffBp() == null
                            || discount.percentOffBp() <= HALF_BP,
                    "discount.cap_minor",
                    "More than " + HALF_BP + " basis points off needs a cap.");
            return;
        }
        require(
                discount.amountOffMinor() != null && within(discount.amountOffMinor(), 1, MOST_MINOR),
                "discount.amount_off_minor",
                "An amount off is 1 to " + MOST_MINOR + " minor units.");
        require(discount.percentOffBp() == null, "discount.percent_off_bp", "An amount off has no percentage off.");
        require(discount.capMinor() == null, "discount.cap_minor", "Only a percentage off has a cap.");
        require(
                discount.type() == FREIGHT_OFF
                        || discount.amountOffMinor() == null
                        || discount.thresholdMinor() >= discount.amountOffMinor(),
                "discount.threshold_minor",
                "The threshold is at least the amount off, or an order could be paid out.");
    }

    private void limits(Template template) {
        @Nullable Long daily = template.terms().dailyLimit();
        @Nullable Long perUser = template.perUserLimit();
        require(
                within(template.totalQuantity(), 1, MOST_STOCK),
                "total_quantity",
                "The total is 1 to " + MOST_STOCK + " coupons, or null for any number.");
        require(
                within(perUser, 1, MOST_A_USER),
                "per_user_limit",
                "The limit a user is 1 to " + MOST_A_USER + " coupons, or null for none.");
        require(
                within(daily, 1, MOST_A_USER),
                "daily_limit",
                "The limit a user a day is 1 to " + MOST_A_USER + " coupons, or null for none.");
        require(
                daily == null || perUser == null || daily <= perUser,
                "daily_limit",
                "The limit a day is at most the limit a user.");
        require(
                within(template.terms().budgetMinor(), 1, MOST_BUDGET),
                "budget.amount_minor",
                "A budget is 1 to " + MOST_BUDGET + " minor units, or null for none.");
    }

    private void window(@Nullable Long from, @Nullable Long to) {
        wholeSeconds("claim_from", from);
        wholeSeconds("claim_to", to);
        require(from == null || to == null || from < to, "claim_to", "Claims end after they begin.");
        require(to == null || to > now, "claim_to", "The end of claims is in the future.");
    }

    private void wholeSeconds(String path, @Nullable Long time) {
        require(
                time == null || (time % SECOND == 0 && time >= 0 && time < END_OF_DATES),
                path,
                "A time is in whole seconds, not before 1970 and before 9999-12-31.");
    }

    private void validity(Template template) {
        if (!template.fixedRange()) {
            require(
                    template.validDays() != null && within(template.validDays(), 1, MOST_DAYS),
                    "validity.days",
                    "A coupon is valid for 1 to " + MOST_DAYS + " days.");
            require(
                    template.validFrom() == null && template.validTo() == null,
                    "validity.type",
                    "Days from the claim have no range.");
            return;
        }
        wholeSeconds("validity.valid_from", template.validFrom());
        wholeSeconds("validity.valid_to", template.validTo());
        require(template.validDays() == null, "validity.days", "A range has no days.");
        require(template.validFrom() != null, "validity.valid_from", "A range has a beginning.");
        require(template.validTo() != null, "validity.valid_to", "A range has an end.");
        if (template.validFrom() != null && template.validTo() != null) {
            require(template.validFrom() < template.validTo(), "validity.valid_to", "A range ends after it begins.");
            require(template.validTo() > now, "validity.valid_to", "The end of the range is in the future.");
            @Nullable Long claimTo = template.terms().claimTo();
            require(claimTo == null || claimTo <= template.validTo(), "claim_to", "Claims end before the coupons do.");
        }
    }

    private void refund(Terms terms) {
        boolean extended = terms.refundPolicy() == RefundPolicy.EXTEND;
        require(
                extended == (terms.extendDays() != null),
                "extend_days",
                "Days are given with the refund policy EXTEND, and with no other.");
        require(
                within(terms.extendDays(), 1, MOST_EXTENSION),
                "extend_days",
                "A coupon is extended by 1 to " + MOST_EXTENSION + " days.");
    }

    private void stacking(Terms terms) {
        word("stack_group", terms.stackGroup());
        require(
                terms.stackable() || terms.stackGroup() == null,
                "stack_group",
                "What is used alone on an order is in no group.");
    }

    private void word(String path, @Nullable String text) {
        require(
                text == null || WORD.matcher(text).matches(),
                path,
                "'" + path + "' is 1 to 32 letters, digits, '.', '_' and '-', or null.");
    }
}
