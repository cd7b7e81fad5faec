package dev.cutover.sandbox.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.cutover.sandbox.load.Lost.Kind;
import dev.cutover.sandbox.load.LyingCouponService.Lie;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CouponLoadTest {
    private static final int SLOTS = 8;
    private static final int HOT = 9;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void findsNothingWrongWithAnHonestService() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, HOT, 3);
                CouponLoad load = load(service)) {
            for (int n = 0; n < 150; n++) {
                service.give(3, 1);
            }
            Report report = run(load, 800);

            assertThat(report.failures()).isEmpty();
            assertThat(report.failedRequests()).isZero();
            assertThat(report.retried()).isZero();
            assertThat(report.staleReads()).isZero();
            assertThat(report.reads()).isPositive();
            assertThat(report.hotIssued()).isEqualTo(3);
            assertThat(report.hotSoldOut()).isPositive();
            assertThat(report.refusals()).isGreaterThan(report.hotSoldOut());
            assertThat(report.p50()).isPositive().isLessThanOrEqualTo(report.p99());
            assertThat(load.acknowledged())
                    .extracting(Acknowledged::operation)
                    .contains(Operation.CLAIM, Operation.REDEEM, Operation.REFUND, Operation.REPLAY);
            assertThat(load.acknowledged()).anyMatch(write -> write.user() == 3);
            assertThat(load.lostAcknowledgedWrites()).isEmpty();
        }
    }

    @Test
    void findsLostClaims() throws IOException, InterruptedException {
        assertThat(lostTo(Lie.LOSES_CLAIMS)).contains(Kind.MISSING).doesNotContain(Kind.UNASKED);
    }

    @Test
    void findsLostRedemptions() throws IOException, InterruptedException {
        assertThat(lostTo(Lie.LOSES_REDEMPTIONS)).containsOnly(Kind.WRONG_STATUS);
    }

    @Test
    void findsLostRefunds() throws IOException, InterruptedException {
        assertThat(lostTo(Lie.LOSES_REFUNDS)).containsOnly(Kind.WRONG_STATUS);
    }

    @Test
    void findsClaimsDoneAgainByARetry() throws IOException, InterruptedException {
        assertThat(lostTo(Lie.FORGETS_KEYS, Lie.ANSWERS_500_AFTER_THE_WRITE)).contains(Kind.UNASKED);
    }

    @Test
    void findsCouponsListedTwice() throws IOException, InterruptedException {
        assertThat(lostTo(Lie.SHOWS_COUPONS_TWICE)).containsOnly(Kind.TWICE);
    }

    @Test
    void whatARetryHealsIsCountedAsRetriedAndNotAsFailed() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0, Lie.DROPS_CONNECTIONS_AFTER_THE_WRITE);
                CouponLoad load = load(service)) {
            Report report = run(load, 500);
            assertThat(report.retried()).isPositive();
            assertThat(report.failures()).isEmpty();
            assertThat(load.lostAcknowledgedWrites()).isEmpty();
        }
    }

    @Test
    void goesRoundADeadInstance() throws IOException, InterruptedException {
        URI dead = URI.create("http://127.0.0.1:1");
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0);
                CouponLoad load = new CouponLoad(
                        CouponLoad.Options.against(List.of(dead, service.address()), List.of(1, 2), 1_000)
                                .withRates(500, 100)
                                .withClients(4, 20))) {
            Report report = run(load, 200);
            assertThat(report.retries()).containsKey("HttpHostConnectException");
            assertThat(report.failures()).isEmpty();
        }
    }

    @Test
    void aRequestNobodyAnswersIsAFailedRequest() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0, Lie.ALWAYS_500);
                CouponLoad load =
                        new CouponLoad(options(service).withPatience(Duration.ofMillis(300), Duration.ofMillis(500)))) {
            load.start();
            await().atMost(PATIENCE).until(() -> load.report().unresolved() > 3);
            Report report = load.stop();
            assertThat(report.writes()).isZero();
            assertThat(report.failedRequests()).isGreaterThan(3);
            assertThat(report.failures().get(0)).contains("no answer after").contains("HTTP 500 internal_error");
            assertThat(load.longestWritePause(Instant.now().minusSeconds(1), Instant.now()))
                    .isGreaterThan(Duration.ofMillis(400));
        }
    }

    @Test
    void anUnexplainedRefusalIsAFailedRequest() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0, Lie.REFUSES_WITHOUT_REASON);
                CouponLoad load = load(service)) {
            Report report = run(load, 300);
            assertThat(report.failedRequests()).isPositive();
            assertThat(report.failures()).allMatch(failure -> failure.contains("claim_ended"));
        }
    }

    @Test
    void aCouponSpentTwiceIsAFailedRequest() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0, Lie.SPENDS_TWICE);
                CouponLoad load = load(service)) {
            Report report = run(load, 500);
            assertThat(report.failures()).anyMatch(failure -> failure.contains("second redemption"));
        }
    }

    @Test
    void aKeyThatMeansSomethingElseTheSecondTimeIsAFailedRequest() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0, Lie.FORGETS_KEYS);
                CouponLoad load = load(service)) {
            Report report = run(load, 500);
            assertThat(report.failures()).anyMatch(failure -> failure.contains("repeated claim"));
        }
    }

    @Test
    void aCouponGivenToTwoUsersIsAFailedRequest() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0, Lie.GIVES_ONE_COUPON_TO_TWO);
                CouponLoad load = load(service)) {
            Report report = run(load, 300);
            assertThat(report.failures()).anyMatch(failure -> failure.contains(" claim of "));
        }
    }

    @Test
    void measuresAPauseOfWrites() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0);
                CouponLoad load = load(service)) {
            load.start();
            await().atMost(PATIENCE).until(() -> load.report().writes() > 50);
            Instant closed = Instant.now();
            service.whileClosed(() -> await().pollDelay(Duration.ofMillis(400)).until(() -> true));
            Instant open = Instant.now();
            long writes = load.report().writes();
            await().atMost(PATIENCE).until(() -> load.report().writes() > writes + 100);
            load.stop();

            Duration pause = load.longestWritePause(closed, open);
            assertThat(pause)
                    .isBetween(
                            Duration.ofMillis(390),
                            Duration.between(closed, open).plusSeconds(1));
            assertThat(load.report().max()).isGreaterThan(Duration.ofMillis(350));
        }
    }

    @Test
    void looksForLostWritesOnlyAfterTheEnd() throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0);
                CouponLoad load = load(service)) {
            load.start();
            assertThatThrownBy(load::lostAcknowledgedWrites)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Stop the load first");
            load.stop();
        }
    }

    static CouponLoad load(LyingCouponService service) {
        return new CouponLoad(options(service));
    }

    private static CouponLoad.Options options(LyingCouponService service) {
        return CouponLoad.Options.against(List.of(service.address()), List.of(1, 2), 1_000)
                .withRates(900, 300)
                .withClients(6, 40)
                .withHotTemplate(HOT)
                .withSpenders(List.of(3))
                .withPatience(Duration.ofSeconds(5), Duration.ofSeconds(8));
    }

    static Report run(CouponLoad load, long writes) throws InterruptedException {
        load.start();
        await().atMost(PATIENCE).until(() -> load.report().writes() >= writes);
        return load.stop();
    }

    private static List<Kind> lostTo(Lie... lies) throws IOException, InterruptedException {
        try (LyingCouponService service = new LyingCouponService(SLOTS, 0, 0, lies);
                CouponLoad load = load(service)) {
            run(load, 600);
            return load.lostAcknowledgedWrites().stream().map(Lost::kind).toList();
        }
    }
}
