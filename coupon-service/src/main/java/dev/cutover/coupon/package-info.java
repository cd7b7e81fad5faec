/** The coupon service of a mall: settings come in by environment, a server that answers the coupon API comes out; only its main and tests enter. */
@NullMarked
package dev.cutover.coupon;

import org.jspecify.annotations.NullMarked;
