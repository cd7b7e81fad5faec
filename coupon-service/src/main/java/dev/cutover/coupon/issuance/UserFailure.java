package dev.cutover.coupon.issuance;

/**
 * A user without a coupon.
 *
 * @param reason a word of the API
 * @param dead whether it is not tried again
 */
public record UserFailure(long user, String reason, String message, int attempts, long nextAt, boolean dead) {}
