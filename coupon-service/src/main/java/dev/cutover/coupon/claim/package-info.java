/** A user asks for coupons of a template: a validated order comes in, an answer to keep goes out. */
@NullMarked
package dev.cutover.coupon.claim;

import org.jspecify.annotations.NullMarked;
