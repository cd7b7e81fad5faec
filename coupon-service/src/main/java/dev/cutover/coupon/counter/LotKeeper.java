package dev.cutover.coupon.counter;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.stock.StockLots;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.transfer.StockDatabases;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens lots for counters that have nothing left, and closes those that another lot has followed. Never in a claim's own thread: a claim
 * that finds no number goes to the slices. Safe for many threads.
 */
public final class LotKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(LotKeeper.class);
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final CouponDatabases databases;
    private final StockDatabases stock;
    private final PieceCounter counter;
    private final StockLots.Size size;
    private final Duration budget;

    public LotKeeper(
            CouponDatabases databases,
            StockDatabases stock,
            PieceCounter counter,
            StockLots.Size size,
            Duration budget) {
        this.databases = databases;
        this.stock = stock;
        this.counter = counter;
        this.size = size;
        this.budget = budget;
    }

    /** Waits a moment for a demand and serves it; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            Optional<LotDemand> demand = counter.awaitDemand(PATIENCE);
            if (demand.isPresent()) {
                open(demand.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (EpochMovedException e) {
            LOG.debug("A switch came in between, its hand-over takes care of open lots", e);
        } catch (RuntimeException e) {
            LOG.warn("No lot could be opened, claims go to the slices: {}", e.toString());
        }
    }

    private void open(LotDemand demand) {
        if (databases.truth() != Side.NEW) {
            return;
        }
        Optional<StockLots.Lot> lot = stock.fenced(
                demand.database(),
                databases.epoch(),
                budget,
                connection -> StockLots.open(connection, demand.template(), size));
        if (lot.isPresent() && !counter.publish(demand, lot.get())) {
            LOG.debug("Lot {} of template {} is not counted", lot.get().id(), demand.template());
        }
    }

    /** Puts what outlived lots have left back into the slices. */
    public void tidy(Epoch epoch) {
        for (int database = 0; database < stock.count(); database++) {
            if (stock.hasOutlivedLots(database)) {
                List<StockLots.Closed> closed =
                        stock.fenced(database, epoch, budget, connection -> StockLots.closeOutlived(connection));
                for (StockLots.Closed one : closed) {
                    LOG.info(
                            "Closed lot {} of template {} in shard-{}: {} pieces, {} issued, {} back in the slices",
                            one.lot().id(),
                            one.lot().template(),
                            database,
                            one.lot().pieces(),
                            one.issued(),
                            one.lot().pieces() - one.issued());
                }
            }
        }
    }
}
