package dev.cutover.proxy.mirror;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.proxy.intake.RoutingView;
import java.util.HashMap;
import java.util.Map;

/**
 * The view that the mirrors of this instance act on: the newest one, or an older one while a write that began under it goes on. Safe for
 * many threads.
 *
 * <p>What breaks without it: an instance that has seen that mirrors are off says so, the tables of the other side are emptied, and a
 * transaction that was under way puts rows there once more.
 */
final class ActedOn {
    private final Map<DatabaseId, RoutingView> underWay = new HashMap<>();
    private RoutingView newest;

    ActedOn(RoutingView first) {
        this.newest = first;
    }

    synchronized void follow(RoutingView view) {
        newest = view;
    }

    /** The view to act on until {@link #end}; one write a database. */
    synchronized RoutingView begin(DatabaseId target) {
        underWay.put(target, newest);
        return newest;
    }

    synchronized void end(DatabaseId target) {
        underWay.remove(target);
    }

    /** The version of the oldest view that anybody acts on. */
    synchronized long version() {
        return underWay.values().stream().mapToLong(RoutingView::version).reduce(newest.version(), Math::min);
    }
}
