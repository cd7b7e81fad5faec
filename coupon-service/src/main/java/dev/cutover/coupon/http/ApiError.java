package dev.cutover.coupon.http;

import java.util.Locale;

/** The error vocabulary: a client decides by the code, its default retry policy by {@link #retryable}. */
enum ApiError {
    PARAMETER_MISSING(400, "invalid_request_error"),
    PARAMETER_INVALID(400, "invalid_request_error"),
    PARAMETER_UNKNOWN(400, "invalid_request_error"),
    BATCH_LIMIT_EXCEEDED(400, "invalid_request_error"),
    IDEMPOTENCY_KEY_MISSING(400, "invalid_request_error"),
    CURSOR_INVALID(400, "invalid_request_error"),
    CURRENCY_MISMATCH(400, "invalid_request_error"),
    TOKEN_MISSING(401, "authentication_error"),
    TOKEN_INVALID(401, "authentication_error"),
    TOKEN_EXPIRED(401, "authentication_error"),
    SCOPE_INSUFFICIENT(403, "permission_error"),
    APP_DISABLED(403, "permission_error"),
    APP_NOT_FOUND(404, "not_found_error"),
    TOKEN_NOT_FOUND(404, "not_found_error"),
    ROUTE_NOT_FOUND(404, "not_found_error"),
    TEMPLATE_NOT_FOUND(404, "not_found_error"),
    COUPON_NOT_FOUND(404, "not_found_error"),
    CLAIM_NOT_FOUND(404, "not_found_error"),
    REDEMPTION_NOT_FOUND(404, "not_found_error"),
    METHOD_NOT_ALLOWED(405, "invalid_request_error"),
    COUPON_ALREADY_USED(409, "conflict_error"),
    COUPON_VOIDED(409, "conflict_error"),
    ALREADY_REFUNDED(409, "conflict_error"),
    SOLD_OUT(409, "conflict_error"),
    PER_USER_LIMIT_REACHED(409, "conflict_error"),
    DAILY_LIMIT_REACHED(409, "conflict_error"),
    BODY_TOO_LARGE(413, "invalid_request_error"),
    IDEMPOTENCY_KEY_REUSED(422, "idempotency_error"),
    CLAIM_NOT_STARTED(422, "rule_error"),
    CLAIM_ENDED(422, "rule_error"),
    COUPON_NOT_STARTED(422, "rule_error"),
    COUPON_EXPIRED(422, "rule_error"),
    THRESHOLD_NOT_MET(422, "rule_error"),
    TEMPLATE_NOT_PUBLISHED(422, "rule_error"),
    TEMPLATE_PAUSED(422, "rule_error"),
    TEMPLATE_NOT_EDITABLE(409, "conflict_error"),
    VERSION_CONFLICT(409, "conflict_error"),
    STOCK_BELOW_ISSUED(409, "conflict_error"),
    TEMPLATE_NOT_ISSUABLE(422, "rule_error"),
    ISSUANCE_NOT_FOUND(404, "not_found_error"),
    ISSUANCE_STATE_CONFLICT(409, "conflict_error"),
    CODE_BATCH_NOT_FOUND(404, "not_found_error"),
    CODE_BATCH_STATE_CONFLICT(409, "conflict_error"),
    RECALL_NOT_FOUND(404, "not_found_error"),
    RECALL_STATE_CONFLICT(409, "conflict_error"),
    WEBHOOK_NOT_FOUND(404, "not_found_error"),
    CACHE_BUILD_NOT_FOUND(404, "not_found_error"),
    CACHE_TASK_NOT_FOUND(404, "not_found_error"),
    CACHE_TASK_STATE_CONFLICT(409, "conflict_error"),
    CODE_INVALID(404, "not_found_error"),
    CODE_ALREADY_USED(409, "conflict_error"),
    TOO_MANY_FAILED_ATTEMPTS(429, "rate_limit_error"),
    REQUEST_REFUSED(400, "invalid_request_error"),
    INTERNAL_ERROR(500, "api_error"),
    MIGRATION_FENCE(503, "dependency_error"),
    SHARD_UNAVAILABLE(503, "dependency_error"),
    DEPENDENCY_UNAVAILABLE(503, "dependency_error"),
    OVERLOADED(503, "rate_limit_error"),
    OUTCOME_UNKNOWN(504, "dependency_error"),
    HOLD_NOT_FOUND(404, "not_found_error"),
    COUPON_HELD(409, "conflict_error"),
    HOLD_EXPIRED(409, "conflict_error"),
    HOLD_NOT_OWNER(409, "conflict_error"),
    PRODUCT_NOT_APPLICABLE(422, "rule_error"),
    SUPER_BLACKLISTED(422, "rule_error"),
    STACKING_CONFLICT(422, "rule_error"),
    REFUND_EXCEEDS_REDEEMED(422, "rule_error"),
    AUDIENCE_NOT_MATCHED(422, "rule_error"),
    BUDGET_EXHAUSTED(409, "conflict_error"),
    RATE_LIMITED(429, "rate_limit_error");

    private static final int UNAVAILABLE = 503;

    private final int status;
    private final String type;

    ApiError(int status, String type) {
        this.status = status;
        this.type = type;
    }

    int status() {
        return status;
    }

    String type() {
        return type;
    }

    String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether the same request, with the same key, may be sent again by a machine. */
    boolean retryable() {
        return status >= UNAVAILABLE || this == RATE_LIMITED;
    }
}
