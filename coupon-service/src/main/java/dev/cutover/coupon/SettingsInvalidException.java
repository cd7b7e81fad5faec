package dev.cutover.coupon;

import java.util.List;

/** The environment does not describe an instance; the message lists every problem. */
final class SettingsInvalidException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SettingsInvalidException(List<String> problems) {
        super("The environment of this instance is not right: " + String.join("; ", problems) + ".");
    }
}
