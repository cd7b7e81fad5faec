package dev.cutover.coupon.backoffice;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.stock.SlicePlan;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.template.ProductCatalog;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.transfer.StockDatabases;
import dev.cutover.coupon.transfer.StockTransfers;
import java.time.Duration;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The desks of the back office, and the janitor that finishes what dies half way. Safe for many threads. */
public final class BackOffice {
    private static final Logger LOG = LoggerFactory.getLogger(BackOffice.class);

    private final Parts parts;
    private final CouponDatabases databases;
    private final Publication publication;
    private final TemplateDesk templates;
    private final StockAdjustments adjustments;
    private final StockLevels levels;
    private final ProductDesk products;
    private final AuditLog audit;
    private final Recalls recalls;
    private final Duration budget;

    /**
     * What the back office works with.
     *
     * @param slices into which the stock of what is published is cut
     * @param budget how long one request may wait for a fence, and an adjustment for stock that travels
     */
    public record Parts(
            Topology topology,
            CouponDatabases databases,
            MetaDatabase meta,
            StockDatabases stock,
            StockTransfers transfers,
            TemplateCatalog catalog,
            ProductCatalog lists,
            SoldOut soldOut,
            SlicePlan slices,
            TagBook tags,
            SlotUsers users,
            InstantSource clock,
            Duration budget,
            Failpoints failpoints) {}

    public BackOffice(Parts parts) {
        this.parts = parts;
        this.databases = parts.databases();
        this.budget = parts.budget();
        BackOfficeGate gate = new BackOfficeGate(parts.databases());
        this.publication = new Publication(
                parts.topology(),
                parts.databases(),
                parts.stock(),
                parts.catalog(),
                parts.tags(),
                parts.slices(),
                parts.clock(),
                parts.failpoints());
        this.templates = new TemplateDesk(
                parts.topology(),
                parts.databases(),
                parts.meta(),
                gate,
                publication,
                parts.catalog(),
                parts.lists(),
                parts.tags(),
                parts.clock(),
                parts.budget());
        this.adjustments = new StockAdjustments(
                parts.databases(),
                parts.stock(),
                parts.transfers(),
                gate,
                parts.slices(),
                parts.soldOut(),
                parts.catalog(),
                parts.clock(),
                parts.budget(),
                parts.failpoints());
        this.levels = new StockLevels(parts.topology(), parts.databases(), parts.stock(), parts.transfers());
        this.products = new ProductDesk(
                parts.topology(), parts.databases(), parts.meta(), gate, parts.lists(), parts.catalog(), parts.clock());
        this.audit = new AuditLog(parts.meta());
        this.recalls = new Recalls(
                parts.topology(),
                parts.databases(),
                parts.meta(),
                gate,
                parts.users(),
                parts.clock(),
                parts.budget(),
                parts.failpoints());
    }

    /** The same desks with another clock and with faults, as in a process of their own. */
    public BackOffice with(InstantSource clock, Failpoints failpoints) {
        return new BackOffice(new Parts(
                parts.topology(),
                parts.databases(),
                parts.meta(),
                parts.stock(),
                parts.transfers(),
                parts.catalog(),
                parts.lists(),
                parts.soldOut(),
                parts.slices(),
                parts.tags(),
                parts.users(),
                clock,
                parts.budget(),
                failpoints));
    }

    public TemplateDesk templates() {
        return templates;
    }

    public StockAdjustments adjustments() {
        return adjustments;
    }

    public StockLevels levels() {
        return levels;
    }

    public ProductDesk products() {
        return products;
    }

    public Recalls recalls() {
        return recalls;
    }

    public AuditLog audit() {
        return audit;
    }

    /** Finishes publications and adjustments that a process left half done; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            if (databases.truth() == Side.NEW && !databases.frozen()) {
                Epoch epoch = databases.epoch();
                publication.finishAbandoned(epoch, budget);
                adjustments.finishAbandoned(epoch);
            }
        } catch (EpochMovedException e) {
            LOG.debug("A switch came in between", e);
        } catch (RuntimeException e) {
            LOG.warn("The back office could not be tidied, trying again: {}", e.toString());
        }
    }
}
