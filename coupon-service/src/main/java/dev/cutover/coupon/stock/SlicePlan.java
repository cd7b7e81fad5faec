package dev.cutover.coupon.stock;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.Stock;
import org.jspecify.annotations.Nullable;

/**
 * Into how many slices stock is cut, and how much falls to each: the sum is exact, no two slices differ by more than one piece.
 *
 * @param databases shard databases
 * @param perDatabase slices in each of them, as many as a switch cuts
 */
public record SlicePlan(int databases, int perDatabase) {
    private static final int USUAL = 4;

    public SlicePlan {
        if (databases < 1 || perDatabase < 1) {
            throw new IllegalArgumentException("Stock is cut into at least one slice, not " + databases
                    + " databases x " + perDatabase + " slices.");
        }
    }

    public static SlicePlan of(MigrationPlan plan) {
        @Nullable Stock stock = plan.handover().stock();
        return new SlicePlan(plan.layout().databases(), stock == null ? USUAL : stock.slicesPerDatabase());
    }

    /** As the plan says, or one slice a database for {@link StockStrategy#ROW}; what falls to a database is the same. */
    public static SlicePlan of(MigrationPlan plan, StockStrategy strategy) {
        return strategy == StockStrategy.ROW ? new SlicePlan(plan.layout().databases(), 1) : of(plan);
    }

    /** The pieces of one slice of one database. The odd ones go to different databases before they go to different slices of one. */
    public long share(long pieces, int database, int slice) {
        int slices = databases * perDatabase;
        return pieces / slices + (slice * databases + database < pieces % slices ? 1 : 0);
    }

    /** The pieces of one database. */
    public long share(long pieces, int database) {
        long sum = 0;
        for (int slice = 0; slice < perDatabase; slice++) {
            sum += share(pieces, database, slice);
        }
        return sum;
    }
}
