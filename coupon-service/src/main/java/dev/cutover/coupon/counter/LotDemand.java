package dev.cutover.coupon.counter;

import dev.cutover.coupon.id.TemplateId;

/**
 * A counter has nothing left to give.
 *
 * @param seen the lot it counted, 0 for none
 */
public record LotDemand(TemplateId template, int database, long seen) {}
