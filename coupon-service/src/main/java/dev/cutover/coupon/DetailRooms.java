package dev.cutover.coupon;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.cachebuild.CacheBuilds;
import dev.cutover.coupon.cachebuild.CacheWorkers;
import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.detail.DetailFiller;
import dev.cutover.coupon.detail.KindDetails;
import dev.cutover.coupon.detail.Offerings;
import dev.cutover.coupon.detail.RedisDetails;
import dev.cutover.coupon.detail.StoreCoupons;
import dev.cutover.coupon.detail.TemplateVersions;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.redis.RedisPatience;
import dev.cutover.coupon.store.CouponDatabases;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** What shows and builds details of coupons, each kind with a Redis client, threads and a waiting room of its own. */
record DetailRooms(
        CacheBuilds builds,
        StoreCoupons pages,
        Optional<CacheWorkers> workers,
        TemplateVersions versions,
        List<RedisDetails> places,
        CouponDatabases databases,
        Deque<AutoCloseable> opened)
        implements AutoCloseable {
    private static final int THREADS = 4;
    // Who would wait longer than a page may is better told at once.
    private static final int WAITING = 64;

    /**
     * @param redis where each kind's details are kept; a kind without one is read from MySQL
     * @param background for probes, the caller's to close
     */
    static DetailRooms open(
            CouponRooms rooms,
            Topology topology,
            Map<CouponKind, String> redis,
            String instance,
            InstantSource clock,
            ScheduledExecutorService background,
            MeterRegistry meters) {
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        Offerings offerings = new Offerings(rooms.meta(), Ticker.systemTicker());
        TemplateVersions versions = new TemplateVersions(offerings, Ticker.systemTicker());
        ExecutorService filler = threads(opened, "coupon-fill", 1, new ThreadPoolExecutor.DiscardPolicy());
        Map<Integer, RedisDetails> places = new HashMap<>();
        Map<CouponKind, StoreCoupons.Room> kinds = new EnumMap<>(CouponKind.class);
        for (CouponKind kind : CouponKind.values()) {
            Optional<RedisDetails> place = Optional.ofNullable(redis.get(kind)).map(uri -> {
                RedisDoor door = RedisDoor.open(RedisAddress.parse(uri), RedisPatience.OF_A_PAGE, background);
                opened.push(door);
                return new RedisDetails(door, kind.prefix());
            });
            place.ifPresent(there -> places.put(kind.code(), there));
            kinds.put(
                    kind,
                    new StoreCoupons.Room(
                            new KindDetails(kind, place, offerings, versions, filler, Ticker.systemTicker(), meters),
                            threads(opened, "coupon-page-" + kind, THREADS, new ThreadPoolExecutor.AbortPolicy())));
        }
        CacheBuilds builds = new CacheBuilds(topology, rooms.meta(), rooms.databases(), clock);
        Optional<CacheWorkers> workers = places.size() == kinds.size()
                ? Optional.of(builds.workers(
                        new DetailFiller(places, offerings, versions),
                        CacheWorkers.Options.of(instance),
                        Failpoints.ofThisJvm(),
                        task -> daemon(task, "coupon-cache"),
                        meters))
                : Optional.empty();
        workers.ifPresent(opened::push);
        return new DetailRooms(
                builds,
                new StoreCoupons(kinds, rooms.productCatalog(), rooms.databases(), StoreCoupons.DUE, meters),
                workers,
                versions,
                List.copyOf(places.values()),
                rooms.databases(),
                opened);
    }

    private static ExecutorService threads(
            Deque<AutoCloseable> opened, String name, int count, RejectedExecutionHandler full) {
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                count, count, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(WAITING), task -> daemon(task, name), full);
        opened.push(threads::shutdownNow);
        return threads;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Looks which templates have changed; never throws. */
    void refresh() {
        if (databases.truth() == Side.NEW) {
            versions.tick(databases.epoch().number());
        }
    }

    /** Looks whether these have changed; never throws. */
    void look(Collection<TemplateId> changed) {
        if (databases.truth() == Side.NEW) {
            versions.look(databases.epoch().number(), changed);
        }
    }

    @Override
    public void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }
}
