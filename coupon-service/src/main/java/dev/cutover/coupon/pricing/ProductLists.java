package dev.cutover.coupon.pricing;

import dev.cutover.coupon.id.TemplateId;
import java.sql.SQLException;
import java.util.List;

/** The product lists of one side as they stand now, those of the templates and the super blacklist. Safe for many threads. */
public interface ProductLists {
    /** Whether there is a product that coupons of this template may not be used for: then an order has to say its lines. */
    boolean limit(TemplateId template) throws SQLException;

    /** Whether coupons of this template may be used for these products; one answer a product, in their order. */
    List<Eligibility> of(TemplateId template, List<Product> products) throws SQLException;
}
