package dev.cutover.coupon.webhook;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.token.Owners;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down what webhooks are to be told, out of the ledgers, and tells them.
 *
 * <p>Idea: the ledger is the outbox. How far it was told moves in the transaction of the deliveries it led to, so each event becomes one
 * delivery a webhook, whoever reads and wherever he dies. A delivery is marked behind the answer: who dies in between leaves one that is sent
 * again under the same id. Of one webhook one delivery is under way at a time, in order; one that fails holds up its webhook, a little longer each
 * time, and no other.
 *
 * <p>{@link #feed} and {@link #send} are called by one thread each; one process at a time does either.
 */
public final class WebhookWorker {
    private static final Logger LOG = LoggerFactory.getLogger(WebhookWorker.class);
    private static final String FEED_TURN = "coupon-webhook-feed";
    private static final String SEND_TURN = "coupon-webhook-send";
    private static final Duration TIDYING = Duration.ofMinutes(1);
    private static final int PART = 1_000;
    private static final int A_TURN = 100;
    private static final int SUCCESS = 2;
    private static final int HUNDRED = 100;

    private final Topology topology;
    private final CouponDatabases databases;
    private final WebhookTables tables;
    private final LedgerFeed feed;
    private final Owners owners;
    private final Signature signature;
    private final WebhookAddress addresses;
    private final InstantSource clock;
    private final Options options;
    private final ExecutorService threads;
    private final Failpoints failpoints;
    private final HttpClient client;
    private final Counter delivered;
    private final Counter failed;
    private long tidiedAt;

    /**
     * How it works.
     *
     * @param patience how long one delivery may take
     * @param first how long to wait behind the first failure; twice as long behind each that follows
     * @param longest the longest of these waits
     * @param giveUp how old a delivery is when it is dead
     * @param kept how long deliveries that were taken are kept
     */
    public record Options(Duration patience, Duration first, Duration longest, Duration giveUp, Duration kept) {
        /** The values meant for production. */
        public static final Options USUAL = new Options(
                Duration.ofSeconds(5),
                Duration.ofSeconds(2),
                Duration.ofHours(1),
                Duration.ofDays(1),
                Duration.ofDays(7));
    }

    /** What a worker is made of. */
    record Parts(
            Topology topology,
            CouponDatabases databases,
            WebhookTables tables,
            LedgerFeed feed,
            Owners owners,
            Signature signature,
            WebhookAddress addresses,
            InstantSource clock) {}

    /** @param threads one a webhook that is being told; the caller closes them */
    WebhookWorker(Parts parts, Options options, ExecutorService threads, Failpoints failpoints, MeterRegistry meters) {
        this.topology = parts.topology();
        this.databases = parts.databases();
        this.tables = parts.tables();
        this.feed = parts.feed();
        this.owners = parts.owners();
        this.signature = parts.signature();
        this.addresses = parts.addresses();
        this.clock = parts.clock();
        this.options = options;
        this.threads = threads;
        this.failpoints = failpoints;
        this.client = HttpClient.newBuilder()
                .connectTimeout(options.patience())
                // Where one is sent on to nobody has looked at.
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        this.delivered = counter(meters, "delivered");
        this.failed = counter(meters, "failed");
    }

    private static Counter counter(MeterRegistry meters, String outcome) {
        return Counter.builder("coupon.webhooks")
                .description("Attempts to tell webhooks of events")
                .tag("outcome", outcome)
                .register(meters);
    }

    /** Writes down what came since; never throws, for a scheduled task that throws is not run again. */
    public void feed() {
        inTurn(FEED_TURN, () -> {
            List<Webhook> webhooks = tables.all();
            for (int database = 0; database < topology.plan().layout().databases(); database++) {
                if (!webhooks.isEmpty()) {
                    feed(database, webhooks);
                }
            }
            long now = clock.millis();
            if (now >= tidiedAt + TIDYING.toMillis()) {
                tidiedAt = now;
                tables.putAway(now - options.kept().toMillis());
            }
        });
    }

    private void feed(int database, List<Webhook> webhooks) throws SQLException {
        Optional<Long> begun = tables.progress(database);
        if (begun.isEmpty()) {
            // What was before the first webhook nobody has asked to be told of.
            tables.begin(database, lastBefore(database, webhooks.get(0).createdAt()));
            begun = tables.progress(database);
        }
        long entry = begun.orElseThrow();
        List<Ledger.Numbered> more;
        do {
            more = feed.next(database, entry, PART);
            if (!more.isEmpty()) {
                long to = more.get(more.size() - 1).id();
                if (!tables.advance(database, entry, to, fresh(database, more, webhooks), clock.millis())) {
                    return;
                }
                entry = to;
            }
        } while (more.size() == PART);
    }

    private long lastBefore(int database, long moment) throws SQLException {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return Sql.first(
                            connection,
                            row -> row.getLong(1),
                            "SELECT entry_id FROM coupon_ledger WHERE created_at < ? ORDER BY entry_id DESC LIMIT 1",
                            moment)
                    .orElse(0L);
        }
    }

    private List<WebhookTables.Fresh> fresh(int database, List<Ledger.Numbered> entries, List<Webhook> webhooks) {
        List<WebhookTables.Fresh> fresh = new ArrayList<>();
        for (Ledger.Numbered numbered : entries) {
            Entry entry = numbered.entry();
            Optional<EventType> type = EventType.of(entry.act());
            if (type.isEmpty()) {
                continue;
            }
            EventId id = new EventId(database, numbered.id());
            for (Webhook webhook : webhooks) {
                if (webhook.types().contains(type.get())
                        && entry.at() >= webhook.createdAt() / 1000 * 1000
                        && owners.owns(webhook.app(), entry.template())) {
                    fresh.add(new WebhookTables.Fresh(
                            webhook.id(), id, event(id, type.get(), entry).toString()));
                }
            }
        }
        return fresh;
    }

    private static ObjectNode event(EventId id, EventType type, Entry entry) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "event");
        node.put("id", id.toString());
        node.put("type", type.word());
        node.put("created_at", Instant.ofEpochMilli(entry.at()).toString());
        ObjectNode data = node.putObject("data");
        data.put("coupon_id", entry.coupon().toString());
        data.put("user_id", entry.userId());
        data.put("template_id", entry.template().toString());
        data.put("amount_minor", entry.amountMinor());
        data.put("use_round", entry.useRound());
        return node;
    }

    /** Tells every webhook what waits for it; never throws, for a scheduled task that throws is not run again. */
    public void send() {
        inTurn(SEND_TURN, () -> {
            List<Future<?>> under = new ArrayList<>();
            for (Webhook webhook : tables.all()) {
                under.add(threads.submit(() -> send(webhook)));
            }
            for (Future<?> one : under) {
                one.get();
            }
        });
    }

    private void send(Webhook webhook) {
        for (Delivery delivery : tables.waiting(webhook.id(), A_TURN)) {
            if (delivery.nextAt() > clock.millis() || !send(webhook, delivery)) {
                return;
            }
        }
    }

    /** False when it failed, and what follows it waits too. */
    private boolean send(Webhook webhook, Delivery delivery) {
        Optional<String> problem = attempt(webhook, delivery);
        if (problem.isEmpty()) {
            failpoints.hit(Failpoint.WEBHOOK_SENT);
            tables.delivered(webhook.id(), delivery.id(), clock.millis());
            delivered.increment();
            return true;
        }
        long now = clock.millis();
        boolean dead = now - delivery.createdAt() >= options.giveUp().toMillis();
        long wait =
                Math.min(options.longest().toMillis(), options.first().toMillis() << Math.min(20, delivery.attempts()));
        tables.failed(
                webhook.id(),
                delivery.id(),
                problem.get(),
                now + wait + ThreadLocalRandom.current().nextLong(wait / 4 + 1),
                dead);
        failed.increment();
        // One that nobody takes for a day does not hold up the rest for ever.
        return dead;
    }

    /** Why it was not taken; empty when it was. */
    // The client ends an exchange, and closes its connection, only when it is told so; no thread is interrupted by it.
    @SuppressWarnings("Interruption")
    private Optional<String> attempt(Webhook webhook, Delivery delivery) {
        Optional<String> wrong = addresses.problem(webhook.url());
        if (wrong.isPresent()) {
            return Optional.of("The webhook's address is none that may be told: use " + wrong.get());
        }
        long now = clock.millis();
        long seconds = TimeUnit.MILLISECONDS.toSeconds(now);
        String id = delivery.id().toString();
        Optional<String> signed = signature.of(webhook, id, seconds, delivery.event(), now);
        if (signed.isEmpty()) {
            return Optional.of("The key of its secret is not in the file of tokens any more: make the webhook anew");
        }
        HttpRequest request = HttpRequest.newBuilder(webhook.url())
                .timeout(options.patience())
                .header("Content-Type", "application/json")
                .header("Webhook-Id", id)
                .header("Webhook-Timestamp", Long.toString(seconds))
                .header("Webhook-Signature", signed.get())
                .POST(HttpRequest.BodyPublishers.ofString(delivery.event()))
                .build();
        CompletableFuture<HttpResponse<Void>> call = client.sendAsync(request, HttpResponse.BodyHandlers.discarding());
        try {
            int status =
                    call.get(options.patience().toNanos(), TimeUnit.NANOSECONDS).statusCode();
            return status / HUNDRED == SUCCESS ? Optional.empty() : Optional.of("It answered " + status);
        } catch (ExecutionException e) {
            return Optional.of("It could not be reached: " + e.getCause());
        } catch (TimeoutException e) {
            return Optional.of("It did not answer within " + options.patience().toMillis() + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("The delivery was interrupted");
        } finally {
            call.cancel(true);
        }
    }

    @FunctionalInterface
    private interface Work {
        void run() throws SQLException, InterruptedException, ExecutionException;
    }

    private void inTurn(String name, Work work) {
        if (databases.truth() != Side.NEW) {
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            Turn.inTurn(turn, name, () -> {
                try {
                    work.run();
                } catch (ExecutionException e) {
                    throw new SQLException("A webhook could not be told", e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        } catch (SQLException | RuntimeException e) {
            LOG.warn("Webhooks could not be told, trying again: {}", e.toString());
        }
    }
}
