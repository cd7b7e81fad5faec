/** Who changed what: written in the transaction of the change, read by whoever has to answer for it. */
@NullMarked
package dev.cutover.coupon.audit;

import org.jspecify.annotations.NullMarked;
