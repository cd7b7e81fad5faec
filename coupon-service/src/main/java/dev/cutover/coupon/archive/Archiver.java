package dev.cutover.coupon.archive;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.Archive;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.Tables;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves coupons that nobody can use any more from the tables that everybody reads into archive tables of the same shape beside them.
 *
 * <p>Idea: a batch is copied, compared and deleted in one transaction of one database, so a death leaves it where it was or where it goes, and
 * never in both or neither. Only coupons of templates that were closed for good are moved, so no limit a user asks for a row that has gone;
 * uses and what a request was answered are kept elsewhere. Reads by id look into the archive behind the table, and a refund of a use
 * brings its coupon back.
 *
 * <p>Not before the migration is completed: until then a row that is deleted here would be deleted on the way back too.
 *
 * <p>Safe for many threads and processes; one process at a time archives.
 */
public final class Archiver {
    /** How long to wait between two walks: each reads every row there is. */
    public static final Duration PACE = Duration.ofDays(1);

    private static final Logger LOG = LoggerFactory.getLogger(Archiver.class);
    private static final String TURN = "coupon-archive";
    private static final int TEMPLATES_A_STATEMENT = 500;
    private static final int READ = 5_000;
    // Rows a second that a walk looks at, so that it is a small part of what a server does.
    private static final int READ_RATE = 50_000;

    private final Topology topology;
    private final MetaDatabase meta;
    private final CouponDatabases databases;
    private final SlotUsers users;
    private final InstantSource clock;
    private final Options options;
    private final Failpoints failpoints;
    private final Counter archived;
    private volatile boolean closed;

    /**
     * How it works.
     *
     * @param age how long a coupon must have been of no use, and its template closed
     * @param batch rows a transaction
     * @param rate rows a second at most, so that nobody else waits for it
     * @param budget how long a transaction may wait for its fence
     */
    public record Options(Duration age, int batch, int rate, Duration budget) {
        /** The values meant for production. */
        public static Options of(Duration age) {
            return new Options(age, 500, 2_000, Duration.ofSeconds(5));
        }
    }

    public Archiver(
            Topology topology,
            MetaDatabase meta,
            CouponDatabases databases,
            SlotUsers users,
            InstantSource clock,
            Options options,
            Failpoints failpoints,
            MeterRegistry meters) {
        this.topology = topology;
        this.meta = meta;
        this.databases = databases;
        this.users = users;
        this.clock = clock;
        this.options = options;
        this.failpoints = failpoints;
        this.archived = Counter.builder("coupon.archived")
                .description("Coupons that this instance has put into the archive")
                .register(meters);
    }

    /** Walks through everything once; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        if (databases.truth() != Side.NEW || databases.frozen()) {
            LOG.debug("Nothing is archived before the migration is completed");
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            Turn.inTurn(turn, TURN, this::walk);
        } catch (EpochMovedException | MigrationFenceException e) {
            LOG.debug("The archive waits for a switch of the migration", e);
        } catch (SQLException | RuntimeException e) {
            LOG.warn("Coupons could not be archived, going on later: {}", e.toString());
        }
    }

    /** Ends the walk behind the batch it is at. */
    public void close() {
        closed = true;
    }

    private void walk() {
        long before = clock.millis() - options.age().toMillis();
        List<Long> templates = meta.read(connection -> Sql.list(
                connection,
                row -> row.getLong(1),
                "SELECT template_id FROM coupon_template WHERE status IN (3, 4) AND COALESCE(updated_at, created_at, 0) < ?",
                before));
        ShardLayout layout = topology.plan().layout();
        for (int from = 0; from < templates.size(); from += TEMPLATES_A_STATEMENT) {
            List<Long> some = templates.subList(from, Math.min(templates.size(), from + TEMPLATES_A_STATEMENT));
            for (int slot = 0; slot < layout.slots(); slot++) {
                walk(slot, some, before);
            }
        }
    }

    /** @param last the last row that was looked at, whatever became of it */
    private record Step(long last, int moved) {}

    private void walk(int slot, List<Long> templates, long before) {
        long after = 0;
        int moved = 0;
        while (after < Long.MAX_VALUE && !closed && !databases.frozen()) {
            long behind = after;
            Step step = databases.write(
                    users.ofSlot(slot),
                    options.budget(),
                    CouponDatabases.again(users.databaseOf(slot), unit -> step(unit, slot, templates, behind, before)));
            after = step.last();
            moved += step.moved();
            archived.increment(step.moved());
            rest(step);
        }
        if (moved > 0) {
            LOG.info("{} coupons of slot {} were put into the archive", moved, slot);
        }
    }

    /** So long that no more than the rates are read and moved a second; an interrupt ends the wait, and the next statement tells. */
    private void rest(Step step) {
        long read = step.last() == Long.MAX_VALUE ? 0 : READ;
        LockSupport.parkNanos(
                TimeUnit.SECONDS.toNanos(read) / READ_RATE + TimeUnit.SECONDS.toNanos(step.moved()) / options.rate());
    }

    private Step step(StoreUnit unit, int slot, List<Long> templates, long after, long before) throws SQLException {
        Connection connection = unit.connection();
        String coupons = unit.tableOf(Tables.COUPON, slot);
        long end = Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT coupon_id FROM " + coupons + " WHERE coupon_id > ? ORDER BY coupon_id LIMIT 1 OFFSET "
                                + (READ - 1),
                        after)
                .orElse(Long.MAX_VALUE);
        List<Object> values = new ArrayList<>(List.of(after, end));
        values.addAll(templates);
        values.addAll(List.of(before, before, before, before));
        List<Long> ids = Sql.list(
                connection,
                row -> row.getLong(1),
                "SELECT coupon_id FROM " + coupons + " c WHERE coupon_id > ? AND coupon_id <= ? AND template_id IN "
                        + Sql.tuples(1, templates.size())
                        // Used, voided or over.
                        + " AND (status = 3 AND COALESCE(used_at, 0) < ? OR status = 5 OR status IN (1, 4) AND valid_to < ?)"
                        + " AND COALESCE(updated_at, created_at, 0) < ? AND COALESCE(hold_until, 0) < ?"
                        + " ORDER BY coupon_id LIMIT " + options.batch() + " FOR UPDATE OF c SKIP LOCKED",
                values.toArray());
        if (ids.isEmpty()) {
            return new Step(end, 0);
        }
        Archive.putAway(unit, slot, ids, failpoints);
        return new Step(ids.size() == options.batch() ? ids.get(ids.size() - 1) : end, ids.size());
    }
}
