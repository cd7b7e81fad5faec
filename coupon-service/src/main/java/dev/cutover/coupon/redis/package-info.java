/** The way to Redis: scripts go in, their answers come out, and nobody waits twice for a Redis that is away; for the claim lock and the stock counter. */
@NullMarked
package dev.cutover.coupon.redis;

import org.jspecify.annotations.NullMarked;
