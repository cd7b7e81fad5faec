package dev.cutover.coupon.tag;

import java.util.Collection;
import java.util.Map;

/** Knows tags of users. Bounded in time, and never throws: what cannot be learned is unknown. Safe for many threads. */
@FunctionalInterface
public interface TagSource {
    /** A reading of each of these tags, by its name. */
    Map<String, Reading> read(long userId, Collection<Tag> tags);

    /** Knows nothing. */
    static TagSource absent(String why) {
        return (userId, tags) -> allUnknown(tags, why);
    }

    static Map<String, Reading> allUnknown(Collection<Tag> tags, String why) {
        return tags.stream().collect(java.util.stream.Collectors.toMap(Tag::name, tag -> tag.unknown(why)));
    }
}
