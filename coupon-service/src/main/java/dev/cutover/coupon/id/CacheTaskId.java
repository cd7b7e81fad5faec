package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One cache-build task.
 *
 * @param number the value of {@code cache_task.task_id}
 */
public record CacheTaskId(long number) {
    public static Optional<CacheTaskId> parse(String text) {
        return PrefixedNumber.parse("cat_", text).map(CacheTaskId::new);
    }

    @Override
    public String toString() {
        return "cat_" + number;
    }
}
