package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.v1.ClaimRequest;
import dev.cutover.coupon.v1.ClaimResponse;
import dev.cutover.coupon.v1.ClaimServiceGrpc;
import dev.cutover.coupon.v1.CouponStatus;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every transport promises, over gRPC, and what only calls have. */
final class GrpcConformanceIT extends TransportConformance {
    @Override
    Transport open(int port) {
        return new GrpcTransport(port);
    }

    @Override
    int tooLarge() {
        return (4 << 20) + 1000;
    }

    @Override
    Map<String, String> outOfReach() {
        String none = "gRPC has words of its own for what is no call";
        String routeOnly = "the route has no call";
        return Map.of(
                "parameter_unknown", "a message has no field that its reader does not know of",
                "route_not_found", none,
                "method_not_allowed", none,
                "request_refused", none,
                "app_not_found", routeOnly,
                "token_not_found", routeOnly,
                "code_batch_state_conflict", routeOnly);
    }

    private GrpcTransport grpc() {
        return (GrpcTransport) transport;
    }

    @Test
    void aGeneratedStubClaims() {
        long user = mall.user();
        Metadata token = new Metadata();
        token.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + ADMIN);
        ClaimResponse answer = ClaimServiceGrpc.newBlockingStub(grpc().channel())
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(token))
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .claim(ClaimRequest.newBuilder()
                        .setRequestNo(UUID.randomUUID().toString())
                        .setUserId(user)
                        .addItems(ClaimRequest.Item.newBuilder().setTemplateId("tpl_" + mall.template(10, 0)))
                        .build());
        assertThat(answer.getUserId()).isEqualTo(user);
        assertThat(answer.getCoupons(0).getStatus()).isEqualTo(CouponStatus.COUPON_STATUS_AVAILABLE);
        assertThat(answer.getValidToMs() - answer.getClaimedAtMs()).isGreaterThan(TimeUnit.DAYS.toMillis(2));
    }

    @Test
    void healthIsToldWithoutAToken() {
        assertThat(HealthGrpc.newBlockingStub(grpc().channel())
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    }

    @Test
    void aCallWhoseDeadlineIsOverIsToldSo() {
        Transport.Reply late = grpc().call(
                        claim(mall.user(), mall.template(10, 0), 1, key()).with("authorization", "Bearer " + ADMIN),
                        CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.NANOSECONDS));
        assertThat(late.status()).isEqualTo("DEADLINE_EXCEEDED");
    }
}
