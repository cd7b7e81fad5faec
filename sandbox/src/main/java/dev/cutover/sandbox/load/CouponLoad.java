package dev.cutover.sandbox.load;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Users of the coupon service, whose every answer is remembered and can be asked for again.
 *
 * <p>Each virtual client owns its users and does one thing at a time, so what a user must hold is known without doubt. Requests
 * come on a schedule of their own, not when the last one is answered; a client that was held up catches up. Safe for many
 * threads; start and stop once.
 */
public final class CouponLoad implements AutoCloseable {
    private final Options options;
    private final Pace pace = new Pace();
    private final WriteLog log = new WriteLog(InstantSource.system(), System::nanoTime);
    private final Tally tally = new Tally();
    private final CouponApi api;
    private final List<VirtualClient> clients = new ArrayList<>();
    private final List<Future<?>> running = new ArrayList<>();
    private final ExecutorService threads;
    private volatile boolean ended;

    /**
     * What to do to whom.
     *
     * @param instances addresses of the service, all equal
     * @param writesPerSecond aimed at, all clients together
     * @param clients virtual clients, a thread each
     * @param claimable templates without limit, see {@code Manifest.claimable}
     * @param hotTemplate a template that may sell out, 0 for none
     * @param firstUser the first of {@code users} users who hold nothing and whom only this load touches
     * @param spenders users who held coupons before; only this load writes for them
     * @param requestTimeout of one attempt
     * @param deadline after which a request counts as failed
     * @param seed of the choices; answers and their order are not repeatable
     */
    public record Options(
            List<URI> instances,
            double writesPerSecond,
            double readsPerSecond,
            int clients,
            List<Integer> claimable,
            int hotTemplate,
            long firstUser,
            int users,
            List<Integer> spenders,
            Duration requestTimeout,
            Duration deadline,
            long seed) {
        public Options {
            instances = List.copyOf(instances);
            claimable = List.copyOf(claimable);
            spenders = List.copyOf(spenders);
            if (instances.isEmpty() || claimable.isEmpty() || writesPerSecond <= 0 || readsPerSecond < 0) {
                throw new IllegalArgumentException(
                        "A load needs an instance, a claimable template and a rate of writes, not " + instances + ", "
                                + claimable + " and " + writesPerSecond + ".");
            }
            if (clients < 1 || users < clients) {
                throw new IllegalArgumentException(
                        "Each of " + clients + " clients needs a user of its own; there are " + users + ".");
            }
        }

        /** 50 writes and 100 reads a second by 16 clients for 2,000 new users, 3 s an attempt, 15 s a request. */
        public static Options against(List<URI> instances, List<Integer> claimable, long firstUser) {
            return new Options(
                    instances,
                    50,
                    100,
                    16,
                    claimable,
                    0,
                    firstUser,
                    2_000,
                    List.of(),
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(15),
                    1);
        }

        public Options withRates(double writes, double reads) {
            return new Options(
                    instances,
                    writes,
                    reads,
                    clients,
                    claimable,
                    hotTemplate,
                    firstUser,
                    users,
                    spenders,
                    requestTimeout,
                    deadline,
                    seed);
        }

        public Options withClients(int number, int ofUsers) {
            return new Options(
                    instances,
                    writesPerSecond,
                    readsPerSecond,
                    number,
                    claimable,
                    hotTemplate,
                    firstUser,
                    ofUsers,
                    spenders,
                    requestTimeout,
                    deadline,
                    seed);
        }

        public Options withHotTemplate(int template) {
            return new Options(
                    instances,
                    writesPerSecond,
                    readsPerSecond,
                    clients,
                    claimable,
                    template,
                    firstUser,
                    users,
                    spenders,
                    requestTimeout,
                    deadline,
                    seed);
        }

        public Options withSpenders(List<Integer> known) {
            return new Options(
                    instances,
                    writesPerSecond,
                    readsPerSecond,
                    clients,
                    claimable,
                    hotTemplate,
                    firstUser,
                    users,
                    known,
                    requestTimeout,
                    deadline,
                    seed);
        }

        public Options withPatience(Duration attempt, Duration request) {
            return new Options(
                    instances,
                    writesPerSecond,
                    readsPerSecond,
                    clients,
                    claimable,
                    hotTemplate,
                    firstUser,
                    users,
                    spenders,
                    attempt,
                    request,
                    seed);
        }

        public Options withSeed(long newSeed) {
            return new Options(
                    instances,
                    writesPerSecond,
                    readsPerSecond,
                    clients,
                    claimable,
                    hotTemplate,
                    firstUser,
                    users,
                    spenders,
                    requestTimeout,
                    deadline,
                    newSeed);
        }
    }

    public CouponLoad(Options options) {
        this.options = options;
        this.api = new CouponApi(options.instances(), options.requestTimeout(), options.deadline(), pace);
        // Keys and order numbers of this run, told apart from those of any other.
        String run = UUID.randomUUID().toString().substring(0, 8);
        Set<String> idsGiven = ConcurrentHashMap.newKeySet();
        for (int client = 0; client < options.clients(); client++) {
            clients.add(new VirtualClient(client, run, options, api, pace, log, tally, idsGiven));
        }
        AtomicInteger number = new AtomicInteger();
        this.threads = Executors.newFixedThreadPool(options.clients(), task -> {
            Thread thread = new Thread(task, "coupon-load-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    public synchronized void start() {
        if (!running.isEmpty()) {
            throw new IllegalStateException("The load runs already.");
        }
        clients.forEach(client -> running.add(threads.submit(client::run)));
    }

    /** Asks nothing new, waits until every write under way is answered or out of time, and returns what was seen. */
    public synchronized Report stop() throws InterruptedException {
        pace.stop();
        threads.shutdown();
        // A request may begin its last attempt right before its deadline.
        Duration most = options.deadline().plus(options.requestTimeout()).multipliedBy(2);
        for (Future<?> client : running) {
            try {
                client.get(most.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException e) {
                throw new IllegalStateException("A virtual client of the load died: its truth is not whole.", e);
            } catch (TimeoutException e) {
                throw new IllegalStateException("A virtual client of the load has not ended after " + most + ".", e);
            }
        }
        ended = true;
        return report();
    }

    /** What was seen until now. */
    public Report report() {
        long[] latencies = log.latencies();
        return new Report(
                log.acknowledgements(),
                tally.refusals.sum(),
                tally.reads.sum(),
                tally.staleReads.sum(),
                tally.failed(),
                tally.failures(),
                api.retries(),
                tally.unresolved.sum(),
                tally.hotIssued.sum(),
                tally.hotSoldOut.sum(),
                quantile(latencies, 0.50),
                quantile(latencies, 0.99),
                quantile(latencies, 1));
    }

    /** How many writes are acknowledged by now. */
    public long acknowledgements() {
        return log.acknowledgements();
    }

    /** All acknowledged writes, in the order of their answers. */
    public List<Acknowledged> acknowledged() {
        return log.acknowledged();
    }

    /**
     * The longest time without an acknowledged write that touches the window, or the latency of the slowest write that
     * touches it, whichever is longer. With few writes a second, the time between two of them is a part of it.
     */
    public Duration longestWritePause(Instant from, Instant to) {
        return log.longestPause(from, to);
    }

    /** After {@link #stop}: what the API no longer shows as it was acknowledged. Reads must come from the truth by then. */
    public List<Lost> lostAcknowledgedWrites() throws InterruptedException {
        return new FinalCheck(users()).throughApi(api);
    }

    /** After {@link #stop}: what the API or the tables of the side that holds the truth do not hold as it was acknowledged. */
    public List<Lost> lostAcknowledgedWrites(TruthTables tables) throws InterruptedException {
        FinalCheck check = new FinalCheck(users());
        List<Lost> lost = new ArrayList<>(check.throughApi(api));
        lost.addAll(check.in(tables));
        return lost;
    }

    @Override
    public void close() {
        pace.stop();
        threads.shutdownNow();
        api.close();
    }

    private List<KnownUser> users() {
        if (!ended) {
            throw new IllegalStateException("Stop the load first: what was acknowledged is still changing.");
        }
        return clients.stream().flatMap(client -> client.users().stream()).toList();
    }

    private static Duration quantile(long[] ascending, double share) {
        return ascending.length == 0
                ? Duration.ZERO
                : Duration.ofNanos(ascending[(int) Math.min(ascending.length - 1, share * ascending.length)]);
    }
}
