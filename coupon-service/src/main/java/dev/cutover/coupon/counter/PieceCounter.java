package dev.cutover.coupon.counter;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.stock.Pieces;
import dev.cutover.coupon.stock.StockLots;
import java.time.Duration;
import java.util.Optional;

/** Counts the pieces of one lot for each template and database; may forget, go back and be away at any time. Safe for many threads. */
public interface PieceCounter {
    /** Counts nothing. */
    PieceCounter NONE = new PieceCounter() {
        @Override
        public Optional<Pieces> take(TemplateId template, int database, int quantity) {
            return Optional.empty();
        }

        @Override
        public void discard(TemplateId template, int database, long lot) {}

        @Override
        public Optional<LotDemand> awaitDemand(Duration patience) {
            return Optional.empty();
        }

        @Override
        public boolean publish(LotDemand demand, StockLots.Lot lot) {
            return false;
        }
    };

    /** The next numbers; none when there are too few, and then somebody is asked for another lot. Never waits for long. */
    Optional<Pieces> take(TemplateId template, int database, int quantity);

    /** The database refused numbers of this lot: it is not counted any more. */
    void discard(TemplateId template, int database, long lot);

    /** A demand of this process, or none after {@code patience}. */
    Optional<LotDemand> awaitDemand(Duration patience) throws InterruptedException;

    /** Counts this lot from now on, from its first piece; not when a later lot is counted already. */
    boolean publish(LotDemand demand, StockLots.Lot lot);
}
