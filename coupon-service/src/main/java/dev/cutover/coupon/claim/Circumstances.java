package dev.cutover.coupon.claim;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.tag.TagContext;
import dev.cutover.coupon.token.Tenant;
import java.util.function.Predicate;

/**
 * What a claim comes with.
 *
 * @param visible the templates that the caller may know of; to it, the others are not there
 * @param context what the request says about its user; with another one, the same key asks for the same
 * @param via through whom the coupons come
 */
public record Circumstances(Predicate<TemplateId> visible, TagContext context, Channel via) {
    /** A caller from whom nothing is hidden and who says nothing. */
    public static final Circumstances NONE = new Circumstances(Tenant.ALL, TagContext.NOTHING, Channel.NONE);
}
