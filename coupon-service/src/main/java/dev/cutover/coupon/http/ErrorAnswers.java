package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpStatus;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.backoffice.RulesBrokenException;
import dev.cutover.coupon.code.CodeKeys;
import dev.cutover.coupon.code.TooManyAttemptsException;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.stock.StockShortException;
import dev.cutover.coupon.store.AudienceMovedException;
import dev.cutover.coupon.store.CollisionException;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.UnknownOutcomeException;
import dev.cutover.coupon.token.TokenRefusedException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says what went wrong in the words of the vocabulary; only what nobody foresaw is logged with its stack. */
final class ErrorAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorAnswers.class);
    // What waits for a stage of the migration is not asked for each second.
    private static final Duration A_STAGE = Duration.ofMinutes(1);

    private ErrorAnswers() {}

    static Problem of(Throwable failure, String requestId) {
        if (failure instanceof ApiException e) {
            return new Problem(e.error(), e.param(), message(e)).with(e.details());
        }
        if (failure instanceof Refusal e) {
            return new Problem(ofReason(e.reason()), e.param(), message(e)).with(e.details());
        }
        if (failure instanceof TokenRefusedException e) {
            return new Problem(ofWhy(e.why()), "", message(e));
        }
        if (failure instanceof RulesBrokenException e) {
            return broken(e);
        }
        if (failure instanceof MigrationFenceException e && e.standing()) {
            return new Problem(ApiError.MIGRATION_FENCE, "", message(e)).after(A_STAGE);
        }
        if (failure instanceof MigrationFenceException || failure instanceof EpochMovedException) {
            return new Problem(
                    ApiError.MIGRATION_FENCE,
                    "",
                    "A switch of the migration is under way; nothing was changed. Send the same request again.");
        }
        if (failure instanceof TooManyAttemptsException e) {
            return new Problem(ApiError.TOO_MANY_FAILED_ATTEMPTS, "code", message(e))
                    .after(Duration.ofSeconds(Math.max(1, e.waiting().toSeconds())));
        }
        if (failure instanceof RateLimitedException e) {
            return new Problem(ApiError.RATE_LIMITED, "", message(e)).after(Duration.ofSeconds(e.retryAfterSeconds()));
        }
        if (failure instanceof CodeKeys.MissingException) {
            LOG.warn("Request {}: {}", requestId, failure.getMessage());
            return new Problem(
                    ApiError.DEPENDENCY_UNAVAILABLE, "", "This service has no key to make or to know codes with.");
        }
        if (failure instanceof CollisionException
                || failure instanceof StockShortException
                || failure instanceof AudienceMovedException) {
            return new Problem(
                    ApiError.DEPENDENCY_UNAVAILABLE,
                    "",
                    "Too many requests changed the same at once; nothing was changed. Send the same request again.");
        }
        if (failure instanceof UnknownOutcomeException) {
            LOG.warn("Request {}: {}", requestId, failure.getMessage());
            return outcomeUnknown();
        }
        if (failure instanceof UnreachableException
                || (failure instanceof DatabaseTroubleException e && e.unavailable())) {
            LOG.warn("Request {}: {}", requestId, failure.getMessage());
            return new Problem(
                    ApiError.SHARD_UNAVAILABLE,
                    "",
                    "A database did not answer. Send the same request again: it has one effect at most.");
        }
        LOG.error("Request {} failed", requestId, failure);
        return new Problem(
                ApiError.INTERNAL_ERROR, "", "The service failed; the request id tells its operators where to look.");
    }

    private static Problem broken(RulesBrokenException e) {
        return new Problem(ApiError.PARAMETER_INVALID, e.problems().get(0).path(), message(e))
                .with(e.problems().stream()
                        .map(problem -> {
                            Map<String, String> one = new LinkedHashMap<>();
                            one.put("param", problem.path());
                            one.put("message", problem.sentence());
                            return one;
                        })
                        .toList());
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? "" : message;
    }

    private static ApiError ofWhy(TokenRefusedException.Why why) {
        return switch (why) {
            case MISSING -> ApiError.TOKEN_MISSING;
            case INVALID -> ApiError.TOKEN_INVALID;
            case EXPIRED -> ApiError.TOKEN_EXPIRED;
            case APP_DISABLED -> ApiError.APP_DISABLED;
            case UNKNOWN -> ApiError.DEPENDENCY_UNAVAILABLE;
        };
    }

    private static ApiError ofReason(Refusal.Reason reason) {
        return switch (reason) {
            case TEMPLATE_NOT_FOUND -> ApiError.TEMPLATE_NOT_FOUND;
            case COUPON_NOT_FOUND -> ApiError.COUPON_NOT_FOUND;
            case CLAIM_NOT_FOUND -> ApiError.CLAIM_NOT_FOUND;
            case REDEMPTION_NOT_FOUND -> ApiError.REDEMPTION_NOT_FOUND;
            case CLAIM_NOT_STARTED -> ApiError.CLAIM_NOT_STARTED;
            case CLAIM_ENDED -> ApiError.CLAIM_ENDED;
            case SOLD_OUT -> ApiError.SOLD_OUT;
            case PER_USER_LIMIT_REACHED -> ApiError.PER_USER_LIMIT_REACHED;
            case COUPON_ALREADY_USED -> ApiError.COUPON_ALREADY_USED;
            case COUPON_VOIDED -> ApiError.COUPON_VOIDED;
            case COUPON_NOT_STARTED -> ApiError.COUPON_NOT_STARTED;
            case COUPON_EXPIRED -> ApiError.COUPON_EXPIRED;
            case THRESHOLD_NOT_MET -> ApiError.THRESHOLD_NOT_MET;
            case PARAMETER_MISSING -> ApiError.PARAMETER_MISSING;
            case ALREADY_REFUNDED -> ApiError.ALREADY_REFUNDED;
            case DAILY_LIMIT_REACHED -> ApiError.DAILY_LIMIT_REACHED;
            case IDEMPOTENCY_KEY_REUSED -> ApiError.IDEMPOTENCY_KEY_REUSED;
            case TEMPLATE_NOT_PUBLISHED -> ApiError.TEMPLATE_NOT_PUBLISHED;
            case TEMPLATE_PAUSED -> ApiError.TEMPLATE_PAUSED;
            case TEMPLATE_NOT_EDITABLE -> ApiError.TEMPLATE_NOT_EDITABLE;
            case VERSION_CONFLICT -> ApiError.VERSION_CONFLICT;
            case STOCK_BELOW_ISSUED -> ApiError.STOCK_BELOW_ISSUED;
            case HOLD_NOT_FOUND -> ApiError.HOLD_NOT_FOUND;
            case COUPON_HELD -> ApiError.COUPON_HELD;
            case HOLD_EXPIRED -> ApiError.HOLD_EXPIRED;
            case HOLD_NOT_OWNER -> ApiError.HOLD_NOT_OWNER;
            case PRODUCT_NOT_APPLICABLE -> ApiError.PRODUCT_NOT_APPLICABLE;
            case SUPER_BLACKLISTED -> ApiError.SUPER_BLACKLISTED;
            case STACKING_CONFLICT -> ApiError.STACKING_CONFLICT;
            case REFUND_EXCEEDS_REDEEMED -> ApiError.REFUND_EXCEEDS_REDEEMED;
            case TEMPLATE_NOT_ISSUABLE -> ApiError.TEMPLATE_NOT_ISSUABLE;
            case ISSUANCE_NOT_FOUND -> ApiError.ISSUANCE_NOT_FOUND;
            case ISSUANCE_STATE_CONFLICT -> ApiError.ISSUANCE_STATE_CONFLICT;
            case CODE_BATCH_NOT_FOUND -> ApiError.CODE_BATCH_NOT_FOUND;
            case CODE_BATCH_STATE_CONFLICT -> ApiError.CODE_BATCH_STATE_CONFLICT;
            case RECALL_NOT_FOUND -> ApiError.RECALL_NOT_FOUND;
            case RECALL_STATE_CONFLICT -> ApiError.RECALL_STATE_CONFLICT;
            case WEBHOOK_NOT_FOUND -> ApiError.WEBHOOK_NOT_FOUND;
            case CACHE_BUILD_NOT_FOUND -> ApiError.CACHE_BUILD_NOT_FOUND;
            case CACHE_TASK_NOT_FOUND -> ApiError.CACHE_TASK_NOT_FOUND;
            case CACHE_TASK_STATE_CONFLICT -> ApiError.CACHE_TASK_STATE_CONFLICT;
            case CODE_INVALID -> ApiError.CODE_INVALID;
            case CODE_ALREADY_USED -> ApiError.CODE_ALREADY_USED;
            case AUDIENCE_NOT_MATCHED -> ApiError.AUDIENCE_NOT_MATCHED;
            case BUDGET_EXHAUSTED -> ApiError.BUDGET_EXHAUSTED;
            case BATCH_LIMIT_EXCEEDED -> ApiError.BATCH_LIMIT_EXCEEDED;
        };
    }

    private static Problem outcomeUnknown() {
        return new Problem(
                ApiError.OUTCOME_UNKNOWN,
                "",
                "Whether the request had its effect is not known. Send it again with the same key to learn it.");
    }

    /** What the server gave up waiting for; its handler may still be at it. */
    static Problem ofTimeout(HttpMethod method) {
        return method == HttpMethod.GET
                ? new Problem(ApiError.DEPENDENCY_UNAVAILABLE, "", "It took too long; send the same request again.")
                : outcomeUnknown();
    }

    /** What the server itself refused before a handler was asked. */
    static Problem ofStatus(HttpStatus status) {
        return switch (status.code()) {
            case 404 -> new Problem(ApiError.ROUTE_NOT_FOUND, "", "There is nothing at this path.");
            case 405 -> new Problem(ApiError.METHOD_NOT_ALLOWED, "", "This path has no such method.");
            case 413 -> new Problem(ApiError.BODY_TOO_LARGE, "body", "The body is too large.");
            case 503 ->
                new Problem(ApiError.DEPENDENCY_UNAVAILABLE, "", "The service is ending; send the same request again.");
            default ->
                status.isServerError()
                        ? new Problem(ApiError.INTERNAL_ERROR, "", "The service failed.")
                        : new Problem(ApiError.REQUEST_REFUSED, "", status.reasonPhrase() + ".").at(status);
        };
    }
}
