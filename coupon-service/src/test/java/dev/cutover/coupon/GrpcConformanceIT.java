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
import java.util.Set;
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
    Set<String> outOfReach() {
        return Set.of(
                // A message has no field that its reader does not know of.
                "parameter_unknown",
                // gRPC has words of its own for a call there is not, and no methods.
                "route_not_found",
                "method_not_allowed",
                "request_refused",
                // Routes without a call.
                "app_not_found",
                "token_not_found",
                "code_batch_state_conflict",
                // Whether a commit happened is only unknown when the connection to a database breaks in that moment.
                "outcome_unknown");
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
