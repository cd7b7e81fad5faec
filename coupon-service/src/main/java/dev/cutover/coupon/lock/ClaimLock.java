package dev.cutover.coupon.lock;

import dev.cutover.coupon.id.TemplateId;
import java.util.List;

/**
 * Keeps simultaneous claims of one user for the same templates apart, where that is possible within a moment.
 *
 * <p>One lock a template: a claim of A, B and C has to exclude a claim of A alone. All are taken or none. Advisory: a claim goes on
 * without its locks when they are not to be had, and no limit depends on them. Safe for many threads.
 */
@FunctionalInterface
public interface ClaimLock {
    /** No lock at all. */
    ClaimLock NONE = (userId, templates) -> () -> {};

    /** Never throws, and returns within a moment. */
    Hold hold(long userId, List<TemplateId> templates);

    /** Ends with the claim. */
    @FunctionalInterface
    interface Hold extends AutoCloseable {
        @Override
        void close();
    }
}
