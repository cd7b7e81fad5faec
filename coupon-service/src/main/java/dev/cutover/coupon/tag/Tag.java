package dev.cutover.coupon.tag;

import java.time.Duration;
import java.util.Optional;

/**
 * Something that can be known of a user, such as a region or whether they are new.
 *
 * @param consent whether it may only be looked at when the request says that the user has agreed
 * @param unknown what an unknown value does wherever the tag stands, also behind NOT
 * @param maxAge how old a value of the store may be, empty elsewhere
 */
public record Tag(String name, Source source, boolean consent, Policy unknown, Optional<Duration> maxAge) {
    /** Who knows it. */
    public enum Source {
        /** The request itself. */
        CONTEXT,
        /** A service that is asked at the moment of the claim. */
        SERVICE,
        /** A store that somebody else fills. */
        STORE
    }

    /** What becomes of a user of whom a tag is not known. */
    public enum Policy {
        DENY,
        ALLOW
    }

    Reading unknown(String why) {
        return new Reading(Optional.empty(), why, unknown == Policy.ALLOW);
    }
}
