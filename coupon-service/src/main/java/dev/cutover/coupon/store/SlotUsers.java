package dev.cutover.coupon.store;

import dev.cutover.core.routing.ShardLayout;
import java.util.Arrays;

/**
 * One number for each slot that routes there as a user id would: an id of a coupon tells its slot but not its user, and work for a whole
 * database has no user at all. Immutable, safe for many threads.
 */
public final class SlotUsers {
    private final ShardLayout layout;
    private final long[] users;

    public SlotUsers(ShardLayout layout) {
        this.layout = layout;
        this.users = new long[layout.slots()];
        Arrays.fill(users, -1);
        int missing = users.length;
        for (long candidate = 1; missing > 0; candidate++) {
            int slot = layout.slot(candidate);
            if (users[slot] < 0) {
                users[slot] = candidate;
                missing--;
            }
        }
    }

    public boolean knows(int slot) {
        return slot >= 0 && slot < users.length;
    }

    /** A number that routes to this slot. */
    public long ofSlot(int slot) {
        return users[slot];
    }

    /** A number that routes to this shard database. */
    public long ofDatabase(int database) {
        return users[database * layout.tables()];
    }

    public int slotOf(long userId) {
        return layout.slot(userId);
    }

    public int databaseOf(int slot) {
        return layout.databaseOf(slot);
    }

    public int databases() {
        return layout.databases();
    }
}
