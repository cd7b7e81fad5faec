package dev.cutover.coupon.hold;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.StoreView;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down which holds are over. Nobody waits for it: a hold whose time has passed is over by every condition that asks for one, so this only
 * keeps rows from telling of holds that are none. Two instances may sweep at once, each hold is ended by a conditional update. Safe for
 * many threads.
 */
public final class HoldSweeper {
    private static final Logger LOG = LoggerFactory.getLogger(HoldSweeper.class);
    private static final int MOST_A_TICK = 200;
    // Later than any clock of an instance is behind: what one still confirms, another must not call over.
    private static final Duration GRACE = Duration.ofSeconds(5);

    // What became of a hold can be asked for so long behind its end; its answers are kept under their keys.
    private static final Duration REMEMBERED = Duration.ofDays(30);

    private final Topology topology;
    private final CouponDatabases databases;
    private final SlotUsers users;
    private final InstantSource clock;
    private final Duration budget;

    public HoldSweeper(
            Topology topology, CouponDatabases databases, SlotUsers users, InstantSource clock, Duration budget) {
        this.topology = topology;
        this.databases = databases;
        this.users = users;
        this.clock = clock;
        this.budget = budget;
    }

    /** Ends what is over in each database; never throws, for a scheduled task that throws is not run again. Returns how many. */
    public int tick() {
        int ended = 0;
        try {
            for (int database = 0; database < users.databases() && databases.truth() == Side.NEW; database++) {
                for (HoldId hold : over(database)) {
                    ended += end(hold) ? 1 : 0;
                }
                if (anythingToForget(database)) {
                    forget(database);
                }
            }
        } catch (RuntimeException e) {
            LOG.warn("Holds that are over could not be tidied, trying again: {}", e.toString());
        }
        return ended;
    }

    // Not fenced, so it is a hint; the unit decides.
    private List<HoldId> over(int database) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return Sql.list(
                            connection,
                            row -> HoldId.ofNumber(row.getString(1)),
                            "SELECT hold_no FROM coupon_hold WHERE state = 1 AND hold_until <= ? ORDER BY hold_until LIMIT ?",
                            clock.millis() - GRACE.toMillis(),
                            MOST_A_TICK)
                    .stream()
                    .flatMap(Optional::stream)
                    .toList();
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the holds of shard-" + database, e);
        }
    }

    private boolean end(HoldId hold) {
        long now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
        return write(users.ofSlot(hold.slot()), (store, unit) -> store.uses().tidyHold(unit, hold, now) ? 1 : 0) > 0;
    }

    private boolean anythingToForget(int database) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return Sql.first(
                            connection,
                            row -> 1,
                            "SELECT 1 FROM coupon_hold WHERE state IN (2, 3, 4) AND hold_until <= ? LIMIT 1",
                            clock.millis() - REMEMBERED.toMillis())
                    .isPresent();
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the holds of shard-" + database, e);
        }
    }

    private void forget(int database) {
        long before = clock.millis() - REMEMBERED.toMillis();
        write(users.ofDatabase(database), (store, unit) -> store.uses().forgetHolds(unit, before));
    }

    /** What is done in one unit of the new side; returns to how many. */
    @FunctionalInterface
    private interface Tidying {
        int in(CouponStore store, StoreUnit unit) throws SQLException;
    }

    private int write(long userId, Tidying tidying) {
        return databases.write(userId, budget, new CouponDatabases.Write<Integer>() {
            @Override
            public Optional<Integer> replay(CouponStore store, StoreView view) {
                return Optional.empty();
            }

            @Override
            public Integer run(CouponStore store, StoreUnit unit) throws SQLException {
                return unit.side() == Side.NEW ? tidying.in(store, unit) : 0;
            }
        });
    }
}
