package dev.cutover.coupon.redis;

import java.time.Duration;

/**
 * How long Redis is waited for, and by how many at once.
 *
 * @param answer the longest wait for an answer
 * @param batch the longest wait for the answers to many calls in one go
 * @param connections as many calls as may be under way
 */
public record RedisPatience(Duration answer, Duration batch, int connections) {
    /** A claim does not wait long for what is only there to make it quicker. */
    public static final RedisPatience OF_A_LOCK = new RedisPatience(Duration.ofMillis(100), Duration.ofMillis(100), 32);

    /** Who claims or looks waits for it; so does whoever fills it, a little at a time. */
    public static final RedisPatience OF_A_USER = new RedisPatience(Duration.ofMillis(100), Duration.ofMillis(250), 24);

    /** A page waits no longer than a claim; nobody waits for those who fill the cache with hundreds of values at a time. */
    public static final RedisPatience OF_A_PAGE = new RedisPatience(Duration.ofMillis(100), Duration.ofSeconds(2), 24);
}
