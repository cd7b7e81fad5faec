/** The two lives of a user's coupons, behind the mall's tables and in the sharded ones: fenced units come in, changed rows and answers go out. */
@NullMarked
package dev.cutover.coupon.store;

import org.jspecify.annotations.NullMarked;
