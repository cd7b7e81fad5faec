package dev.cutover.coupon.template;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What can be claimed, in the shape of {@code coupon_template}; the mall's row is read through the plan's projection into the same shape.
 *
 * @param totalQuantity how many there are in all, null for unlimited
 * @param perUserLimit how many one user may have, null for no limit
 * @param validDays days from the claim, null for a fixed range
 * @param validFrom epoch milliseconds of the fixed range, null without one
 * @param validTo exclusive
 * @param scope 0 all, 1 category, 2 white list, 3 black list
 * @param status the code of {@link #state}
 * @param terms what only the new side knows
 */
public record Template(
        TemplateId id,
        @Nullable String name,
        Discount discount,
        @Nullable Long totalQuantity,
        @Nullable Long perUserLimit,
        int validityType,
        @Nullable Long validDays,
        @Nullable Long validFrom,
        @Nullable Long validTo,
        int scope,
        int status,
        @Nullable Long createdAt,
        Terms terms) {
    private static final int FIXED_RANGE = 1;

    /**
     * When a coupon can be used.
     *
     * @param from epoch milliseconds
     * @param to exclusive
     */
    public record Validity(long from, long to) {}

    /** The same under another name. */
    public Template named(@Nullable String newName) {
        return new Template(
                id,
                newName,
                discount,
                totalQuantity,
                perUserLimit,
                validityType,
                validDays,
                validFrom,
                validTo,
                scope,
                status,
                createdAt,
                terms);
    }

    public boolean published() {
        return state() == TemplateState.PUBLISHED;
    }

    public TemplateState state() {
        return TemplateState.ofCode(status);
    }

    public boolean fixedRange() {
        return validityType == FIXED_RANGE;
    }

    public boolean limited() {
        return totalQuantity != null;
    }

    /** The validity of a coupon claimed at {@code now}, whole seconds in epoch milliseconds; refuses outside the claim window. */
    public Validity claimedAt(long now) {
        requireOpen(now);
        if (!fixedRange()) {
            long days = validDays == null ? 0 : validDays;
            if (days < 1) {
                throw ended("gives coupons that are valid for " + days + " days");
            }
            return new Validity(now, now + Duration.ofDays(days).toMillis());
        }
        if (validFrom == null || validTo == null || now >= validTo) {
            throw ended("could be claimed until its last day");
        }
        // Without a window of its own for claims, a coupon cannot be claimed before it can be used.
        if (terms.claimFrom() == null && now < validFrom) {
            throw notStarted();
        }
        return new Validity(validFrom, validTo);
    }

    /** Whether it is on offer; there may be nothing left of it. */
    public boolean claimableAt(long now) {
        try {
            claimedAt(now);
            return true;
        } catch (Refusal e) {
            return false;
        }
    }

    private void requireOpen(long now) {
        switch (state()) {
            case DRAFT, PUBLISHING ->
                throw new Refusal(
                        Reason.TEMPLATE_NOT_PUBLISHED, "items[0].template_id", "Template " + id + " is not published.");
            case PAUSED ->
                throw new Refusal(Reason.TEMPLATE_PAUSED, "items[0].template_id", "Template " + id + " is paused.");
            case ENDED, ARCHIVED -> throw ended("is no longer offered");
            case PUBLISHED -> {
                if (terms.claimFrom() != null && now < terms.claimFrom()) {
                    throw notStarted();
                }
                if (terms.claimTo() != null && now >= terms.claimTo()) {
                    throw ended("could be claimed until its last day");
                }
            }
        }
    }

    private Refusal notStarted() {
        return new Refusal(
                Reason.CLAIM_NOT_STARTED, "items[0].template_id", "Template " + id + " cannot be claimed yet.");
    }

    /** Refuses when a user with {@code held} coupons of this template asks for {@code quantity} more. */
    public void requireRoom(long held, int quantity) {
        if (perUserLimit != null && held + quantity > perUserLimit) {
            throw limitReached();
        }
    }

    /** Refuses when a user who got {@code today} coupons of this template since midnight asks for {@code quantity} more. */
    public void requireRoomToday(long today, int quantity) {
        Long limit = terms.dailyLimit();
        if (limit != null && today + quantity > limit) {
            throw new Refusal(
                    Reason.DAILY_LIMIT_REACHED,
                    "items[0].template_id",
                    "The user has got as many coupons of template " + id + " today as one user may get a day (" + limit
                            + ").");
        }
    }

    public Refusal limitReached() {
        return new Refusal(
                Reason.PER_USER_LIMIT_REACHED,
                "items[0].template_id",
                "The user has as many coupons of template " + id + " as one user may have (" + perUserLimit + ").");
    }

    public Refusal soldOut() {
        return new Refusal(Reason.SOLD_OUT, "items[0].template_id", "Template " + id + " has not enough coupons left.");
    }

    private Refusal ended(String what) {
        return new Refusal(Reason.CLAIM_ENDED, "items[0].template_id", "Template " + id + " " + what + ".");
    }

    public static Refusal notFound(TemplateId id, String param) {
        return new Refusal(Reason.TEMPLATE_NOT_FOUND, param, "There is no template " + id + ".");
    }
}
