/** What coupons take off an order: an order, coupons and product lists come in, amounts and reasons go out; no database, everybody may ask. */
@NullMarked
package dev.cutover.coupon.pricing;

import org.jspecify.annotations.NullMarked;
