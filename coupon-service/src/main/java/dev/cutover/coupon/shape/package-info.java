/** The JSON a client sees, the same whether it is answered now or was recorded before; claim, redeem, wallet and HTTP enter. */
@NullMarked
package dev.cutover.coupon.shape;

import org.jspecify.annotations.NullMarked;
