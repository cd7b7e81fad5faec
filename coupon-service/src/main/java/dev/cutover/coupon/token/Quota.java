package dev.cutover.coupon.token;

/**
 * How many requests an application may send to one instance.
 *
 * @param perSecond in the long run
 * @param burst at once, after a pause
 */
public record Quota(int perSecond, int burst) {
    /** More than anybody sends. */
    public static final int MOST = 1_000_000;

    public Quota {
        if (perSecond < 1 || perSecond > MOST || burst < 1 || burst > MOST) {
            throw new IllegalArgumentException("A quota is of 1 to " + MOST + " requests: " + perSecond + ", " + burst);
        }
    }
}
