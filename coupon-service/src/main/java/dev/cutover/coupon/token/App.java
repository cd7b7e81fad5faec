package dev.cutover.coupon.token;

import dev.cutover.coupon.id.AppId;
import java.util.Optional;

/**
 * An application as its row stands; the mall has none.
 *
 * @param quota empty for no limit
 */
public record App(AppId id, String name, boolean disabled, Optional<Quota> quota, String createdBy, long createdAt) {
    static final App MALL = new App(AppId.MALL, "mall", false, Optional.empty(), "", 0);
}
