package dev.cutover.coupon.lock;

import dev.cutover.coupon.id.TemplateId;

/**
 * Keeps simultaneous claims of one user for one template apart, where that is possible within a moment.
 *
 * <p>Advisory: a claim goes on without the lock when it is not to be had, and no limit depends on it. Safe for many threads.
 */
@FunctionalInterface
public interface ClaimLock {
    /** No lock at all. */
    ClaimLock NONE = (userId, template) -> () -> {};

    /** Never throws, and returns within a moment. */
    Hold hold(long userId, TemplateId template);

    /** Ends with the claim. */
    @FunctionalInterface
    interface Hold extends AutoCloseable {
        @Override
        void close();
    }
}
