package dev.cutover.coupon.pricing;

import dev.cutover.coupon.operation.Channel;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What is bought, as far as the caller tells: its lines, or only what they come to, or nothing.
 *
 * @param amountMinor what all lines come to without freight, in minor units
 * @param lines empty when they are not told
 * @param via through whom the order came
 */
public record Cart(OptionalLong amountMinor, List<OrderLine> lines, Channel via) {
    /** As many as an operation's recorded answer has room for. */
    public static final int MOST_LINES = 50;

    /** An order of more than a hundred million yuan is a typing error, and sums of its parts still fit a long. */
    public static final long MOST_MINOR = 10_000_000_000L;

    /** An order of which nothing is known. */
    public static final Cart UNKNOWN = new Cart(OptionalLong.empty(), List.of(), Channel.NONE);

    public Cart {
        lines = List.copyOf(lines);
        if (lines.size() > MOST_LINES) {
            throw new IllegalArgumentException("An order has at most " + MOST_LINES + " lines.");
        }
        if (amountMinor.isPresent() && (amountMinor.getAsLong() < 0 || amountMinor.getAsLong() > MOST_MINOR)) {
            throw new IllegalArgumentException("No order comes to " + amountMinor.getAsLong() + ".");
        }
    }

    public static Cart of(OptionalLong amountMinor) {
        return new Cart(amountMinor, List.of(), Channel.NONE);
    }

    public static Cart of(List<OrderLine> lines) {
        return new Cart(
                OptionalLong.of(lines.stream().mapToLong(OrderLine::amountMinor).reduce(0, Math::addExact)),
                lines,
                Channel.NONE);
    }

    /** The same, come through this channel. */
    public Cart via(Channel channel) {
        return new Cart(amountMinor, lines, channel);
    }

    public boolean itemised() {
        return !lines.isEmpty();
    }

    /** What its delivery costs. */
    public long freightMinor() {
        return lines.stream().mapToLong(OrderLine::freightMinor).sum();
    }

    /** The cart in one line, the same for equal carts; without lines or channel as it was written before there were any. */
    public String canonical() {
        StringBuilder text = new StringBuilder(amountMinor.toString());
        for (OrderLine line : lines) {
            text.append('|').append(line.quantity()).append(',').append(line.amountMinor());
            text.append(',').append(line.freightMinor());
            append(text, line.product().id());
            append(text, line.product().goodsSn());
            append(text, line.product().category());
        }
        return via.named() ? text.append('|').append(via.canonical()).toString() : text.toString();
    }

    // With its length, so that no two carts have one text.
    private static void append(StringBuilder text, @Nullable String name) {
        text.append(',');
        if (name != null) {
            text.append(name.length()).append(':').append(name);
        }
    }
}
