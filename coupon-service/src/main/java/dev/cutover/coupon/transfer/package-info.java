/** The ledgered way of stock from one shard database to another, and the proof that there is none left anywhere. */
@NullMarked
package dev.cutover.coupon.transfer;

import org.jspecify.annotations.NullMarked;
