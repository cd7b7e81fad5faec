/** Puts coupons away that nobody can use any more. Ended templates and rows of shard databases come in, rows of their archive tables go out; the service's schedule may enter. */
@NullMarked
package dev.cutover.coupon.archive;

import org.jspecify.annotations.NullMarked;
