package dev.cutover.coupon.stock;

/** The slices of one database do not hold what is needed; others may. The unit is rolled back and asked again once that is known. */
public final class StockShortException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient StockId stock;
    private final long quantity;

    public StockShortException(StockId stock, long quantity) {
        super("The user's database has fewer than " + quantity + " " + stock + " left", null, false, false);
        this.stock = stock;
        this.quantity = quantity;
    }

    public StockId stock() {
        return stock;
    }

    public long quantity() {
        return quantity;
    }
}
