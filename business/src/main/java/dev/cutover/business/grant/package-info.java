/** Coupons that modules have decided to give, given once whoever dies. */
@NullMarked
package dev.cutover.business.grant;

import org.jspecify.annotations.NullMarked;
