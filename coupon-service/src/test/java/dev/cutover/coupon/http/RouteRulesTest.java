package dev.cutover.coupon.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Route;
import com.linecorp.armeria.server.Server;
import org.junit.jupiter.api.Test;

final class RouteRulesTest {
    private static final HttpService NOTHING = (context, request) -> HttpResponse.of(HttpStatus.OK);

    @Test
    void aRouteThatNobodyHasSaidAnythingOfIsFound() {
        Server server = Server.builder()
                .route()
                .get("/v1/coupons/{id}")
                .build(NOTHING)
                .route()
                .delete("/v1/coupons/{id}")
                .build(NOTHING)
                .route()
                .post("/coupon.v1.ClaimService/{method}")
                .build(NOTHING)
                .route()
                .post("/coupon.v1.ClaimService/Claim")
                .build(NOTHING)
                .route()
                .post("/coupon.v1.ClaimService/Forget")
                .build(NOTHING)
                .route()
                .post("/coupon.v1.NewService/{method}")
                .build(NOTHING)
                .route()
                .post("/grpc.health.v1.Health/{method}")
                .build(NOTHING)
                .service("/metrics", NOTHING)
                .build();
        assertThat(RouteRules.missing(server))
                .containsExactlyInAnyOrder(
                        "DELETE /v1/coupons/{id}",
                        "POST /coupon.v1.ClaimService/Forget",
                        "POST /coupon.v1.NewService/{method}");
    }

    @Test
    void aCallHasTheRuleOfTheRouteThatDoesTheSameAndOneWithoutHasNone() {
        Route service = Route.builder()
                .path("/coupon.v1.RedemptionService/{method}")
                .methods(HttpMethod.POST)
                .build();
        assertThat(RouteRules.of(service, HttpMethod.POST, "/coupon.v1.RedemptionService/Release"))
                .hasValueSatisfying(rule -> {
                    assertThat(rule.method()).isEqualTo(HttpMethod.DELETE);
                    assertThat(rule.names()).isEqualTo(RouteRules.Names.HOLD_IN_PATH);
                });
        assertThat(RouteRules.of(service, HttpMethod.POST, "/coupon.v1.RedemptionService/Steal"))
                .isEmpty();
    }
}
