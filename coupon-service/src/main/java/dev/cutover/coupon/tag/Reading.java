package dev.cutover.coupon.tag;

import java.util.Optional;

/**
 * What was found out about one tag of a user.
 *
 * @param value empty when it is not known
 * @param why why it is not known
 * @param allows whether not knowing it lets the user in
 */
record Reading(Optional<String> value, String why, boolean allows) {
    static Reading of(String value) {
        return new Reading(Optional.of(value), "", false);
    }
}
