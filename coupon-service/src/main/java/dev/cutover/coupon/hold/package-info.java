/** Coupons kept for an order until it is paid: holds come in, are confirmed, released or over; new side only. */
@NullMarked
package dev.cutover.coupon.hold;

import org.jspecify.annotations.NullMarked;
