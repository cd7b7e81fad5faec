package dev.cutover.coupon.operation;

/**
 * Through whom a coupon came to its user, or an order to the mall; what the names mean is the caller's.
 *
 * @param name of a way, such as {@code app}; empty where nobody said
 * @param partner of somebody outside that is settled with, empty for none
 */
public record Channel(String name, String partner) {
    /** Nobody said. */
    public static final Channel NONE = new Channel("", "");

    public Channel {
        if (name.isEmpty() && !partner.isEmpty()) {
            throw new IllegalArgumentException("A partner comes by a channel.");
        }
    }

    public boolean named() {
        return !name.isEmpty();
    }

    /** In one line, the same for equal channels. */
    public String canonical() {
        return "via " + name + "/" + partner;
    }
}
