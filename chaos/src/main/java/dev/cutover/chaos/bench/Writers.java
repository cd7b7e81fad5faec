package dev.cutover.chaos.bench;

import dev.cutover.chaos.bank.Answer;
import dev.cutover.chaos.bank.Bank;
import dev.cutover.chaos.bank.Call;
import dev.cutover.sandbox.load.Pace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Threads of an application that write through the proxy at a steady rate and keep the time of every write. Started and stopped by one thread. */
final class Writers implements AutoCloseable {
    private final Bank bank;
    private final int users;
    private final int rate;
    private final int threads;
    private final Pace pace = new Pace();
    private final List<Thread> running = new ArrayList<>();
    private final Queue<Write> writes = new ConcurrentLinkedQueue<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();

    /** An acknowledged write, in nanoseconds of {@link System#nanoTime}. */
    record Write(long asked, long answered) {}

    Writers(Bank bank, int users, int rate, int threads) {
        this.bank = bank;
        this.users = users;
        this.rate = rate;
        this.threads = threads;
    }

    void start() {
        for (int number = 0; number < threads; number++) {
            int mine = number;
            Thread thread = new Thread(() -> work(mine), "writer-" + number);
            thread.setDaemon(true);
            running.add(thread);
            thread.start();
        }
    }

    private void work(int number) {
        SplittableRandom random = new SplittableRandom(number);
        long period = 1_000_000_000L * threads / rate;
        long due = System.nanoTime() + random.nextLong(period);
        int turn = 0;
        try {
            while (pace.until(due)) {
                Call call = Call.append(
                        Integer.toString(number, 36) + "." + Integer.toString(turn++, 36),
                        1 + random.nextInt(users),
                        List.of(0));
                long asked = System.nanoTime();
                Answer answer = bank.answer(call);
                if (answer.status() == Answer.Status.OK) {
                    writes.add(new Write(asked, System.nanoTime()));
                } else {
                    failures.add(String.valueOf(answer.why()));
                }
                // What a pause held up is made up for: the load does not thin out while nobody is served.
                due = Math.max(
                        due + period, System.nanoTime() - Duration.ofSeconds(1).toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The longest any acknowledged write that overlaps this time was kept waiting. */
    Duration longest(long from, long to) {
        return Duration.ofNanos(writes.stream()
                .filter(write -> write.answered() >= from && write.asked() <= to)
                .mapToLong(write -> write.answered() - write.asked())
                .max()
                .orElse(0));
    }

    /** Writes a second between two moments. */
    double rate(long from, long to) {
        long count = writes.stream()
                .filter(write -> write.answered() >= from && write.answered() <= to)
                .count();
        return count * 1e9 / Math.max(1, to - from);
    }

    /** Writes that were not acknowledged. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        pace.stop();
        try {
            for (Thread thread : running) {
                thread.join(30_000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
