package dev.cutover.coupon.usercache;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.ShardedCouponStore;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.VersionedCoupon;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what became of coupons to the cache, out of the ledgers, in the order of their commits; also what its writer did not live to
 * bring there himself. {@link #tick} is for one thread; one process at a time does it.
 */
public final class UserCacheFeed {
    private static final Logger LOG = LoggerFactory.getLogger(UserCacheFeed.class);
    private static final String TURN = "coupon-user-cache";
    // As many as Redis answers about while somebody else waits for it.
    private static final int PART = 200;

    private final UserCache cache;
    private final Topology topology;
    private final MetaDatabase meta;
    private final CouponDatabases databases;
    private final LedgerFeed feed;
    private final SlotUsers users;

    public UserCacheFeed(
            UserCache cache,
            Topology topology,
            MetaDatabase meta,
            CouponDatabases databases,
            LedgerFeed feed,
            SlotUsers users) {
        this.cache = cache;
        this.topology = topology;
        this.meta = meta;
        this.databases = databases;
        this.feed = feed;
        this.users = users;
    }

    /** Brings what came since; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        if (databases.truth() != Side.NEW || !cache.available()) {
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            Turn.inTurn(turn, TURN, () -> {
                for (int database = 0; database < users.databases(); database++) {
                    bring(database);
                }
            });
        } catch (SQLException | RuntimeException e) {
            LOG.warn("What became of coupons could not be brought to the cache, trying again: {}", e.toString());
        }
    }

    private void bring(int database) throws SQLException {
        long epoch = databases.epoch().number();
        Optional<Long> progress = progress(database);
        if (progress.isEmpty()) {
            // Nothing is kept yet that anything before could have changed.
            long end = end(database);
            meta.each(connection -> Sql.update(
                    connection,
                    "INSERT IGNORE INTO user_cache_progress (database_no, entry_id) VALUES (?, ?)",
                    database,
                    end));
            progress = progress(database);
        }
        long entry = progress.orElseThrow();
        List<Ledger.Numbered> more;
        do {
            more = feed.next(database, entry, PART);
            if (!more.isEmpty()) {
                long from = entry;
                long to = more.get(more.size() - 1).id();
                if (!bring(epoch, more)) {
                    return;
                }
                meta.each(connection -> Sql.update(
                        connection,
                        "UPDATE user_cache_progress SET entry_id = ? WHERE database_no = ? AND entry_id = ?",
                        to,
                        database,
                        from));
                entry = to;
            }
        } while (more.size() == PART);
    }

    private Optional<Long> progress(int database) {
        return meta.read(connection -> Sql.first(
                connection,
                row -> row.getLong(1),
                "SELECT entry_id FROM user_cache_progress WHERE database_no = ?",
                database));
    }

    private long end(int database) throws SQLException {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return Sql.first(connection, row -> row.getLong(1), "SELECT COALESCE(MAX(entry_id), 0) FROM coupon_ledger")
                    .orElseThrow();
        } catch (UnreachableException e) {
            throw new SQLException(e.getMessage(), e);
        }
    }

    /** False where Redis is away: the same is brought again when it is back. */
    private boolean bring(long epoch, List<Ledger.Numbered> entries) {
        List<Long> changed = entries.stream()
                .map(Ledger.Numbered::entry)
                .filter(entry -> entry.act() != Act.NOTHING)
                .map(Entry::userId)
                .distinct()
                .toList();
        Optional<List<Long>> watched = cache.watched(epoch, changed);
        if (watched.isEmpty()) {
            return false;
        }
        HashSet<Long> kept = new HashSet<>(watched.get());
        Map<Integer, List<CouponId>> bySlot = entries.stream()
                .map(Ledger.Numbered::entry)
                .filter(entry -> kept.contains(entry.userId()))
                .map(Entry::coupon)
                .distinct()
                .collect(Collectors.groupingBy(CouponId::slot));
        Map<Long, List<VersionedCoupon>> byUser = new HashMap<>();
        bySlot.forEach((slot, ids) -> databases
                .<List<VersionedCoupon>>read(
                        users.ofSlot(slot),
                        (store, view) -> view.side() == Side.NEW ? ShardedCouponStore.versions(view, ids) : List.of())
                .forEach(coupon -> byUser.computeIfAbsent(coupon.row().userId(), user -> new ArrayList<>())
                        .add(coupon)));
        return cache.update(epoch, byUser);
    }
}
