package dev.cutover.coupon.webhook;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One event, the same for everybody who is told of it and each time.
 *
 * @param database the shard database it is of
 * @param entry of its ledger
 */
public record EventId(int database, long entry) {
    private static final Pattern TEXT = Pattern.compile("evt_(0|[1-9][0-9]{0,3})_([1-9][0-9]{0,17})");

    public static Optional<EventId> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        return matcher.matches()
                ? Optional.of(new EventId(Integer.parseInt(matcher.group(1)), Long.parseLong(matcher.group(2))))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return "evt_" + database + "_" + entry;
    }
}
