package dev.cutover.coupon;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** Runs the same call on many threads that start together; the first failure is the test's. */
final class Parallel {
    private Parallel() {}

    static void run(int threads, IntConsumer call) {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            CountDownLatch together = new CountDownLatch(threads);
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int number = i;
                calls.add(executor.submit(() -> {
                    together.countDown();
                    together.await();
                    call.accept(number);
                    return null;
                }));
            }
            for (Future<?> one : calls) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError("A parallel call failed: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            executor.shutdownNow();
        }
    }
}
