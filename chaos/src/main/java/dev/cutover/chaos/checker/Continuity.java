package dev.cutover.chaos.checker;

import dev.cutover.chaos.history.Side;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the application finds is what it left: every application transaction begins where the last one on that row ended, on whichever side.
 * Coupons move legally (I7); a side that takes over has the rows of the side that was left (I11); on one side no update is lost (I6).
 * Owned by one thread.
 */
final class Continuity {
    static final int ISSUED = 1;
    static final int REDEEMED = 2;

    /** A row as the application left it. */
    private record Left(Side side, long number, String lastOp) {}

    private final Findings findings;
    private final Map<Long, Left> coupons = new HashMap<>();
    private final Map<Long, Left> probes = new HashMap<>();

    Continuity(Findings findings) {
        this.findings = findings;
    }

    void coupon(Side side, RowChange row, LoggedTransaction transaction) {
        RowImage before = row.before();
        RowImage after = row.after();
        RowImage some = after != null ? after : before;
        if (some == null) {
            return;
        }
        long id = side == Side.OLD ? some.number(0) : some.number(0) >> 10;
        String name = "coupon " + id;
        if (after == null) {
            illegal(name + " was deleted", transaction);
            coupons.remove(id);
            return;
        }
        @Nullable Left left = coupons.put(id, new Left(side, after.number(4), after.text(5)));
        if (before == null) {
            if (after.number(3) != ISSUED) {
                illegal(name + " was born with status " + after.number(3), transaction);
            }
            if (left != null) {
                illegal(
                        name + " was issued again; it was last written by op " + left.lastOp + " on " + left.side,
                        transaction);
            }
            return;
        }
        boolean moves = (before.number(3) == ISSUED && after.number(3) == REDEEMED)
                || (before.number(3) == REDEEMED && after.number(3) == ISSUED);
        if (!moves
                || after.number(4) != before.number(4) + 1
                || after.number(1) != before.number(1)
                || after.number(2) != before.number(2)) {
            illegal(name + " went from " + before + " to " + after, transaction);
        }
        found(name, side, left, before.number(4), before.text(5), transaction);
    }

    private void illegal(String what, LoggedTransaction transaction) {
        findings.add(
                "I7",
                "a coupon is issued once, then redeemed and released in turn",
                () -> what + " at " + transaction.where());
    }

    void probe(Side side, RowChange row, LoggedTransaction transaction) {
        RowImage before = row.before();
        RowImage after = row.after();
        RowImage some = after != null ? after : before;
        if (some == null) {
            return;
        }
        long id = some.number(0) << 16 | some.number(1);
        String name = "probe " + some.number(0) + "/" + some.number(1);
        if (after == null) {
            findings.add("I6", "nobody deletes a probe", () -> name + " was deleted at " + transaction.where());
            probes.remove(id);
            return;
        }
        @Nullable Left left = probes.put(id, new Left(side, after.number(2), after.text(4)));
        if (before == null) {
            if (left != null) {
                found(name, side, left, 0, "nothing", transaction);
            }
            return;
        }
        if (after.number(2) != before.number(2) + 1) {
            findings.add(
                    "I2",
                    "an append counts once",
                    () -> name + " went from seq " + before.number(2) + " to " + after.number(2) + " at "
                            + transaction.where());
        }
        found(name, side, left, before.number(2), before.text(4), transaction);
    }

    private void found(
            String name, Side side, @Nullable Left left, long number, String lastOp, LoggedTransaction transaction) {
        if (left == null || (left.number == number && left.lastOp.equals(lastOp))) {
            return;
        }
        boolean tookOver = left.side != side;
        findings.add(
                tookOver ? "I11" : "I6",
                tookOver
                        ? "a side that takes over has the rows of the side that was left"
                        : "no update of a row is lost",
                () -> name + " was left at " + left.number + " by op " + left.lastOp + " on " + left.side
                        + "; the application found " + number + " by op " + lastOp + " on " + side + " at "
                        + transaction.where());
    }
}
