package dev.cutover.coupon.token;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TemplateId;

/** Whose templates are, and with them whatever was made of them. Safe for many threads. */
@FunctionalInterface
public interface Owners {
    /** Whether this template is this application's; of one that does not exist nobody's answer matters. */
    boolean owns(AppId app, TemplateId template);
}
