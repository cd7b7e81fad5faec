package dev.cutover.coupon.counter;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.stock.ClaimStock;
import dev.cutover.coupon.stock.Pieces;
import dev.cutover.coupon.stock.SliceStock;
import dev.cutover.coupon.stock.StockId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.function.IntUnaryOperator;

/**
 * Stock by a counter's numbers, as far as the database lets them be issued, and from the slices otherwise. Safe for many threads.
 *
 * <p>The counter is asked within the claim, behind all that may refuse it: who has the limit uses up no numbers.
 */
public final class CountedStock implements ClaimStock {
    private final PieceCounter counter;
    private final Admission admission;
    private final IntUnaryOperator databaseOf;

    /** Says whether numbers may be issued, in the claim's transaction. */
    @FunctionalInterface
    public interface Admission {
        boolean issue(Connection connection, TemplateId template, Pieces pieces) throws SQLException;
    }

    /** @param databaseOf the shard database of a slot */
    public CountedStock(PieceCounter counter, Admission admission, IntUnaryOperator databaseOf) {
        this.counter = counter;
        this.admission = admission;
        this.databaseOf = databaseOf;
    }

    @Override
    public boolean take(Connection connection, int slot, TemplateId template, int quantity) throws SQLException {
        int database = databaseOf.applyAsInt(slot);
        Optional<Pieces> pieces = counter.take(template, database, quantity);
        if (pieces.isPresent()) {
            if (admission.issue(connection, template, pieces.get())) {
                return true;
            }
            counter.discard(template, database, pieces.get().lot());
        }
        return SliceStock.take(connection, StockId.coupons(template), quantity);
    }
}
