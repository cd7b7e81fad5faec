/** The unsharded database of the new side: blocks of numbers and the ledger of stock, written only while its fence is open. */
@NullMarked
package dev.cutover.coupon.meta;

import org.jspecify.annotations.NullMarked;
