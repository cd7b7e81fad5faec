/** Tells applications what becomes of their coupons. Entries of the ledgers come in, signed requests go out, each until it was taken; the HTTP room and the service's schedule may enter. */
@NullMarked
package dev.cutover.coupon.webhook;

import org.jspecify.annotations.NullMarked;
