/** Fills the cache of coupon details ahead of its readers: tasks in queues that MySQL keeps, workers in every instance. Orders come in, details in Redis go out; the HTTP room and the service's schedule may enter. */
@NullMarked
package dev.cutover.coupon.cachebuild;

import org.jspecify.annotations.NullMarked;
