package dev.cutover.coupon.pricing;

/**
 * One line of an order, in minor units.
 *
 * @param amountMinor of the whole line, not of one piece
 * @param freightMinor what its delivery costs
 */
public record OrderLine(Product product, int quantity, long amountMinor, long freightMinor) {
    public OrderLine {
        if (quantity < 1 || amountMinor < 0 || freightMinor < 0) {
            throw new IllegalArgumentException("No order has a line of " + quantity + " pieces for " + amountMinor
                    + " and freight of " + freightMinor + ".");
        }
    }
}
