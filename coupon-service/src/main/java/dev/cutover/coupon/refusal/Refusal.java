package dev.cutover.coupon.refusal;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/** The business says no; nothing was changed, and the same request may be refused again. */
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why: the words of the API, in lower case. */
    public enum Reason {
        TEMPLATE_NOT_FOUND,
        COUPON_NOT_FOUND,
        CLAIM_NOT_FOUND,
        REDEMPTION_NOT_FOUND,
        CLAIM_NOT_STARTED,
        CLAIM_ENDED,
        SOLD_OUT,
        PER_USER_LIMIT_REACHED,
        COUPON_ALREADY_USED,
        COUPON_VOIDED,
        COUPON_NOT_STARTED,
        COUPON_EXPIRED,
        THRESHOLD_NOT_MET,
        PARAMETER_MISSING,
        ALREADY_REFUNDED,
        IDEMPOTENCY_KEY_REUSED,
        HOLD_NOT_FOUND,
        COUPON_HELD,
        HOLD_EXPIRED,
        HOLD_NOT_OWNER,
        PRODUCT_NOT_APPLICABLE,
        SUPER_BLACKLISTED,
        STACKING_CONFLICT,
        REFUND_EXCEEDS_REDEEMED,
        TEMPLATE_NOT_PUBLISHED,
        TEMPLATE_PAUSED,
        TEMPLATE_NOT_EDITABLE,
        VERSION_CONFLICT,
        STOCK_BELOW_ISSUED,
        DAILY_LIMIT_REACHED,
        TEMPLATE_NOT_ISSUABLE,
        ISSUANCE_NOT_FOUND,
        ISSUANCE_STATE_CONFLICT,
        CODE_BATCH_NOT_FOUND,
        CODE_BATCH_STATE_CONFLICT,
        CODE_INVALID,
        CODE_ALREADY_USED,
        AUDIENCE_NOT_MATCHED,
        RECALL_NOT_FOUND,
        RECALL_STATE_CONFLICT,
        WEBHOOK_NOT_FOUND,
        CACHE_BUILD_NOT_FOUND,
        CACHE_TASK_NOT_FOUND,
        CACHE_TASK_STATE_CONFLICT,
        BUDGET_EXHAUSTED,
        BATCH_LIMIT_EXCEEDED;

        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final int NO_ITEM = -1;

    private final Reason reason;
    private final String param;
    private final int item;
    private final transient List<Map<String, String>> details;

    public Refusal(Reason reason, String param, String message) {
        this(reason, param, message, NO_ITEM, List.of());
    }

    private Refusal(Reason reason, String param, String message, int item, List<Map<String, String>> details) {
        // No stack trace: a refusal is an answer, and a sold-out template gives many of them.
        super(message, null, false, false);
        this.reason = reason;
        this.param = param;
        this.item = item;
        this.details = List.copyOf(details);
    }

    /** The same with what led to it, each as fields that the caller is told. */
    public Refusal with(List<Map<String, String>> why) {
        return new Refusal(reason, param, Objects.requireNonNull(getMessage()), item, why);
    }

    /** What led to it, empty where the reason says it all. */
    public List<Map<String, String>> details() {
        return details;
    }

    /** The same about one item of a request that has several, from 0. */
    public Refusal ofItem(int number) {
        return new Refusal(
                reason,
                param.replace("items[0]", "items[" + number + "]"),
                Objects.requireNonNull(getMessage()),
                number,
                details);
    }

    /** The item of the request that was refused, where it was one of them. */
    public OptionalInt item() {
        return item == NO_ITEM ? OptionalInt.empty() : OptionalInt.of(item);
    }

    public Reason reason() {
        return reason;
    }

    /** The part of the request that was refused, empty for none. */
    public String param() {
        return param;
    }
}
