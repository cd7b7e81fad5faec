package dev.cutover.coupon;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.CutoverException;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.archive.Archiver;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.code.CodeKeys;
import dev.cutover.coupon.code.Codes;
import dev.cutover.coupon.counter.PieceCounter;
import dev.cutover.coupon.counter.RedisPieceCounter;
import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.detail.TemplateVersions;
import dev.cutover.coupon.gate.ProxiedDatabases;
import dev.cutover.coupon.http.CouponServer;
import dev.cutover.coupon.http.ServiceState;
import dev.cutover.coupon.http.TrustedProxies;
import dev.cutover.coupon.invariant.InvariantWatch;
import dev.cutover.coupon.issuance.HttpMessageCentre;
import dev.cutover.coupon.issuance.IssuanceWorker;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.issuance.MessageCentre;
import dev.cutover.coupon.issuance.MessageDelivery;
import dev.cutover.coupon.issuance.Retries;
import dev.cutover.coupon.issuance.WorkShares;
import dev.cutover.coupon.lock.ClaimLock;
import dev.cutover.coupon.lock.RedisClaimLock;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.redis.RedisPatience;
import dev.cutover.coupon.replica.ReplicaAddress;
import dev.cutover.coupon.replica.Replicas;
import dev.cutover.coupon.statistics.DriftCheck;
import dev.cutover.coupon.stock.StockStrategy;
import dev.cutover.coupon.tag.HttpTagService;
import dev.cutover.coupon.tag.RedisTagStore;
import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.tag.TagSource;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.template.TemplateNews;
import dev.cutover.coupon.token.Apps;
import dev.cutover.coupon.token.Owners;
import dev.cutover.coupon.token.TemplateOwners;
import dev.cutover.coupon.token.TokenSecrets;
import dev.cutover.coupon.token.Tokens;
import dev.cutover.coupon.usercache.UserCache;
import dev.cutover.coupon.usercache.UserCacheCheck;
import dev.cutover.coupon.usercache.UserCacheFeed;
import dev.cutover.coupon.webhook.WebhookAddress;
import dev.cutover.coupon.webhook.WebhookRooms;
import dev.cutover.coupon.webhook.WebhookWorker;
import dev.cutover.coupon.webhook.Webhooks;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running instance: opens everything in order, closes it in the other order. Safe for many threads. */
public final class CouponService implements AutoCloseable {
    private static final List<Integer> LATENCY_BUCKETS_MILLIS = List.of(5, 10, 25, 50, 100, 250, 500, 1_000, 2_500);
    private static final Logger LOG = LoggerFactory.getLogger(CouponService.class);
    private static final Duration JANITOR = Duration.ofSeconds(2);
    private static final Duration COUNTING = Duration.ofSeconds(1);
    // Longer than a request takes; who comes back earlier with the same code goes on with it.
    private static final Duration CODE_LEASE = Duration.ofSeconds(10);
    // Between two demands that wait; for the first it waits itself.
    private static final Duration LOTS = Duration.ofMillis(1);
    private static final Duration LOOK = Duration.ofMillis(500);
    // Two shard databases at a time; more instances work on more.
    // More than the units on the mall's schema have.
    static final int STATEMENTS = 64;
    private static final int ANSWER_SECONDS = 1;
    private static final int WEBHOOKS_AT_ONCE = 4;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Topology topology;
    private final DualWriteProxy proxy;
    private final CouponServer server;

    /**
     * How to run an instance.
     *
     * @param port 0 for any free one
     * @param redis where the claim lock and the counters of stock are kept, empty for none
     * @param writeBudget how long a write may wait for a switch
     * @param codeKeys the file of the secrets of codes, empty where there are none
     * @param tokens the file of the secrets of tokens, empty where nobody is asked for one
     * @param messageCentre who tells users of coupons issued to them, empty for nobody
     * @param stock where claims take limited stock from on NEW
     * @param tags the file of the tags that audiences ask about, empty where there are none
     * @param docs whether anybody may browse the API
     * @param proxies who may say on whose behalf it asks
     * @param ownRedis where the details of a kind of coupons are kept, where it is not {@code redis}
     * @param archiveAge how long a coupon must have been of no use to be put into the archive, empty where none is
     * @param webhooksAnywhere whether webhooks may be plain HTTP and inside of this network
     * @param userRedis where what users have not used is kept, empty where it is not
     * @param replicas what follows the servers of the shard databases and may be read from
     */
    public record Options(
            int port,
            String instance,
            Optional<String> redis,
            Duration writeBudget,
            InstantSource clock,
            Optional<URI> messageCentre,
            Optional<Path> codeKeys,
            Optional<Path> tokens,
            StockStrategy stock,
            Optional<Path> tags,
            boolean docs,
            TrustedProxies proxies,
            Map<CouponKind, String> ownRedis,
            Optional<Duration> archiveAge,
            boolean webhooksAnywhere,
            Optional<String> userRedis,
            List<ReplicaAddress> replicas) {
        public Options {
            ownRedis = Map.copyOf(ownRedis);
            replicas = List.copyOf(replicas);
        }

        /** Without a message centre, codes and tokens, stock in slices. */
        public Options(int port, String instance, Optional<String> redis, Duration writeBudget, InstantSource clock) {
            this(port, instance, redis, writeBudget, clock, Optional.empty(), Optional.empty());
        }

        /** Without tokens. */
        public Options(
                int port,
                String instance,
                Optional<String> redis,
                Duration writeBudget,
                InstantSource clock,
                Optional<URI> messageCentre,
                Optional<Path> codeKeys) {
            this(port, instance, redis, writeBudget, clock, messageCentre, codeKeys, Optional.empty());
        }

        /** Stock in slices. */
        public Options(
                int port,
                String instance,
                Optional<String> redis,
                Duration writeBudget,
                InstantSource clock,
                Optional<URI> messageCentre,
                Optional<Path> codeKeys,
                Optional<Path> tokens) {
            this(
                    port,
                    instance,
                    redis,
                    writeBudget,
                    clock,
                    messageCentre,
                    codeKeys,
                    tokens,
                    StockStrategy.SLICES,
                    Optional.empty(),
                    false,
                    TrustedProxies.NONE,
                    Map.of(),
                    Optional.empty(),
                    false,
                    Optional.empty(),
                    List.of());
        }

        /** Where the details of each kind of coupons are kept; empty for those that are kept nowhere. */
        Map<CouponKind, String> detailRedis() {
            Map<CouponKind, String> all = new EnumMap<>(CouponKind.class);
            for (CouponKind kind : CouponKind.values()) {
                Optional.ofNullable(ownRedis.get(kind)).or(() -> redis).ifPresent(uri -> all.put(kind, uri));
            }
            return all;
        }

        /** The same with tags. */
        Options with(Path tagFile) {
            return with(Optional.of(tagFile), proxies, userRedis, replicas);
        }

        /** The same behind proxies. */
        Options behind(TrustedProxies trusted) {
            return with(tags, trusted, userRedis, replicas);
        }

        /** The same with copies of its databases. */
        Options reading(ReplicaAddress... copies) {
            return with(tags, proxies, userRedis, List.of(copies));
        }

        /** The same with what users have not used kept in a Redis. */
        Options keeping(String users) {
            return with(tags, proxies, Optional.of(users), replicas);
        }

        private Options with(
                Optional<Path> tagFile, TrustedProxies trusted, Optional<String> users, List<ReplicaAddress> copies) {
            return new Options(
                    port,
                    instance,
                    redis,
                    writeBudget,
                    clock,
                    messageCentre,
                    codeKeys,
                    tokens,
                    stock,
                    tagFile,
                    docs,
                    trusted,
                    ownRedis,
                    archiveAge,
                    webhooksAnywhere,
                    users,
                    copies);
        }
    }

    /** Buckets can be added up over instances, percentiles cannot; and they cost a request far less. */
    private static MeterFilter bucketsInsteadOfPercentiles() {
        DistributionStatisticConfig buckets = DistributionStatisticConfig.builder()
                .percentiles()
                .serviceLevelObjectives(LATENCY_BUCKETS_MILLIS.stream()
                        .mapToDouble(millis -> millis * 1e6)
                        .toArray())
                .build();
        DistributionStatisticConfig plain =
                DistributionStatisticConfig.builder().percentiles().build();
        return new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return (id.getName().endsWith("total.duration") ? buckets : plain).merge(config);
            }
        };
    }

    private CouponService(MigrationPlan plan, Options options, UnaryOperator<Owners> twin) {
        try {
            PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            opened.push(meters::close);
            meters.config().meterFilter(bucketsInsteadOfPercentiles());
            topology = opening(Topology.preparing(plan, "coupon-service", STATEMENTS));
            ControlDatabase control = new MySqlControlDatabase(topology.control());
            proxy = opening(DualWriteProxy.open(topology, control, ProxyOptions.of(options.instance()), meters));
            ScheduledExecutorService background = background();

            Optional<RedisDoor> redis = options.redis().map(uri -> opening(RedisDoor.open(uri, background)));
            PieceCounter counter = redis.filter(door -> options.stock() == StockStrategy.REDIS)
                    .<PieceCounter>map(RedisPieceCounter::new)
                    .orElse(PieceCounter.NONE);
            Optional<Replicas> replicas = replicas(options, meters);
            Optional<UserCache> userCache = options.userRedis()
                    .map(uri -> new UserCache(
                            opening(RedisDoor.open(RedisAddress.parse(uri), RedisPatience.OF_A_USER, background)),
                            meters));
            Consumer<Set<Long>> acted = users -> userCache.ifPresent(
                    cache -> cache.drop(proxy.register().epoch().number(), users));
            Optional<TemplateNews> news = redis.map(TemplateNews::new);
            CouponRooms rooms = CouponRooms.wire(
                    topology,
                    (onOld, onNew) ->
                            new ProxiedDatabases(proxy, onOld, onNew, replicas, acted, CouponServer::callerListens),
                    () -> {
                        Register register = proxy.register();
                        return new TemplateCatalog.Truth(register.truth(), register.epoch());
                    },
                    redis.<ClaimLock>map(door -> new RedisClaimLock(door, Failpoints.ofThisJvm()))
                            .orElse(ClaimLock.NONE),
                    options.clock(),
                    options.writeBudget(),
                    CouponRooms.Counting.of(options.stock(), counter),
                    tagging(options, redis, meters),
                    userCache,
                    template -> news.ifPresent(some -> some.tell(template)),
                    Failpoints.ofThisJvm());
            userCache.ifPresent(cache -> keep(cache, rooms, options.clock()));
            rooms.claims().limits().tick();
            var unused = background.scheduleWithFixedDelay(
                    rooms::tidy, JANITOR.toMillis(), JANITOR.toMillis(), TimeUnit.MILLISECONDS);
            var alsoUnused = background.scheduleWithFixedDelay(
                    rooms.statistics()::tick, COUNTING.toMillis(), COUNTING.toMillis(), TimeUnit.MILLISECONDS);
            DriftCheck drift = new DriftCheck(rooms.statistics(), topology, rooms.databases(), meters);
            var driftUnused = scheduler(1, "coupon-recount")
                    .scheduleWithFixedDelay(
                            drift::tick, DriftCheck.PACE.toMillis(), DriftCheck.PACE.toMillis(), TimeUnit.MILLISECONDS);
            InvariantWatch invariants = new InvariantWatch(topology, rooms.databases(), meters);
            var invariantsUnused = scheduler(1, "coupon-invariants")
                    .scheduleWithFixedDelay(
                            invariants::tick,
                            InvariantWatch.PACE.toMillis(),
                            InvariantWatch.PACE.toMillis(),
                            TimeUnit.MILLISECONDS);
            if (counter != PieceCounter.NONE) {
                var lotsUnused = scheduler(1, "coupon-lots")
                        .scheduleWithFixedDelay(rooms.lots()::tick, 0, LOTS.toMillis(), TimeUnit.MILLISECONDS);
            }
            CodeKeys keys = options.codeKeys().map(CodeKeys::read).orElse(CodeKeys.NONE);
            Codes codes = new Codes(rooms.coding(), keys, CODE_LEASE, Failpoints.ofThisJvm());
            CodeBatches codeBatches = new CodeBatches(rooms.coding(), keys);
            var codesUnused = background.scheduleWithFixedDelay(
                    codes::tidy, JANITOR.toMillis(), JANITOR.toMillis(), TimeUnit.MILLISECONDS);
            var batchesUnused = scheduler(1, "coupon-codes")
                    .scheduleWithFixedDelay(codeBatches::tick, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
            var recallsUnused = scheduler(1, "coupon-recalls")
                    .scheduleWithFixedDelay(
                            rooms.backOffice().recalls()::tick,
                            LOOK.toMillis(),
                            LOOK.toMillis(),
                            TimeUnit.MILLISECONDS);
            options.archiveAge().ifPresent(age -> archive(rooms, age, options.clock(), meters));
            DetailRooms pages = details(rooms, options, background, meters);
            news.ifPresent(some -> some.listen(scheduler(1, "coupon-news"), changed -> {
                rooms.forget(changed);
                pages.look(changed);
            }));
            server = opening(CouponServer.start(
                    options.port(),
                    new CouponServer.Rooms(
                            rooms.claims(),
                            rooms.redemptions(),
                            rooms.holds(),
                            rooms.wallet(),
                            rooms.statistics(),
                            rooms.backOffice(),
                            issuances(rooms, options),
                            codes,
                            codeBatches,
                            pages.builds(),
                            pages.pages()),
                    options.tokens().map(file -> entry(file, rooms, options, twin, meters)),
                    new State(),
                    meters,
                    options.docs(),
                    options.proxies()));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Keeps what Redis has of users up to date, and compares it. */
    private void keep(UserCache cache, CouponRooms rooms, InstantSource clock) {
        UserCacheFeed feed = rooms.feed(cache, topology, clock);
        UserCacheCheck check = rooms.check(cache, topology, clock);
        var feedUnused = scheduler(1, "coupon-user-cache")
                .scheduleWithFixedDelay(feed::tick, COUNTING.toMillis(), COUNTING.toMillis(), TimeUnit.MILLISECONDS);
        var checkUnused = scheduler(1, "coupon-user-check")
                .scheduleWithFixedDelay(
                        check::tick,
                        UserCacheCheck.PACE.toMillis(),
                        UserCacheCheck.PACE.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    private Optional<Replicas> replicas(Options options, MeterRegistry meters) {
        List<String> unknown = Replicas.unknown(topology.plan(), options.replicas());
        if (!unknown.isEmpty()) {
            throw new SettingsInvalidException(List.of("COUPON_REPLICAS names " + String.join(", ", unknown)
                    + " as what is followed, and the plan has no shard database there: write it as the plan does"));
        }
        return options.replicas().isEmpty()
                ? Optional.empty()
                : Optional.of(opening(Replicas.open(
                        topology,
                        options.replicas(),
                        scheduler(options.replicas().size(), "coupon-replica"),
                        meters)));
    }

    private static CouponRooms.Tagging tagging(Options options, Optional<RedisDoor> redis, MeterRegistry meters) {
        TagBook book = options.tags().map(TagBook::read).orElse(TagBook.NONE);
        return new CouponRooms.Tagging(
                book,
                redis.<TagSource>map(door -> new RedisTagStore(door, options.clock()))
                        .orElse(CouponRooms.Tagging.NONE.store()),
                book.service()
                        .<TagSource>map(address -> new HttpTagService(address, book.deadline(), meters))
                        .orElse(CouponRooms.Tagging.NONE.service()));
    }

    /** Opens an instance; it serves when this returns. */
    public static CouponService start(MigrationPlan plan, Options options) {
        return new CouponService(plan, options, owners -> owners);
    }

    /** The same with other owners of templates. */
    static CouponService start(MigrationPlan plan, Options options, UnaryOperator<Owners> twin) {
        return new CouponService(plan, options, twin);
    }

    private CouponServer.Entry entry(
            Path file, CouponRooms rooms, Options options, UnaryOperator<Owners> twin, MeterRegistry meters) {
        TokenSecrets secrets = TokenSecrets.read(file);
        Tokens tokens = new Tokens(rooms.meta(), secrets, options.clock(), Ticker.systemTicker());
        tokens.tick();
        var unused = scheduler(1, "coupon-tokens")
                .scheduleWithFixedDelay(
                        tokens::tick, Tokens.PACE.toMillis(), Tokens.PACE.toMillis(), TimeUnit.MILLISECONDS);
        Owners owners = twin.apply(new TemplateOwners(rooms.meta(), Ticker.systemTicker()));
        return new CouponServer.Entry(
                tokens,
                new Apps(rooms.meta(), secrets, options.clock(), new SecureRandom()),
                owners,
                webhooks(rooms, options, secrets, owners, meters));
    }

    private Webhooks webhooks(
            CouponRooms rooms, Options options, TokenSecrets secrets, Owners owners, MeterRegistry meters) {
        ScheduledExecutorService threads = scheduler(WEBHOOKS_AT_ONCE, "coupon-webhook");
        WebhookRooms webhooks = WebhookRooms.of(
                new WebhookRooms.Parts(
                        topology,
                        rooms.meta(),
                        rooms.databases(),
                        rooms.feed(topology, options.clock(), Failpoints.ofThisJvm()),
                        owners,
                        secrets,
                        new WebhookAddress(options.webhooksAnywhere()),
                        options.clock()),
                WebhookWorker.Options.USUAL,
                threads,
                Failpoints.ofThisJvm(),
                meters);
        ScheduledExecutorService schedule = scheduler(2, "coupon-webhooks");
        var feedUnused = schedule.scheduleWithFixedDelay(
                webhooks.worker()::feed, COUNTING.toMillis(), COUNTING.toMillis(), TimeUnit.MILLISECONDS);
        var sendUnused = schedule.scheduleWithFixedDelay(
                webhooks.worker()::send, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
        return webhooks.webhooks();
    }

    /** Issuances, and threads of their own that work on them: a chunk takes longer than the others of the background may wait. */
    private Issuances issuances(CouponRooms rooms, Options options) {
        Issuances issuances = new Issuances(
                rooms.issuing(),
                options.messageCentre()
                        .<MessageCentre>map(HttpMessageCentre::new)
                        .orElse(MessageCentre.NONE),
                Issuances.USUAL_CHUNK,
                Failpoints.ofThisJvm());
        ScheduledExecutorService threads = scheduler(WorkShares.WORKERS + 1, "coupon-issuance");
        MessageDelivery delivery = issuances.delivery(Retries.USUAL);
        var unused =
                threads.scheduleWithFixedDelay(delivery::tick, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
        for (int i = 0; i < WorkShares.WORKERS; i++) {
            IssuanceWorker worker = opening(issuances.worker(IssuanceWorker.Options.of(options.instance() + "#" + i)));
            var alsoUnused = threads.scheduleWithFixedDelay(
                    worker::tick, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
        }
        return issuances;
    }

    private void archive(CouponRooms rooms, Duration age, InstantSource clock, MeterRegistry meters) {
        Archiver archiver = rooms.archiver(topology, Archiver.Options.of(age), clock, Failpoints.ofThisJvm(), meters);
        ScheduledExecutorService thread = scheduler(1, "coupon-archive");
        opened.push(archiver::close);
        var unused = thread.scheduleWithFixedDelay(
                archiver::tick, JANITOR.toMillis(), Archiver.PACE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Details of coupons for pages, and those who put them into the cache. */
    private DetailRooms details(
            CouponRooms rooms, Options options, ScheduledExecutorService background, MeterRegistry meters) {
        DetailRooms details = opening(DetailRooms.open(
                rooms, topology, options.detailRedis(), options.instance(), options.clock(), background, meters));
        ScheduledExecutorService threads = scheduler(4, "coupon-details");
        var versionsUnused = threads.scheduleWithFixedDelay(
                details::refresh,
                TemplateVersions.PACE.toMillis(),
                TemplateVersions.PACE.toMillis(),
                TimeUnit.MILLISECONDS);
        var queuesUnused = threads.scheduleWithFixedDelay(
                details.builds().queues()::tick, JANITOR.toMillis(), JANITOR.toMillis(), TimeUnit.MILLISECONDS);
        var cutUnused = threads.scheduleWithFixedDelay(
                details.builds().queues()::cut, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
        details.workers()
                .ifPresent(workers -> threads.scheduleWithFixedDelay(
                        workers::tick, COUNTING.toMillis(), COUNTING.toMillis(), TimeUnit.MILLISECONDS));
        return details;
    }

    private ScheduledExecutorService scheduler(int size, String name) {
        ScheduledExecutorService executor = Executors.newScheduledThreadPool(size, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        opened.push(executor::shutdownNow);
        return executor;
    }

    private ScheduledExecutorService background() {
        return scheduler(2, "coupon-background");
    }

    private <T extends AutoCloseable> T opening(T part) {
        opened.push(part);
        return part;
    }

    /** Every route, as method and path. */
    List<String> routes() {
        return server.routes();
    }

    public int port() {
        return server.port();
    }

    /** Finishes the requests that are under way, then lets go of everything. */
    @Override
    public void close() {
        while (!opened.isEmpty()) {
            AutoCloseable part = opened.pop();
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("Closing {} failed", part.getClass().getSimpleName(), e);
            }
        }
    }

    private final class State implements ServiceState {
        @Override
        public ObjectNode migration() {
            Register register = proxy.register();
            return JsonNodeFactory.instance
                    .objectNode()
                    .put("object", "migration")
                    .put("migration", register.migration())
                    .put("mode", proxy.mode().name())
                    .put("truth", register.truth().name())
                    .put("stage", register.stage().name())
                    .put("phase", register.phase().name())
                    .put("epoch", register.epoch().number())
                    .put("register_version", register.version());
        }

        @Override
        public String notReady() {
            try {
                List<DatabaseId> databases = proxy.register().truth() == Side.OLD
                        ? List.of(DatabaseId.OLD)
                        : topology.plan().newDatabases();
                for (DatabaseId database : databases) {
                    try (Connection connection = topology.database(database).getConnection()) {
                        if (!connection.isValid(ANSWER_SECONDS)) {
                            return database + " does not answer";
                        }
                    }
                }
                return "";
            } catch (SQLException | CutoverException e) {
                return String.valueOf(e.getMessage());
            }
        }
    }
}
