package dev.cutover.coupon.stock;

import dev.cutover.coupon.id.TemplateId;

/** The slices of one database do not hold what a claim needs; others may. The unit is rolled back and asked again once that is known. */
public final class StockShortException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient TemplateId template;
    private final int quantity;

    public StockShortException(TemplateId template, int quantity) {
        super(
                "The user's database has fewer than " + quantity + " coupons of template " + template + " left",
                null,
                false,
                false);
        this.template = template;
        this.quantity = quantity;
    }

    public TemplateId template() {
        return template;
    }

    public int quantity() {
        return quantity;
    }
}
