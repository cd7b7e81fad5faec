package dev.cutover.coupon.store;

import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.Identifier;

/** The tables that stand beside the migrated ones and are not migrated: the new side alone has them. */
record ShardedTables(ShardLayout layout) {
    /** One a shard database: holds live for minutes, and whoever tidies them looks at one table instead of at each. */
    static final String HOLD = "coupon_hold";

    String lines(StoreView view) {
        return beside(view, "coupon_redemption_line");
    }

    String refunds(StoreView view) {
        return beside(view, "coupon_refund");
    }

    private String beside(StoreView view, String name) {
        return Identifier.quote(layout.physicalTable(name, view.slot()));
    }
}
