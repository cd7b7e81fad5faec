/** An advisory lock that keeps one user's simultaneous claims from meeting in the database; correctness never depends on it. */
@NullMarked
package dev.cutover.coupon.lock;

import org.jspecify.annotations.NullMarked;
