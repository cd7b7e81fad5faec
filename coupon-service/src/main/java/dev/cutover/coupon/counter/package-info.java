/** The stock counter in Redis: a claim asks for numbers of pieces and gets some or none; a keeper opens, publishes and closes the lots they are of. */
@NullMarked
package dev.cutover.coupon.counter;

import org.jspecify.annotations.NullMarked;
