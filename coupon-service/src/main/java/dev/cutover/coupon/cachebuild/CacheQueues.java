package dev.cutover.coupon.cachebuild;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.CouponDatabases;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many queues there are, and what has to be done with their tasks now and then: those of workers that died are given back, those that
 * wait are put into other queues when their number has changed, those that were done a day ago are put away.
 *
 * <p>Which queue a task is in only says who works beside whom: a worker serves every queue that has something, so nothing is lost between
 * two numbers. Safe for many threads and processes; {@link #tick} is called by one thread, and one process at a time tidies.
 */
public final class CacheQueues {
    /** As many queues as there are while nobody has said anything. */
    public static final int USUAL = 16;

    /** The most there can be: each is a thread and, while it works, a session of the meta database. */
    public static final int MOST = 64;

    private static final Logger LOG = LoggerFactory.getLogger(CacheQueues.class);
    private static final String TURN = "coupon-cache-queues";
    private static final Duration KEPT = Duration.ofDays(1);
    private static final int WINDOW = 20_000;
    private static final int TASKS_A_CUT = 5_000;

    private final Topology topology;
    private final MetaDatabase meta;
    private final CacheTasks tasks;
    private final CouponDatabases databases;
    private final InstantSource clock;
    private int rehashed;
    private long putAwayTo;

    CacheQueues(
            Topology topology, MetaDatabase meta, CacheTasks tasks, CouponDatabases databases, InstantSource clock) {
        this.topology = topology;
        this.meta = meta;
        this.tasks = tasks;
        this.databases = databases;
        this.clock = clock;
    }

    /** How many there are. */
    public int count() {
        return meta.read(CacheQueues::count);
    }

    private static int count(Connection connection) throws SQLException {
        return Sql.first(connection, row -> row.getInt(1), "SELECT queues FROM cache_queues WHERE id = 1")
                .orElse(USUAL);
    }

    /** Changes their number for all instances, which feel it within a second; tasks that wait follow. */
    public void change(int wanted, Operator operator) {
        if (wanted < 1 || wanted > MOST) {
            throw new IllegalArgumentException("There are 1 to " + MOST + " queues, not " + wanted + ".");
        }
        var unused = meta.own(connection -> {
            int before = count(connection);
            long now = clock.millis();
            AuditLog.append(
                    connection,
                    Subject.CACHE_QUEUES,
                    operator.name(),
                    "change_cache_queues",
                    now,
                    JsonNodeFactory.instance.objectNode().put("queues", before),
                    JsonNodeFactory.instance.objectNode().put("queues", wanted));
            return Sql.update(
                    connection,
                    "REPLACE INTO cache_queues (id, queues, set_by, set_at) VALUES (1, ?, ?, ?)",
                    wanted,
                    operator.name(),
                    now);
        });
        LOG.info("{} has cache-build tasks cut into {} queues", operator.name(), wanted);
    }

    /** Makes the tasks of what was ordered; never throws, for a scheduled task that throws is not run again. */
    public void cut() {
        if (databases.truth() != Side.NEW) {
            return;
        }
        try {
            int queues = count();
            while (tasks.cut(queues, TASKS_A_CUT)) {
                queues = count();
            }
        } catch (RuntimeException e) {
            LOG.warn("The cache-build tasks of an order could not be made, trying again: {}", e.toString());
        }
    }

    /** Tidies; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        if (databases.truth() != Side.NEW) {
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            Turn.inTurn(turn, TURN, this::tidy);
        } catch (SQLException | RuntimeException e) {
            LOG.warn("The queues of cache-build tasks could not be tidied, trying again: {}", e.toString());
        }
    }

    private void tidy() {
        long now = clock.millis();
        int abandoned = tasks.giveBackAbandoned(now);
        if (abandoned > 0) {
            LOG.warn("{} cache-build tasks are given back: their workers were not heard of any more", abandoned);
        }
        int queues = count();
        if (rehashed != 0 && rehashed != queues) {
            rehash(queues);
        }
        // An instance that has just begun does not look through everything: tasks in another queue are served as well.
        rehashed = queues;
        putAway(now - KEPT.toMillis());
    }

    private void rehash(int queues) {
        long last = tasks.last();
        int moved = 0;
        for (long after = 0; after < last; after += WINDOW) {
            moved += tasks.rehash(after, Math.min(last, after + WINDOW), queues);
        }
        if (moved > 0) {
            LOG.info("{} waiting cache-build tasks moved, there are {} queues now", moved, queues);
        }
    }

    /** One window a time, from the lowest ids to the first one that is too young, and then from the lowest again. */
    private void putAway(long moment) {
        long last = tasks.last();
        long to = Math.min(last, putAwayTo + WINDOW);
        int deleted = tasks.putAway(putAwayTo, to, moment);
        putAwayTo = to == last ? 0 : to;
        if (deleted > 0) {
            LOG.debug("{} cache-build tasks were put away", deleted);
        }
    }
}
