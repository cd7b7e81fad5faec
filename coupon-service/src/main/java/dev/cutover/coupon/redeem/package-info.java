/** A user spends coupons on an order, or gets one back: validated orders come in, answers to keep go out. */
@NullMarked
package dev.cutover.coupon.redeem;

import org.jspecify.annotations.NullMarked;
