/** Each operation once: an operation and its effect come in, the answer of the first time goes out. */
@NullMarked
package dev.cutover.coupon.idempotency;

import org.jspecify.annotations.NullMarked;
