package dev.cutover.coupon.token;

import dev.cutover.coupon.id.AppId;

/** An application as its row stands; the mall has none. */
public record App(AppId id, String name, boolean disabled, String createdBy, long createdAt) {
    static final App MALL = new App(AppId.MALL, "mall", false, "", 0);
}
