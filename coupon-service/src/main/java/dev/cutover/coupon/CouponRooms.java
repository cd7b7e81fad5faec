package dev.cutover.coupon;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.archive.Archiver;
import dev.cutover.coupon.backoffice.BackOffice;
import dev.cutover.coupon.budget.Budgets;
import dev.cutover.coupon.claim.ClaimLimits;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.claim.CouponSerials;
import dev.cutover.coupon.code.Codes;
import dev.cutover.coupon.counter.CountedStock;
import dev.cutover.coupon.counter.LotKeeper;
import dev.cutover.coupon.counter.PieceCounter;
import dev.cutover.coupon.hold.HoldSweeper;
import dev.cutover.coupon.hold.Holds;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.lock.ClaimLock;
import dev.cutover.coupon.meta.BlockSequences;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.redeem.Redemptions;
import dev.cutover.coupon.statistics.Statistics;
import dev.cutover.coupon.stock.ClaimStock;
import dev.cutover.coupon.stock.SlicePlan;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.stock.StockLots;
import dev.cutover.coupon.stock.StockStrategy;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.LegacyCouponStore;
import dev.cutover.coupon.store.LegacyUses;
import dev.cutover.coupon.store.Prices;
import dev.cutover.coupon.store.Sequences;
import dev.cutover.coupon.store.ShardedCouponStore;
import dev.cutover.coupon.store.ShardedUses;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.tag.Audiences;
import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.tag.TagSource;
import dev.cutover.coupon.template.ProductCatalog;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.transfer.StockDatabases;
import dev.cutover.coupon.transfer.StockTransfers;
import dev.cutover.coupon.usercache.UserCache;
import dev.cutover.coupon.usercache.UserCacheCheck;
import dev.cutover.coupon.usercache.UserCacheFeed;
import dev.cutover.coupon.usercache.UserCoupons;
import dev.cutover.coupon.wallet.Wallet;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rooms of one instance, wired; what they are wired to is opened and closed by somebody else. Safe for many threads. */
record CouponRooms(
        MetaDatabase meta,
        CouponDatabases databases,
        TemplateCatalog templates,
        Claims claims,
        Redemptions redemptions,
        Holds holds,
        HoldSweeper holdSweeper,
        Wallet wallet,
        StockTransfers transfers,
        Statistics statistics,
        ProductCatalog productCatalog,
        BackOffice backOffice,
        Issuances.Rooms issuing,
        Codes.Rooms coding,
        LotKeeper lots) {
    private static final Logger LOG = LoggerFactory.getLogger(CouponRooms.class);

    /** Makes the way to the databases for the stores of the two sides. */
    @FunctionalInterface
    interface Gate {
        CouponDatabases over(CouponStore onOld, CouponStore onNew);
    }

    /**
     * Who knows the tags of users.
     *
     * @param book which tags there are
     */
    record Tagging(TagBook book, TagSource store, TagSource service) {
        /** No tags. */
        static final Tagging NONE = new Tagging(
                TagBook.NONE, TagSource.absent("there is no store"), TagSource.absent("there is no service"));
    }

    /**
     * How limited stock is counted for claims on NEW.
     *
     * @param strategy how what is published is cut
     * @param admission who decides whether the counter's numbers may be issued
     */
    record Counting(
            StockStrategy strategy, PieceCounter counter, CountedStock.Admission admission, StockLots.Size lots) {
        /** By the slices alone. */
        static final Counting NONE = of(StockStrategy.SLICES, PieceCounter.NONE);

        static Counting of(StockStrategy strategy, PieceCounter counter) {
            return new Counting(strategy, counter, StockLots::issue, StockLots.Size.USUAL);
        }

        ClaimStock stock(SlotUsers users) {
            return counter == PieceCounter.NONE
                    ? ClaimStock.SLICES
                    : new CountedStock(counter, admission, users::databaseOf);
        }
    }

    /** @param templateChanged hears which template this instance has changed */
    static CouponRooms wire(
            Topology topology,
            Gate gate,
            Supplier<TemplateCatalog.Truth> truth,
            ClaimLock lock,
            InstantSource clock,
            Duration writeBudget,
            Counting counting,
            Tagging tagging,
            Optional<UserCache> userCache,
            Consumer<TemplateId> templateChanged,
            Failpoints failpoints) {
        SlotUsers users = new SlotUsers(topology.plan().layout());
        TemplateCatalog templates = new TemplateCatalog(topology, truth, Ticker.systemTicker(), templateChanged);
        SoldOut soldOut = new SoldOut(() -> truth.get().epoch(), Ticker.systemTicker());
        MetaDatabase meta = new MetaDatabase(topology);
        Sequences sequences = new BlockSequences(meta);
        ProductCatalog productCatalog = new ProductCatalog(topology, truth, Ticker.systemTicker());
        CouponDatabases databases = gate.over(
                new LegacyCouponStore(
                        templates::findOnOld,
                        // The mall's templates say nothing of the use of coupons.
                        new LegacyUses(new Prices(template -> Optional.empty(), productCatalog.on(Side.OLD))),
                        failpoints),
                new ShardedCouponStore(
                        templates::findOnNew,
                        sequences,
                        soldOut,
                        new ShardedUses(
                                new Prices(templates::findIssuedOnNew, productCatalog.on(Side.NEW)),
                                sequences,
                                topology.plan().layout(),
                                failpoints),
                        counting.stock(users)));
        StockDatabases stock = new StockDatabases(topology, databases, meta, users);
        StockTransfers transfers = new StockTransfers(stock, soldOut, clock);
        BackOffice backOffice = new BackOffice(new BackOffice.Parts(
                topology,
                databases,
                meta,
                stock,
                transfers,
                templates,
                productCatalog,
                soldOut,
                SlicePlan.of(topology.plan(), counting.strategy()),
                tagging.book(),
                users,
                clock,
                writeBudget,
                failpoints));
        Operations operations = new Operations(databases, clock);
        Budgets budgets = new Budgets(databases, operations, transfers, stock, users);
        Claims claims = new Claims(
                databases,
                operations,
                transfers,
                onlyWhereItMatters(lock, templates),
                users,
                new CouponSerials(new SecureRandom()),
                new Audiences(tagging.book(), tagging.store(), tagging.service()),
                templates,
                new ClaimLimits(meta, clock),
                soldOut,
                clock,
                writeBudget);
        Optional<UserCoupons> userCoupons = userCache.map(cache -> new UserCoupons(cache, databases, clock));
        return new CouponRooms(
                meta,
                databases,
                templates,
                claims,
                new Redemptions(databases, operations, budgets, users, clock, writeBudget),
                new Holds(databases, operations, budgets, users, clock, new SecureRandom(), writeBudget),
                new HoldSweeper(topology, databases, users, clock, writeBudget),
                new Wallet(databases, users, userCoupons, clock),
                transfers,
                new Statistics(
                        topology,
                        databases,
                        meta,
                        new LedgerFeed(topology, databases, users, clock, failpoints),
                        clock,
                        failpoints),
                productCatalog,
                backOffice,
                new Issuances.Rooms(
                        meta,
                        databases,
                        templates,
                        sequences,
                        transfers,
                        soldOut,
                        users,
                        topology.plan().layout(),
                        clock,
                        writeBudget),
                new Codes.Rooms(topology, meta, databases, operations, claims, templates, users, clock, writeBudget),
                new LotKeeper(databases, stock, counting.counter(), counting.lots(), writeBudget));
    }

    /** Claims of a template that a user may have without limit have nothing to take turns for. */
    private static ClaimLock onlyWhereItMatters(ClaimLock lock, TemplateCatalog templates) {
        return (userId, asked) -> lock.hold(
                userId, asked.stream().filter(templates::mayLimitUsers).toList());
    }

    /** Reads the ledgers for somebody of its own. */
    LedgerFeed feed(Topology topology, InstantSource clock, Failpoints failpoints) {
        return new LedgerFeed(topology, databases, new SlotUsers(topology.plan().layout()), clock, failpoints);
    }

    /** Brings what became of coupons to what is kept of users. */
    UserCacheFeed feed(UserCache cache, Topology topology, InstantSource clock) {
        return new UserCacheFeed(
                cache,
                topology,
                meta,
                databases,
                feed(topology, clock, Failpoints.NONE),
                new SlotUsers(topology.plan().layout()));
    }

    /** Compares what is kept of users with MySQL. */
    UserCacheCheck check(UserCache cache, Topology topology, InstantSource clock) {
        return new UserCacheCheck(cache, new UserCoupons(cache, databases, clock), topology, databases, clock);
    }

    /** Whoever puts coupons away that nobody can use any more. */
    Archiver archiver(
            Topology topology,
            Archiver.Options options,
            InstantSource clock,
            Failpoints failpoints,
            MeterRegistry meters) {
        return new Archiver(
                topology, meta, databases, new SlotUsers(topology.plan().layout()), clock, options, failpoints, meters);
    }

    /** Reads these templates and their lists again when they are asked for next. */
    void forget(Collection<TemplateId> changed) {
        changed.forEach(template -> {
            templates.forget(template);
            productCatalog.forget(template);
        });
    }

    /** Tidies what time has ended or a process left half done; never throws. */
    void tidy() {
        claims.limits().tick();
        backOffice.tick();
        tidyStock();
        holdSweeper.tick();
    }

    /** Finishes transfers of stock that a process left half done and closes lots; never throws, for a scheduled task that throws is not run again. */
    private void tidyStock() {
        try {
            if (databases.truth() == Side.NEW) {
                transfers.finishAbandoned(databases.epoch());
                lots.tidy(databases.epoch());
            }
        } catch (EpochMovedException e) {
            LOG.debug("A switch came in between, its hand-over takes care of stock in flight", e);
        } catch (RuntimeException e) {
            LOG.warn("Transfers and lots of stock could not be tidied, trying again: {}", e.toString());
        }
    }
}
