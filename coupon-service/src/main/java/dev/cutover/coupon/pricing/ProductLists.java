package dev.cutover.coupon.pricing;

import dev.cutover.coupon.id.TemplateId;
import java.sql.SQLException;
import java.util.List;

/** The product lists of one side as they stand now, those of the templates and the super blacklist. Safe for many threads. */
@FunctionalInterface
public interface ProductLists {
    /** Every coupon is good for every product. */
    ProductLists EVERYTHING = (template, products) ->
            products.stream().map(product -> Eligibility.ELIGIBLE).toList();

    /** Whether coupons of this template may be used for these products; one answer a product, in their order. */
    List<Eligibility> of(TemplateId template, List<Product> products) throws SQLException;
}
