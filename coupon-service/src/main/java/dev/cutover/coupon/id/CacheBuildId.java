package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One order of cache-build tasks.
 *
 * @param number the value of {@code cache_build.build_id}
 */
public record CacheBuildId(long number) {
    public static Optional<CacheBuildId> parse(String text) {
        return PrefixedNumber.parse("cab_", text).map(CacheBuildId::new);
    }

    @Override
    public String toString() {
        return "cab_" + number;
    }
}
