package dev.cutover.coupon.operation;

/**
 * An operation that was done before.
 *
 * @param result the JSON that was answered
 */
public record Recorded(String fingerprint, String result) {}
