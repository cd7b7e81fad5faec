package dev.cutover.coupon.http;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.ResponseHeaders;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Problems as gRPC tells them: a status, an ErrorInfo whose reason is the code of the vocabulary, a BadRequest that names the fields, and a
 * RetryInfo where the same may be sent again.
 *
 * <p>Only UNAVAILABLE, ABORTED and DEADLINE_EXCEEDED are worth another try by a machine; what the business refused is none of them.
 */
final class CallErrors {
    static final String DOMAIN = "coupon";

    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private CallErrors() {}

    /** How a call fails. */
    record Failure(Status status, Metadata metadata) {}

    static Failure failure(Problem problem, String requestId) {
        com.google.rpc.Status details = details(problem, requestId);
        Metadata metadata = new Metadata();
        metadata.put(DETAILS, details.toByteArray());
        return new Failure(Status.fromCode(code(problem.error())).withDescription(problem.message()), metadata);
    }

    static RuntimeException exception(Problem problem, String requestId) {
        return StatusProto.toStatusRuntimeException(details(problem, requestId));
    }

    /** What is refused before a call is one: nothing but headers, which say how it ended. */
    static HttpResponse response(Problem problem, String requestId) {
        com.google.rpc.Status details = details(problem, requestId);
        return HttpResponse.of(ResponseHeaders.builder(HttpStatus.OK)
                .endOfStream(true)
                .set("content-type", "application/grpc+proto")
                .set(Headers.REQUEST_ID, requestId)
                .set("grpc-status", Integer.toString(details.getCode()))
                .set("grpc-message", percentEncoded(problem.message()))
                .set(
                        "grpc-status-details-bin",
                        Base64.getEncoder().withoutPadding().encodeToString(details.toByteArray()))
                .build());
    }

    private static com.google.rpc.Status details(Problem problem, String requestId) {
        ApiError error = problem.error();
        ErrorInfo.Builder info = ErrorInfo.newBuilder()
                .setReason(error.name())
                .setDomain(DOMAIN)
                .putMetadata("type", error.type())
                .putMetadata("retryable", Boolean.toString(error.retryable()))
                .putMetadata("request_id", requestId)
                .putMetadata("doc_url", problem.documentation());
        if (!problem.param().isEmpty()) {
            info.putMetadata("param", problem.param());
        }
        com.google.rpc.Status.Builder status =
                com.google.rpc.Status.newBuilder().setCode(code(error).value()).setMessage(problem.message());
        if (code(error) == Status.Code.INVALID_ARGUMENT) {
            problem.details().stream()
                    .filter(detail -> detail.containsKey("max"))
                    .forEach(detail -> info.putMetadata("max", String.valueOf(detail.get("max"))));
            status.addDetails(Any.pack(info.build())).addDetails(Any.pack(badRequest(problem)));
        } else {
            for (int i = 0; i < problem.details().size(); i++) {
                String prefix = "details[" + i + "].";
                problem.details().get(i).forEach((key, value) -> info.putMetadata(prefix + key, value));
            }
            status.addDetails(Any.pack(info.build()));
        }
        problem.retryAfter()
                .ifPresent(time -> status.addDetails(Any.pack(RetryInfo.newBuilder()
                        .setRetryDelay(Duration.newBuilder().setSeconds(time.toSeconds()))
                        .build())));
        return status.build();
    }

    private static BadRequest badRequest(Problem problem) {
        BadRequest.Builder request = BadRequest.newBuilder();
        List<Map<String, String>> named = problem.details().isEmpty()
                ? List.of(Map.of("param", problem.param(), "message", problem.message()))
                : problem.details();
        named.forEach(one -> request.addFieldViolationsBuilder()
                .setField(one.getOrDefault("param", ""))
                .setDescription(one.getOrDefault("message", "")));
        return request.build();
    }

    /** What may not stand in a header: all but printable ASCII, and the percent sign itself. */
    private static String percentEncoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
            if (one >= ' ' && one <= '~' && one != '%') {
                encoded.append((char) one);
            } else {
                encoded.append(String.format("%%%02X", one & 0xFF));
            }
        }
        return encoded.toString();
    }

    static Status.Code code(ApiError error) {
        return switch (error) {
            case PARAMETER_MISSING,
                    PARAMETER_INVALID,
                    PARAMETER_UNKNOWN,
                    BATCH_LIMIT_EXCEEDED,
                    IDEMPOTENCY_KEY_MISSING,
                    CURSOR_INVALID,
                    CURRENCY_MISMATCH,
                    BODY_TOO_LARGE,
                    REQUEST_REFUSED -> Status.Code.INVALID_ARGUMENT;
            case TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED -> Status.Code.UNAUTHENTICATED;
            case SCOPE_INSUFFICIENT, APP_DISABLED -> Status.Code.PERMISSION_DENIED;
            case APP_NOT_FOUND,
                    TOKEN_NOT_FOUND,
                    TEMPLATE_NOT_FOUND,
                    COUPON_NOT_FOUND,
                    CLAIM_NOT_FOUND,
                    REDEMPTION_NOT_FOUND,
                    HOLD_NOT_FOUND,
                    ISSUANCE_NOT_FOUND,
                    CODE_BATCH_NOT_FOUND,
                    RECALL_NOT_FOUND,
                    WEBHOOK_NOT_FOUND,
                    CACHE_BUILD_NOT_FOUND,
                    CACHE_TASK_NOT_FOUND,
                    CODE_INVALID -> Status.Code.NOT_FOUND;
            case ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED -> Status.Code.UNIMPLEMENTED;
            case VERSION_CONFLICT -> Status.Code.ABORTED;
            case SOLD_OUT,
                    PER_USER_LIMIT_REACHED,
                    DAILY_LIMIT_REACHED,
                    BUDGET_EXHAUSTED,
                    TOO_MANY_FAILED_ATTEMPTS,
                    RATE_LIMITED -> Status.Code.RESOURCE_EXHAUSTED;
            case COUPON_ALREADY_USED,
                    COUPON_VOIDED,
                    ALREADY_REFUNDED,
                    IDEMPOTENCY_KEY_REUSED,
                    CLAIM_NOT_STARTED,
                    CLAIM_ENDED,
                    COUPON_NOT_STARTED,
                    COUPON_EXPIRED,
                    THRESHOLD_NOT_MET,
                    TEMPLATE_NOT_PUBLISHED,
                    TEMPLATE_PAUSED,
                    TEMPLATE_NOT_EDITABLE,
                    STOCK_BELOW_ISSUED,
                    TEMPLATE_NOT_ISSUABLE,
                    ISSUANCE_STATE_CONFLICT,
                    CODE_BATCH_STATE_CONFLICT,
                    RECALL_STATE_CONFLICT,
                    CACHE_TASK_STATE_CONFLICT,
                    CODE_ALREADY_USED,
                    COUPON_HELD,
                    HOLD_EXPIRED,
                    HOLD_NOT_OWNER,
                    PRODUCT_NOT_APPLICABLE,
                    SUPER_BLACKLISTED,
                    STACKING_CONFLICT,
                    REFUND_EXCEEDS_REDEEMED,
                    AUDIENCE_NOT_MATCHED -> Status.Code.FAILED_PRECONDITION;
            case MIGRATION_FENCE, SHARD_UNAVAILABLE, DEPENDENCY_UNAVAILABLE, OVERLOADED -> Status.Code.UNAVAILABLE;
            case OUTCOME_UNKNOWN -> Status.Code.DEADLINE_EXCEEDED;
            case INTERNAL_ERROR -> Status.Code.INTERNAL;
        };
    }
}
