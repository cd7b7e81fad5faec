package dev.cutover.chaos.load;

import dev.cutover.chaos.bank.Answer;
import dev.cutover.chaos.bank.Call;
import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.history.ReadMode;
import dev.cutover.chaos.history.Request;
import dev.cutover.chaos.history.Side;
import dev.cutover.sandbox.load.Pace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Clients that append, read, claim, redeem and release, and write down what they asked and what they were told.
 *
 * <p>A request without an answer is asked again, of the other instance, under the same id, until somebody knows or the patience ends: only
 * then its outcome is unknown for good. Started and stopped by one thread.
 */
public final class BankClients implements AutoCloseable {
    /** Each user has so many probes. */
    public static final int PROBES = 3;

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Duration BACK_OFF = Duration.ofMillis(40);

    private final BankDoor door;
    private final HistoryWriter history;
    private final Options options;
    private final Pace pace = new Pace();
    private final List<Thread> threads = new ArrayList<>();
    private final Map<Integer, Queue<Long>> issued = new ConcurrentHashMap<>();
    private final Map<Integer, Queue<Paid>> redeemed = new ConcurrentHashMap<>();
    private final Queue<Latency> writes = new ConcurrentLinkedQueue<>();
    private final Queue<String> unanswered = new ConcurrentLinkedQueue<>();
    private final AtomicLong acknowledged = new AtomicLong();

    /**
     * How to ask.
     *
     * @param seed makes the same clients do the same again
     * @param clients threads
     * @param users shard keys 1 to this
     * @param templates ids 1 to this
     * @param rate operations a second of all of them together, where the bank is quick enough
     */
    public record Options(long seed, int clients, int users, int templates, int rate) {}

    /** When an acknowledged write was asked for and when it was answered, in nanoseconds of {@link System#nanoTime}. */
    public record Latency(long asked, long answered) {
        public Duration took() {
            return Duration.ofNanos(answered - asked);
        }
    }

    /** A coupon that paid for an order. */
    private record Paid(long coupon, String order) {}

    public BankClients(BankDoor door, HistoryWriter history, Options options) {
        this.door = door;
        this.history = history;
        this.options = options;
    }

    /** Begins. */
    public void start() {
        SplittableRandom seeds = new SplittableRandom(options.seed());
        for (int number = 0; number < options.clients(); number++) {
            Client client = new Client(number, seeds.split());
            Thread thread = new Thread(client::work, "client-" + number);
            thread.setDaemon(true);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    /** Operations answered so far, reads among them. */
    public long acknowledged() {
        return acknowledged.get();
    }

    /** Requests that nobody could answer within the patience. */
    public List<String> unanswered() {
        return List.copyOf(unanswered);
    }

    /** Acknowledged writes so far, in the order of their answers. */
    public List<Latency> writes() {
        return List.copyOf(writes);
    }

    /** Lets every client finish what it has begun. */
    @Override
    public void close() {
        pace.stop();
        try {
            for (Thread thread : threads) {
                thread.join(PATIENCE.plusSeconds(10).toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static long now() {
        return System.nanoTime();
    }

    /** One thread that asks one thing after the other. */
    private final class Client {
        private final int number;
        private final SplittableRandom random;
        private int turn;

        Client(int number, SplittableRandom random) {
            this.number = number;
            this.random = random;
        }

        void work() {
            long period = 1_000_000_000L * options.clients() / options.rate();
            long due = now() + random.nextLong(period);
            try {
                while (pace.until(due)) {
                    once();
                    // Those that fell behind do not come in a burst afterwards.
                    due = Math.max(due + period, now());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void once() throws InterruptedException {
            int user = 1 + random.nextInt(options.users());
            String op = Integer.toString(number, 36) + "." + Integer.toString(turn++, 36);
            int dice = random.nextInt(100);
            if (dice < 12) {
                read(user, op, true);
            } else if (dice < 20) {
                read(user, op, false);
            } else if (dice < 40) {
                claim(user, op);
            } else if (dice < 50) {
                redeem(user, op);
            } else if (dice < 56) {
                release(user, op);
            } else {
                append(user, op);
            }
        }

        private void append(int user, String op) throws InterruptedException {
            List<Integer> keys = new ArrayList<>();
            int first = random.nextInt(PROBES);
            int count = 1 + random.nextInt(PROBES);
            for (int i = 0; i < count; i++) {
                keys.add((first + i) % PROBES);
            }
            write(user, op, new Request.Append(keys), Call.append(op, user, keys));
        }

        private void claim(int user, String op) throws InterruptedException {
            int template = 1 + random.nextInt(options.templates());
            Answer answer = write(user, op, new Request.Claim(template), Call.claim(op, user, template));
            if (answer != null) {
                issued.computeIfAbsent(user, any -> new ConcurrentLinkedQueue<>())
                        .add(answer.result());
            }
        }

        private void redeem(int user, String op) throws InterruptedException {
            @Nullable
            Long coupon = issued.computeIfAbsent(user, any -> new ConcurrentLinkedQueue<>())
                    .poll();
            if (coupon == null) {
                claim(user, op);
                return;
            }
            String order = "o" + op;
            Answer answer = write(user, op, new Request.Redeem(coupon, order), Call.redeem(op, user, coupon, order));
            if (answer != null) {
                redeemed.computeIfAbsent(user, any -> new ConcurrentLinkedQueue<>())
                        .add(new Paid(coupon, order));
            }
        }

        private void release(int user, String op) throws InterruptedException {
            @Nullable
            Paid paid = redeemed.computeIfAbsent(user, any -> new ConcurrentLinkedQueue<>())
                    .poll();
            if (paid == null) {
                append(user, op);
                return;
            }
            Answer answer = write(
                    user, op, new Request.Release(paid.coupon(), paid.order()), Call.release(op, user, paid.order()));
            if (answer != null) {
                issued.computeIfAbsent(user, any -> new ConcurrentLinkedQueue<>())
                        .add(paid.coupon());
            }
        }

        private @Nullable Answer write(int user, String op, Request request, Call call) throws InterruptedException {
            long asked = invoke(user, op, request);
            Answer answer = insist(call);
            long at = now();
            if (answer.status() == Answer.Status.OK) {
                history.write(HistoryRecord.Ok.written(
                        at, System.currentTimeMillis(), number, op, answer.epoch(), side(answer), answer.result()));
                writes.add(new Latency(asked, at));
                acknowledged.incrementAndGet();
                return answer;
            }
            ended(op, answer, at);
            return null;
        }

        private void read(int user, String op, boolean fresh) throws InterruptedException {
            invoke(user, op, new Request.Read(fresh ? ReadMode.FRESH : ReadMode.ROUTED));
            Answer answer = insist(Call.read(op, user, fresh));
            long at = now();
            Map<Integer, List<String>> lists = answer.lists();
            if (answer.status() == Answer.Status.OK && lists != null) {
                history.write(HistoryRecord.Ok.read(
                        at, System.currentTimeMillis(), number, op, answer.epoch(), side(answer), lists));
                acknowledged.incrementAndGet();
            } else {
                ended(op, answer, at);
            }
        }

        private void ended(String op, Answer answer, long at) {
            String why = String.valueOf(answer.why());
            if (answer.status() == Answer.Status.REFUSED) {
                history.write(new HistoryRecord.Fail(at, System.currentTimeMillis(), number, op, why));
            } else {
                history.write(new HistoryRecord.Info(at, System.currentTimeMillis(), number, op, why));
                unanswered.add(op + ": " + why);
            }
        }

        private long invoke(int user, String op, Request request) {
            long at = now();
            history.write(new HistoryRecord.Invoke(at, System.currentTimeMillis(), number, op, user, request));
            return at;
        }

        private Answer insist(Call call) throws InterruptedException {
            long end = now() + PATIENCE.toNanos();
            for (int attempt = number; ; attempt++) {
                Answer answer = door.ask(attempt, call);
                if (answer.status() != Answer.Status.AGAIN || now() > end) {
                    return answer;
                }
                pace.backOff(BACK_OFF);
            }
        }

        private Side side(Answer answer) {
            return Side.valueOf(String.valueOf(answer.side()));
        }
    }
}
