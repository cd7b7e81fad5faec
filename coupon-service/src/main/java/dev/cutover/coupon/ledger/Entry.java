package dev.cutover.coupon.ledger;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import java.util.Map;

/**
 * One act on one coupon.
 *
 * @param source how the coupon came to its user: 0 sent, 1 claimed, 2 code
 * @param useRound how often the coupon had been given back before
 * @param businessNo the number of the claim, the order, the hold or the refund
 * @param amountMinor what was spared or taken back, 0 where the act is not about money
 * @param via through whom it came
 * @param goods what each product of the order was spared, in minor units by its serial number; empty where that is not known
 * @param at epoch milliseconds
 */
public record Entry(
        Act act,
        CouponId coupon,
        long userId,
        TemplateId template,
        int source,
        int useRound,
        String businessNo,
        long amountMinor,
        Channel via,
        Map<String, Long> goods,
        long at) {
    public Entry {
        goods = Map.copyOf(goods);
    }

    /** The same, come through this channel. */
    public Entry via(Channel channel) {
        return new Entry(act, coupon, userId, template, source, useRound, businessNo, amountMinor, channel, goods, at);
    }

    /** An act without money. */
    public static Entry of(
            Act act,
            CouponId coupon,
            long userId,
            TemplateId template,
            int source,
            int useRound,
            String businessNo,
            long at) {
        return new Entry(act, coupon, userId, template, source, useRound, businessNo, 0, Channel.NONE, Map.of(), at);
    }
}
