package dev.cutover.coupon;

import dev.cutover.core.CutoverException;
import java.util.List;

/** The environment does not describe an instance; the message lists every problem. */
final class SettingsInvalidException extends CutoverException {
    SettingsInvalidException(List<String> problems) {
        super("The environment of this instance is not right: " + String.join("; ", problems) + ".");
    }
}
