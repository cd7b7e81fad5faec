package dev.cutover.coupon.tag;

import java.util.Map;
import java.util.Set;

/**
 * What a request says about its user.
 *
 * @param values of tags, by their names
 * @param consents the names of the tags that the user has agreed to
 */
public record TagContext(Map<String, String> values, Set<String> consents) {
    public static final TagContext NOTHING = new TagContext(Map.of(), Set.of());

    public TagContext {
        values = Map.copyOf(values);
        consents = Set.copyOf(consents);
    }
}
