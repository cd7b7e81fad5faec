package dev.cutover.coupon.detail;

import dev.cutover.core.CutoverException;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.template.ProductCatalog;
import dev.cutover.coupon.template.ProductList;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a page shows of coupons, all kinds side by side: each has its own place in Redis, its own threads and its own room to wait in, and what
 * has not come when the page is due is left out and named. So a kind that stalls is missing, and the others are as quick as ever.
 *
 * <p>Safe for many threads.
 */
public final class StoreCoupons {
    /** As many keys as one page may ask for. */
    public static final int MOST = 500;

    /** When a page goes without what has not come. */
    public static final Duration DUE = Duration.ofMillis(80);

    private static final Logger LOG = LoggerFactory.getLogger(StoreCoupons.class);

    private final EnumMap<CouponKind, Room> rooms = new EnumMap<>(CouponKind.class);
    private final EnumMap<CouponKind, Counter> degraded = new EnumMap<>(CouponKind.class);
    private final ProductCatalog products;
    private final CouponDatabases databases;
    private final Duration due;

    /**
     * What one kind has for itself.
     *
     * @param threads refuse what they have no room for; the caller closes them
     */
    public record Room(KindDetails details, ExecutorService threads) {}

    /**
     * What came in time.
     *
     * @param degraded the kinds that did not
     */
    public record Page(Map<CouponKind, Map<DetailKey, Detail.Offer>> offers, List<CouponKind> degraded) {
        public Page {
            offers = Map.copyOf(offers);
            degraded = List.copyOf(degraded);
        }
    }

    /**
     * @param products asked which products no coupon is for
     * @param due how long a page waits
     */
    public StoreCoupons(
            Map<CouponKind, Room> rooms,
            ProductCatalog products,
            CouponDatabases databases,
            Duration due,
            MeterRegistry meters) {
        this.rooms.putAll(rooms);
        this.products = products;
        this.databases = databases;
        this.due = due;
        for (CouponKind kind : this.rooms.keySet()) {
            degraded.put(
                    kind,
                    Counter.builder("coupon.pages.degraded")
                            .description("Pages that went without this kind of coupons")
                            .tag("kind", kind.name())
                            .register(meters));
        }
    }

    /**
     * What is on offer of these; never waits longer than a page may, and never throws for a kind that cannot be asked. Refuses while OLD holds
     * the truth: the mall has no such pages.
     */
    public Page page(Map<CouponKind, ? extends Collection<DetailKey>> wanted) {
        if (databases.truth() != Side.NEW) {
            throw new MigrationFenceException(
                    "The coupons of a page are read from the new side, which does not hold the truth"
                            + " yet. Send the same request again when the switch is over.");
        }
        long end = System.nanoTime() + due.toNanos();
        long now = databases.epoch().number();
        Map<CouponKind, Future<Map<DetailKey, Detail.Offer>>> asked = new EnumMap<>(CouponKind.class);
        Map<CouponKind, Map<DetailKey, Detail.Offer>> offers = new EnumMap<>(CouponKind.class);
        List<CouponKind> late = new ArrayList<>();
        wanted.forEach((kind, keys) -> {
            Room room = Objects.requireNonNull(rooms.get(kind));
            try {
                asked.put(kind, room.threads().submit(() -> find(room.details(), now, keys)));
            } catch (RejectedExecutionException e) {
                late.add(kind);
            }
        });
        asked.forEach((kind, future) -> {
            try {
                offers.put(kind, future.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS));
            } catch (TimeoutException e) {
                future.cancel(false);
                late.add(kind);
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof CutoverException)) {
                    throw new IllegalStateException("A page of " + kind + " coupons", e.getCause());
                }
                LOG.debug("A page goes without {} coupons", kind, e);
                late.add(kind);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                late.add(kind);
            }
        });
        late.forEach(kind -> Objects.requireNonNull(degraded.get(kind)).increment());
        return new Page(offers, late);
    }

    private Map<DetailKey, Detail.Offer> find(KindDetails details, long now, Collection<DetailKey> keys) {
        Set<String> forbidden = products.superBlacklist();
        Map<DetailKey, Detail.Offer> offers = new HashMap<>(details.find(now, keys));
        if (!forbidden.isEmpty()) {
            offers.keySet().removeIf(key -> forbidden.contains(ProductList.form(key.product())));
        }
        return offers;
    }
}
