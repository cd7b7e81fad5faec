package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns what went wrong into an answer of the vocabulary; only what nobody foresaw is logged with its stack. */
final class ErrorAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorAnswers.class);
    private static final String RETRY_AFTER_SECONDS = "1";
    // What waits for a stage of the migration is not asked for each second.
    private static final String RETRY_AFTER_A_STAGE = "60";

    private ErrorAnswers() {}

    static AggregatedHttpResponse of(Throwable failure, String requestId) {
        if (failure instanceof ApiException e) {
            return answer(e.error(), e.param(), message(e), requestId);
        }
        if (failure instanceof Refusal e) {
            return refused(e, requestId);
        }
        if (failure instanceof TokenRefusedException e) {
            return answer(ofWhy(e.why()), "", message(e), requestId);
        }
        if (failure instanceof RulesBrokenException e) {
            return broken(e, requestId);
        }
        if (failure instanceof MigrationFenceException e && e.standing()) {
            return retried(answer(ApiError.MIGRATION_FENCE, "", message(e), requestId), RETRY_AFTER_A_STAGE);
        }
        if (failure instanceof MigrationFenceException || failure instanceof EpochMovedException) {
            return answer(
                    ApiError.MIGRATION_FENCE,
                    "",
                    "A switch of the migration is under way; nothing was changed. Send the same request again.",
                    requestId);
        }
        if (failure instanceof TooManyAttemptsException e) {
            return retried(
                    answer(ApiError.TOO_MANY_FAILED_ATTEMPTS, "code", message(e), requestId),
                    Long.toString(Math.max(1, e.waiting().toSeconds())));
        }
        if (failure instanceof RateLimitedException e) {
            return retried(
                    answer(ApiError.RATE_LIMITED, "", message(e), requestId), Long.toString(e.retryAfterSeconds()));
        }
        if (failure instanceof CodeKeys.MissingException) {
            LOG.warn("Request {}: {}", requestId, failure.getMessage());
            return answer(
                    ApiError.DEPENDENCY_UNAVAILABLE,
                    "",
                    "This service has no key to make or to know codes with.",
                    requestId);
        }
        if (failure instanceof CollisionException
                || failure instanceof StockShortException
                || failure instanceof AudienceMovedException) {
            return answer(
                    ApiError.DEPENDENCY_UNAVAILABLE,
                    "",
                    "Too many requests changed the same at once; nothing was changed. Send the same request again.",
                    requestId);
        }
        if (failure instanceof UnknownOutcomeException) {
            LOG.warn("Request {}: {}", requestId, failure.getMessage());
            return answer(
                    ApiError.OUTCOME_UNKNOWN,
                    "",
                    "Whether the request had its effect is not known. Send it again with the same key to learn it.",
                    requestId);
        }
        if (failure instanceof UnreachableException
                || (failure instanceof DatabaseTroubleException e && e.unavailable())) {
            LOG.warn("Request {}: {}", requestId, failure.getMessage());
            return answer(
                    ApiError.SHARD_UNAVAILABLE,
                    "",
                    "A database did not answer. Send the same request again: it has one effect at most.",
                    requestId);
        }
        LOG.error("Request {} failed", requestId, failure);
        return answer(
                ApiError.INTERNAL_ERROR,
                "",
                "The service failed; the request id tells its operators where to look.",
                requestId);
    }

    private static AggregatedHttpResponse retried(AggregatedHttpResponse answer, String seconds) {
        return AggregatedHttpResponse.of(
                answer.headers().toBuilder()
                        .set(HttpHeaderNames.RETRY_AFTER, seconds)
                        .build(),
                answer.content());
    }

    private static AggregatedHttpResponse refused(Refusal e, String requestId) {
        ApiError error = ofReason(e.reason());
        ObjectNode body = body(error, e.param(), message(e), requestId);
        if (!e.details().isEmpty()) {
            ArrayNode details = body.withObject("error").putArray("details");
            e.details().forEach(detail -> detail.forEach(details.addObject()::put));
        }
        return answer(HttpStatus.valueOf(error.status()), error, body, requestId);
    }

    private static AggregatedHttpResponse broken(RulesBrokenException e, String requestId) {
        ObjectNode body = body(ApiError.PARAMETER_INVALID, e.problems().get(0).path(), message(e), requestId);
        ArrayNode details = body.withObject("error").putArray("details");
        e.problems()
                .forEach(problem ->
                        details.addObject().put("param", problem.path()).put("message", problem.sentence()));
        return answer(HttpStatus.BAD_REQUEST, ApiError.PARAMETER_INVALID, body, requestId);
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
            case CODE_INVALID -> ApiError.CODE_INVALID;
            case CODE_ALREADY_USED -> ApiError.CODE_ALREADY_USED;
            case AUDIENCE_NOT_MATCHED -> ApiError.AUDIENCE_NOT_MATCHED;
        };
    }

    /** What the server itself refused before a handler was asked. */
    static AggregatedHttpResponse ofStatus(HttpStatus status, String requestId) {
        return switch (status.code()) {
            case 404 -> answer(ApiError.ROUTE_NOT_FOUND, "", "There is nothing at this path.", requestId);
            case 405 -> answer(ApiError.METHOD_NOT_ALLOWED, "", "This path has no such method.", requestId);
            case 413 -> answer(ApiError.BODY_TOO_LARGE, "body", "The body is too large.", requestId);
            case 503 ->
                answer(
                        ApiError.DEPENDENCY_UNAVAILABLE,
                        "",
                        "The service is ending or took too long; send the same request again.",
                        requestId);
            default ->
                status.isServerError()
                        ? answer(ApiError.INTERNAL_ERROR, "", "The service failed.", requestId)
                        : answer(status, ApiError.REQUEST_REFUSED, "", status.reasonPhrase() + ".", requestId);
        };
    }

    private static AggregatedHttpResponse answer(ApiError error, String param, String message, String requestId) {
        return answer(HttpStatus.valueOf(error.status()), error, param, message, requestId);
    }

    private static AggregatedHttpResponse answer(
            HttpStatus status, ApiError error, String param, String message, String requestId) {
        return answer(status, error, body(error, param, message, requestId), requestId);
    }

    private static ObjectNode body(ApiError error, String param, String message, String requestId) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        ObjectNode node = body.putObject("error");
        node.put("type", error.type());
        node.put("code", error.code());
        node.put("message", message);
        node.put("param", param.isEmpty() ? null : param);
        node.put("retryable", error.retryable());
        node.put("request_id", requestId);
        node.put("doc_url", "/docs/errors#" + error.code());
        return body;
    }

    private static AggregatedHttpResponse answer(HttpStatus status, ApiError error, ObjectNode body, String requestId) {
        ResponseHeadersBuilder headers = ResponseHeaders.builder(status)
                .contentType(MediaType.JSON_UTF_8)
                .set(Headers.REQUEST_ID, requestId);
        if (error.retryable()) {
            headers.set(HttpHeaderNames.RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        if (error.status() == HttpStatus.UNAUTHORIZED.code()) {
            headers.set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        return AggregatedHttpResponse.of(headers.build(), HttpData.ofUtf8(body.toString()));
    }
}
