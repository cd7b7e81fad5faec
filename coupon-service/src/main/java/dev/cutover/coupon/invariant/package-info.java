/** What must be true of the rows, asked while everybody goes on writing, and told in gauges. */
@NullMarked
package dev.cutover.coupon.invariant;

import org.jspecify.annotations.NullMarked;
