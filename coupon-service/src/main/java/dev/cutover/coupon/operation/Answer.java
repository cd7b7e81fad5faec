package dev.cutover.coupon.operation;

/**
 * What an operation answers, now and each time it is asked again.
 *
 * @param json the body
 * @param replayed whether the effect was there already
 */
public record Answer(String json, boolean replayed) {}
