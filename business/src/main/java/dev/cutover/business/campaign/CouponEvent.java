package dev.cutover.business.campaign;

/**
 * What the coupon service tells of a coupon, perhaps more than once under one id.
 *
 * @param type such as {@code coupon.redeemed}
 */
public record CouponEvent(String id, String type, String couponId, long userId, String templateId) {}
