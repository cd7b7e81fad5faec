package dev.cutover.coupon.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpMethod;
import io.grpc.Status;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ErrorAnswersTest {
    @Test
    void anOutcomeNobodyKnowsIsToBeAskedForAgainOnBothTransports() {
        Problem problem = new Problem(ApiError.OUTCOME_UNKNOWN, "", "Send it again.");
        AggregatedHttpResponse response = problem.http("req_1");
        assertThat(response.status().code()).isEqualTo(504);
        assertThat(response.headers().get("retry-after")).isEqualTo("1");
        assertThat(CallErrors.failure(problem, "req_1").status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void whatTheServerGaveUpWaitingForMayHaveHadItsEffectUnlessItOnlyReads() {
        assertThat(ErrorAnswers.ofTimeout(HttpMethod.POST).error()).isEqualTo(ApiError.OUTCOME_UNKNOWN);
        assertThat(ErrorAnswers.ofTimeout(HttpMethod.DELETE).error()).isEqualTo(ApiError.OUTCOME_UNKNOWN);
        assertThat(ErrorAnswers.ofTimeout(HttpMethod.GET).error()).isEqualTo(ApiError.DEPENDENCY_UNAVAILABLE);
    }

    @Test
    void onlyWhatIsWorthAnotherTryHasAStatusThatClientsTryAgain() {
        for (ApiError error : ApiError.values()) {
            Status.Code code = CallErrors.code(error);
            boolean again = code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED;
            assertThat(again).as(error.code()).isEqualTo(error.retryable() && error != ApiError.RATE_LIMITED);
            assertThat(new Problem(error, "", "").retryAfter().map(Duration::toSeconds))
                    .as(error.code())
                    .isEqualTo(error.retryable() ? java.util.Optional.of(1L) : java.util.Optional.empty());
        }
    }
}
