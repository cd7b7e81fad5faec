package dev.cutover.business.grant;

import org.jspecify.annotations.Nullable;

/**
 * A coupon that a module has decided to give.
 *
 * @param key of the claim, at most 57 characters; begins with the module's name
 * @param module whose it is
 * @param channel through what, for the coupon service's statistics
 * @param partner of whom, empty for nobody outside
 * @param couponId when it was given
 * @param refusal the code of the error when the coupon service refused it
 */
public record Grant(
        String key,
        String module,
        long userId,
        String templateId,
        String channel,
        String partner,
        State state,
        @Nullable String couponId,
        @Nullable String refusal,
        int attempts) {
    /** How far it is. */
    public enum State {
        WAITING,
        GIVEN,
        REFUSED
    }

    /** One that is only decided. */
    public static Grant of(String key, String module, long userId, String templateId, String channel, String partner) {
        return new Grant(key, module, userId, templateId, channel, partner, State.WAITING, null, null, 0);
    }
}
