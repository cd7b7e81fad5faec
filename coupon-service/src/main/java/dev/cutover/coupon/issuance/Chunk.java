package dev.cutover.coupon.issuance;

import dev.cutover.core.routing.ShardLayout;
import dev.cutover.coupon.id.IssuanceId;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A part of a task's audience, taken on by one worker.
 *
 * @param database the shard database of all its users: a step is one transaction there, and its rows go into few tables
 * @param version grows each time it is taken on; who holds an older one has lost it
 * @param counting whether only what was issued is to be counted: its task was cancelled
 */
record Chunk(
        IssuanceId task,
        int number,
        int database,
        byte @Nullable [] users,
        long from,
        long to,
        int version,
        String owner,
        boolean counting) {

    /** A user and its slot. */
    record Member(long user, int slot) {}

    /** Its users, those of one physical table beside each other: fewer and longer INSERTs. */
    Member[] members(ShardLayout layout) {
        long[] ids = users == null ? ofRange(layout) : UserSet.decode(users);
        return members(layout, ids);
    }

    static Member[] members(ShardLayout layout, long[] ids) {
        Member[] members = new Member[ids.length];
        for (int i = 0; i < ids.length; i++) {
            members[i] = new Member(ids[i], layout.slot(ids[i]));
        }
        Arrays.sort(members, Comparator.comparingInt(Member::slot).thenComparingLong(Member::user));
        return members;
    }

    private long[] ofRange(ShardLayout layout) {
        long[] ids = new long[(int) (to - from + 1)];
        int count = 0;
        for (long user = from; user <= to; user++) {
            if (layout.databaseOf(layout.slot(user)) == database) {
                ids[count++] = user;
            }
        }
        return Arrays.copyOf(ids, count);
    }
}
