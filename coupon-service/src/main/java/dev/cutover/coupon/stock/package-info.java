/** How many are left, cut into slices inside the shard databases; taken and given inside the caller's transaction. */
@NullMarked
package dev.cutover.coupon.stock;

import org.jspecify.annotations.NullMarked;
