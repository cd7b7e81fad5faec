package dev.cutover.business.core;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.linecorp.armeria.client.circuitbreaker.CircuitBreaker;
import com.linecorp.armeria.client.circuitbreaker.CircuitBreakerClient;
import com.linecorp.armeria.client.circuitbreaker.CircuitBreakerRule;
import com.linecorp.armeria.client.grpc.GrpcClients;
import dev.cutover.coupon.v1.BatchGetCouponsRequest;
import dev.cutover.coupon.v1.ClaimRequest;
import dev.cutover.coupon.v1.ClaimResponse;
import dev.cutover.coupon.v1.ClaimServiceGrpc;
import dev.cutover.coupon.v1.CouponStatus;
import dev.cutover.coupon.v1.GetTemplateRequest;
import dev.cutover.coupon.v1.Template;
import dev.cutover.coupon.v1.TemplateServiceGrpc;
import dev.cutover.coupon.v1.UserCouponServiceGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls the coupon service, never from inside a transaction. Each call has a deadline, and behind a breaker that has seen most of them fail
 * they fail at once. Safe for many threads.
 */
public final class CouponCore {
    private static final Duration DEADLINE = Duration.ofSeconds(3);
    private static final int UNAVAILABLE = Status.Code.UNAVAILABLE.value();
    private static final int LATE = Status.Code.DEADLINE_EXCEEDED.value();
    // What an operator has to put right, or a machine may ask again; the rest was decided.
    private static final Set<Status.Code> UNDECIDED = Set.of(
            Status.Code.UNAVAILABLE,
            Status.Code.DEADLINE_EXCEEDED,
            Status.Code.ABORTED,
            Status.Code.CANCELLED,
            Status.Code.INTERNAL,
            Status.Code.UNKNOWN,
            Status.Code.UNIMPLEMENTED,
            Status.Code.UNAUTHENTICATED,
            Status.Code.PERMISSION_DENIED);
    private static final Set<String> ASK_AGAIN = Set.of("RATE_LIMITED");

    private final ClaimServiceGrpc.ClaimServiceBlockingStub claims;
    private final TemplateServiceGrpc.TemplateServiceBlockingStub templates;
    private final UserCouponServiceGrpc.UserCouponServiceBlockingStub coupons;

    /**
     * A coupon that is to be given.
     *
     * @param key under which it is given once
     * @param channel through what, {@code [a-z0-9_-]}
     * @param partner of whom, empty for nobody outside
     */
    public record Gift(String key, long userId, String templateId, String channel, String partner) {}

    /** @param token of the application that the modules are to the coupon service, with the scopes {@code claim} and {@code read} */
    public CouponCore(URI address, String token) {
        CircuitBreaker breaker = CircuitBreaker.builder("coupon-core")
                .minimumRequestThreshold(10)
                .circuitOpenWindow(Duration.ofSeconds(2))
                .build();
        CircuitBreakerRule failed = CircuitBreakerRule.builder()
                .onException()
                .onGrpcTrailers((context, trailers) ->
                        trailers.getInt("grpc-status", 0) == UNAVAILABLE || trailers.getInt("grpc-status", 0) == LATE)
                .thenFailure()
                .orElse(CircuitBreakerRule.builder().thenSuccess());
        var client = GrpcClients.builder("gproto+" + address)
                .responseTimeout(DEADLINE)
                .addHeader("authorization", "Bearer " + token)
                .decorator(CircuitBreakerClient.newDecorator(breaker, failed));
        this.claims = client.build(ClaimServiceGrpc.ClaimServiceBlockingStub.class);
        this.templates = client.build(TemplateServiceGrpc.TemplateServiceBlockingStub.class);
        this.coupons = client.build(UserCouponServiceGrpc.UserCouponServiceBlockingStub.class);
    }

    /** The id of the coupon; the same for the same key. */
    public String give(Gift gift) throws CoreRefusedException, CoreUnavailableException {
        ClaimRequest.Builder request = ClaimRequest.newBuilder()
                .setRequestNo(gift.key())
                .setUserId(gift.userId())
                .setChannel(gift.channel())
                .addItems(ClaimRequest.Item.newBuilder()
                        .setTemplateId(gift.templateId())
                        .setQuantity(1));
        if (!gift.partner().isEmpty()) {
            request.setPartnerId(gift.partner());
        }
        ClaimResponse claimed = asked(() -> claims.claim(request.build()));
        return claimed.getCoupons(0).getId();
    }

    /** What coupons of a template take off, in minor units; empty for those that take off a percentage. */
    public Optional<Long> amountOff(String templateId) throws CoreRefusedException, CoreUnavailableException {
        Template template = asked(() -> templates.getTemplate(
                GetTemplateRequest.newBuilder().setId(templateId).build()));
        return template.getDiscount().hasAmountOffMinor()
                ? Optional.of(template.getDiscount().getAmountOffMinor())
                : Optional.empty();
    }

    /** What became of coupons. */
    public enum Fate {
        OPEN,
        USED,
        OVER
    }

    /** What became of these coupons, at most a hundred; those that are not there are left out. */
    public Map<String, Fate> fates(Collection<String> ids) throws CoreRefusedException, CoreUnavailableException {
        Map<String, Fate> fates = new HashMap<>();
        asked(() -> coupons.batchGetCoupons(
                        BatchGetCouponsRequest.newBuilder().addAllIds(ids).build()))
                .getDataList()
                .forEach(coupon -> fates.put(coupon.getId(), fate(coupon.getStatus())));
        return fates;
    }

    private static Fate fate(CouponStatus status) {
        return switch (status) {
            case COUPON_STATUS_USED -> Fate.USED;
            case COUPON_STATUS_EXPIRED, COUPON_STATUS_VOIDED -> Fate.OVER;
            default -> Fate.OPEN;
        };
    }

    private static <T> T asked(Supplier<T> call) throws CoreRefusedException, CoreUnavailableException {
        try {
            return call.get();
        } catch (StatusRuntimeException e) {
            String reason = reason(e);
            if (UNDECIDED.contains(e.getStatus().getCode()) || reason.isEmpty() || ASK_AGAIN.contains(reason)) {
                throw new CoreUnavailableException("The coupon service has not answered: " + e.getMessage(), e);
            }
            String message = e.getStatus().getDescription();
            throw new CoreRefusedException(reason.toLowerCase(Locale.ROOT), message == null ? reason : message, e);
        }
    }

    /** The code of the error in capitals; empty where somebody else than the coupon service answered. */
    private static String reason(StatusRuntimeException e) {
        com.google.rpc.@Nullable Status status = StatusProto.fromThrowable(e);
        if (status == null) {
            return "";
        }
        try {
            for (Any detail : status.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    return detail.unpack(ErrorInfo.class).getReason();
                }
            }
        } catch (InvalidProtocolBufferException malformed) {
            return "";
        }
        return "";
    }
}
