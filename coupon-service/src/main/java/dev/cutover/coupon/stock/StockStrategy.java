package dev.cutover.coupon.stock;

/** Where claims take limited stock from while NEW holds the truth. */
public enum StockStrategy {
    /** One row of {@code stock_slice} in each database. */
    ROW,
    /** The rows of {@code stock_slice}, as many as the plan says. */
    SLICES,
    /** Lots that a counter in Redis hands out, and the slices where it cannot. */
    REDIS
}
