package dev.cutover.coupon.stock;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Lots of pieces that a counter outside hands out by number, inside the caller's transaction.
 *
 * <p>Idea: the counter is believed nothing. Opening a lot takes its pieces out of the slices; issuing a piece writes its number under a
 * unique key and holds the lot's row shared until the claim commits; closing a lot locks that row alone, so every claim of it has
 * committed or never will, counts the numbers that were written by removing them, and puts the rest back into a slice. Invariant: what
 * the slices hold, plus what the open lots hold less their pieces, plus coupons issued, is the template's total. A counter that goes back
 * hands out a number that is taken, one that comes late a number of a lot that is gone, one that runs ahead a number beyond the lot's end,
 * one that is lost leaves a lot with pieces nobody has: the first three are refused here, the last goes back when its lot is closed.
 */
public final class StockLots {
    /** Numbers that were taken and not issued come back within a round of this. */
    private static final int MOST_A_ROUND = 100;

    private StockLots() {}

    /**
     * How large lots are.
     *
     * @param most pieces of a lot
     * @param least pieces of a lot; where half of what is left is fewer, the slices are enough
     */
    public record Size(int most, int least) {
        public static final Size USUAL = new Size(1_000, 50);

        public Size {
            if (least < 1 || most < least) {
                throw new IllegalArgumentException(
                        "A lot has at least one piece, not " + least + " to " + most + " pieces.");
            }
        }
    }

    /** Pieces numbered from 0. */
    public record Lot(long id, TemplateId template, long pieces) {}

    /** A lot that is closed, and how many of its pieces coupons were issued for. */
    public record Closed(Lot lot, long issued) {}

    /** Opens a lot with at most half of what the slices of this database hold; none when that is too little. */
    public static Optional<Lot> open(Connection connection, TemplateId template, Size size) throws SQLException {
        long wanted = Math.min(size.most(), SliceStock.remaining(connection, StockId.coupons(template)) / 2);
        if (wanted < size.least()) {
            return Optional.empty();
        }
        long taken = SliceStock.takeOut(connection, StockId.coupons(template), wanted);
        if (taken == 0) {
            return Optional.empty();
        }
        long id = Sql.insert(
                        connection,
                        "INSERT INTO stock_lot (template_id, pieces) VALUES (?, ?)",
                        template.number(),
                        taken)
                .get(0);
        return Optional.of(new Lot(id, template, taken));
    }

    /** Whether these pieces are the caller's now; when not, nothing was written, and the counter is wrong. */
    public static boolean issue(Connection connection, TemplateId template, Pieces pieces) throws SQLException {
        // SELECT in an INSERT locks nothing at READ COMMITTED unless it is told to.
        String sql = pieces.quantity() == 1
                ? "INSERT INTO stock_piece (lot_id, piece_no) SELECT lot_id, ? FROM stock_lot"
                        + " WHERE lot_id = ? AND template_id = ? AND pieces > ? FOR SHARE"
                : "INSERT INTO stock_piece (lot_id, piece_no) SELECT l.lot_id, ? + n.piece FROM stock_lot l JOIN ("
                        + IntStream.range(0, pieces.quantity())
                                .mapToObj(piece -> "SELECT " + piece + " AS piece")
                                .collect(Collectors.joining(" UNION ALL "))
                        + ") n WHERE l.lot_id = ? AND l.template_id = ? AND l.pieces > ? FOR SHARE OF l";
        try {
            return Sql.update(connection, sql, pieces.first(), pieces.lot(), template.number(), pieces.last())
                    == pieces.quantity();
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                return false;
            }
            throw e;
        }
    }

    /** Closes every lot of a template in this database: all that is left is in the slices then. */
    public static List<Closed> close(Connection connection, TemplateId template) throws SQLException {
        return close(
                connection,
                Sql.list(
                        connection,
                        StockLots::lot,
                        "SELECT lot_id, template_id, pieces FROM stock_lot WHERE template_id = ? ORDER BY lot_id",
                        template.number()));
    }

    /** Closes the lots behind which another one was opened, some of them; not asked of a database that has none. */
    public static List<Closed> closeOutlived(Connection connection) throws SQLException {
        return close(connection, outlived(connection));
    }

    /** Lots behind which another one of their template was opened, in the order in which they are to be locked. */
    public static List<Lot> outlived(Connection connection) throws SQLException {
        return Sql.list(
                connection,
                StockLots::lot,
                "SELECT l.lot_id, l.template_id, l.pieces FROM stock_lot l WHERE l.lot_id < (SELECT MAX(n.lot_id)"
                        + " FROM stock_lot n WHERE n.template_id = l.template_id) ORDER BY l.template_id, l.lot_id LIMIT "
                        + MOST_A_ROUND);
    }

    private static Lot lot(ResultSet row) throws SQLException {
        return new Lot(row.getLong(1), new TemplateId(row.getLong(2)), row.getLong(3));
    }

    private static List<Closed> close(Connection connection, List<Lot> lots) throws SQLException {
        List<Closed> closed = new ArrayList<>();
        for (Lot lot : lots) {
            // Whoever removes the row has waited for every claim that holds it; whoever finds it gone has nothing to
            // do.
            if (Sql.update(connection, "DELETE FROM stock_lot WHERE lot_id = ?", lot.id()) == 1) {
                long issued = Sql.update(connection, "DELETE FROM stock_piece WHERE lot_id = ?", lot.id());
                if (issued < lot.pieces()) {
                    SliceStock.putIn(connection, StockId.coupons(lot.template()), lot.pieces() - issued);
                }
                closed.add(new Closed(lot, issued));
            }
        }
        return closed;
    }
}
