/** Reads of NEW from copies of its servers, that see whatever was answered before they began; nothing is decided by them. */
@NullMarked
package dev.cutover.coupon.replica;

import org.jspecify.annotations.NullMarked;
