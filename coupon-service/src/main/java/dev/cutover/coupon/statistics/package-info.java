/** What became of coupons, summed by template, day, source and product: ledgers come in, sums and their proof go out. */
@NullMarked
package dev.cutover.coupon.statistics;

import org.jspecify.annotations.NullMarked;
