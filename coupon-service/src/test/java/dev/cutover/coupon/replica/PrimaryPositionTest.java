package dev.cutover.coupon.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A position that is told was asked for after whoever is told it came, and once for all who came at the same time. */
final class PrimaryPositionTest {
    @Test
    void whoComesWhileSomebodyAsksIsToldTheNextAnswerTogetherWithTheOthers()
            throws ExecutionException, InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        PrimaryPosition position = new PrimaryPosition(() -> {
            int turn = asked.incrementAndGet();
            if (turn == 1) {
                first.countDown();
                try {
                    assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new SQLException(e);
                }
            }
            return "answer " + turn;
        });
        ExecutorService threads = Executors.newFixedThreadPool(9);
        try {
            Future<String> early = threads.submit(position::now);
            assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
            CountDownLatch came = new CountDownLatch(8);
            List<Future<String>> late = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                late.add(threads.submit(() -> {
                    came.countDown();
                    return position.now();
                }));
            }
            assertThat(came.await(10, TimeUnit.SECONDS)).isTrue();
            go.countDown();
            assertThat(early.get()).isEqualTo("answer 1");
            for (Future<String> one : late) {
                assertThat(one.get()).isNotEqualTo("answer 1");
            }
            // Those that had not come to wait when the second was asked share the third, and so on.
            assertThat(asked.get()).isBetween(2, 9);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void nobodyIsToldWhatWasKnownBeforeHeCame() throws ExecutionException, InterruptedException {
        AtomicLong written = new AtomicLong();
        PrimaryPosition position = new PrimaryPosition(() -> Long.toString(written.get()));
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<Integer>> readers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                readers.add(threads.submit(() -> {
                    int stale = 0;
                    for (int turn = 0; turn < 5_000; turn++) {
                        long mine = written.incrementAndGet();
                        stale += Long.parseLong(position.now()) < mine ? 1 : 0;
                    }
                    return stale;
                }));
            }
            for (Future<Integer> reader : readers) {
                assertThat(reader.get()).isZero();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void whoIsNotAnsweredIsToldAndTheNextOneAsksAnew() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        PrimaryPosition position = new PrimaryPosition(() -> {
            if (asked.incrementAndGet() == 1) {
                throw new SQLException("away");
            }
            return "there";
        });
        assertThatThrownBy(position::now).isInstanceOf(SQLException.class).hasMessage("away");
        assertThat(position.now()).isEqualTo("there");
    }
}
