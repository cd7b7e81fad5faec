/** What a user holds, page by page and one by one; reads only. */
@NullMarked
package dev.cutover.coupon.wallet;

import org.jspecify.annotations.NullMarked;
