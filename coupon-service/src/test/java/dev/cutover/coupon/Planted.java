package dev.cutover.coupon;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import java.util.Set;

/** Failpoints at which nothing happens, with bugs that are there on purpose. */
public final class Planted implements Failpoints {
    private final Set<String> bugs;

    private Planted(Set<String> bugs) {
        this.bugs = bugs;
    }

    public static Failpoints alone(String... bugs) {
        return new Planted(Set.of(bugs));
    }

    @Override
    public void hit(Failpoint point) {
        // A bug needs no fault.
    }

    @Override
    public boolean planted(String bug) {
        return bugs.contains(bug);
    }
}
