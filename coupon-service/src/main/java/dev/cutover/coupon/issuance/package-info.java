/**
 * Coupons for an audience: a task comes in, its users are issued one coupon each in chunks, and messages to them go out; the API and the
 * scheduler enter.
 */
@NullMarked
package dev.cutover.coupon.issuance;

import org.jspecify.annotations.NullMarked;
