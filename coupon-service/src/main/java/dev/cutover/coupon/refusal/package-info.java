/** How the business says no: one exception and its words; every room throws it, the HTTP room translates it. */
@NullMarked
package dev.cutover.coupon.refusal;

import org.jspecify.annotations.NullMarked;
