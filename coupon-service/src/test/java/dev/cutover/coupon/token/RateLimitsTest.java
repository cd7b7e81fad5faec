package dev.cutover.coupon.token;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.AppId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Buckets: no more than a burst and what came back, and no less. */
final class RateLimitsTest {
    private static final AppId APP = new AppId(2);
    private static final long MILLI = 1_000_000;

    private final AtomicLong now = new AtomicLong(-5_000 * MILLI);

    @Test
    void inAnyStretchOfTimeNoMoreComeThroughThanABurstAndWhatCameBackAndWhoWaitedAsToldIsLetThrough() {
        Random random = new Random(16);
        for (int round = 0; round < 200; round++) {
            Quota quota = new Quota(1 + random.nextInt(50), 1 + random.nextInt(20));
            RateLimits limits = new RateLimits(now::get);
            List<Long> admitted = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                now.addAndGet(random.nextInt(3) == 0 ? random.nextInt(500) * MILLI : 0);
                RateLimits.Outcome outcome = limits.take(APP, quota);
                if (!outcome.admitted()) {
                    assertThat(outcome.remaining()).isZero();
                    now.addAndGet(outcome.patience().toNanos());
                    outcome = limits.take(APP, quota);
                }
                assertThat(outcome.admitted()).isTrue();
                admitted.add(now.get());
            }
            for (int from = 0; from < admitted.size(); from++) {
                for (int to = from; to < admitted.size(); to++) {
                    double seconds = (admitted.get(to) - admitted.get(from)) / 1e9;
                    assertThat((double) (to - from + 1))
                            .isLessThanOrEqualTo(quota.burst() + seconds * quota.perSecond() + 1e-3);
                }
            }
        }
    }

    @Test
    void afterAPauseAWholeBurstMayComeAndTheCountIsTold() {
        RateLimits limits = new RateLimits(now::get);
        Quota quota = new Quota(10, 3);
        for (int round = 0; round < 2; round++) {
            assertThat(IntStream.range(0, 4).mapToObj(i -> limits.take(APP, quota)))
                    .extracting(outcome -> outcome.admitted()
                            ? outcome.remaining()
                            : -outcome.patience().toMillis())
                    .containsExactly(2L, 1L, 0L, -100L);
            now.addAndGet(Duration.ofSeconds(60).toNanos());
        }
        assertThat(limits.take(new AppId(3), quota).remaining()).isEqualTo(2);
    }

    @Test
    void manyThreadsTakeNoMoreThanTheBurst() throws InterruptedException {
        RateLimits limits = new RateLimits(now::get);
        AtomicInteger admitted = new AtomicInteger();
        List<Thread> threads = IntStream.range(0, 8)
                .mapToObj(i -> new Thread(() -> {
                    for (int n = 0; n < 1_000; n++) {
                        admitted.addAndGet(limits.take(APP, new Quota(10, 500)).admitted() ? 1 : 0);
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(admitted).hasValue(500);
    }
}
