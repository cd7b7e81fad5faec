package dev.cutover.coupon.ledger;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.SlotUsers;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads ledgers so that nothing is passed over.
 *
 * <p>Numbers are given when a row is inserted and seen when its transaction commits, so a reader that remembers the highest number it saw
 * would pass over a slow transaction for ever. This one goes on only while the numbers follow one another. At a gap that is not closed
 * within a moment it takes the missing number itself, with an entry that says nothing: either the slow transaction has the number
 * already, and the insert waits for its end, or it can never have it again, because the primary key refuses it and the whole unit is
 * repeated with a new number. So what lies below the answer is settled for ever, without any guess about how long a transaction may
 * take.
 *
 * <p>Safe for many threads and processes.
 */
public final class LedgerFeed {
    /** A test reads on over gaps, to see itself fail. */
    static final String READS_OVER_GAPS = "ledger.readsOverGaps";

    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final int PART = 5_000;
    private static final Duration BUDGET = Duration.ofSeconds(2);

    private final Topology topology;
    private final CouponDatabases databases;
    private final SlotUsers users;
    private final InstantSource clock;
    private final Failpoints failpoints;

    public LedgerFeed(
            Topology topology, CouponDatabases databases, SlotUsers users, InstantSource clock, Failpoints failpoints) {
        this.topology = topology;
        this.databases = databases;
        this.users = users;
        this.clock = clock;
        this.failpoints = failpoints;
    }

    /** The next entries of a shard database above {@code after}, settled, at most {@code most}; none when nobody wrote any. */
    public List<Ledger.Numbered> next(int database, long after, int most) {
        List<Ledger.Numbered> seen = above(database, after, most);
        if (failpoints.planted(READS_OVER_GAPS)) {
            return seen;
        }
        List<Ledger.Numbered> settled = new ArrayList<>();
        long expected = after + 1;
        for (Ledger.Numbered one : seen) {
            if (one.id() != expected) {
                if (clock.millis() - one.entry().at() < PATIENCE.toMillis()) {
                    break;
                }
                close(database, expected, one.id());
                // What was closed, and what was there all the same, is read with the rest of them next time.
                break;
            }
            settled.add(one);
            expected++;
        }
        return settled;
    }

    /** Everything above {@code after} that this transaction sees, a part at a time, put together. */
    public static List<Ledger.Numbered> seen(Connection snapshot, long after) throws SQLException {
        List<Ledger.Numbered> all = new ArrayList<>();
        long from = after;
        List<Ledger.Numbered> part;
        do {
            part = Ledger.above(snapshot, from, PART);
            all.addAll(part);
            from = part.isEmpty() ? from : part.get(part.size() - 1).id();
        } while (part.size() == PART);
        return all;
    }

    private List<Ledger.Numbered> above(int database, long after, int most) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return Ledger.above(connection, after, most);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the ledger of shard-" + database, e);
        }
    }

    /** Settles the numbers from {@code from} to below {@code to}, each in a unit of its own: one may have to wait. */
    void close(int database, long from, long to) {
        long now = clock.millis();
        for (long id = from; id < to; id++) {
            long number = id;
            databases.write(
                    users.ofDatabase(database),
                    BUDGET,
                    CouponDatabases.again(database, unit -> Ledger.close(unit.connection(), number, now)));
        }
    }
}
