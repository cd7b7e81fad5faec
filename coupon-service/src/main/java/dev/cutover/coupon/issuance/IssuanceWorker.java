package dev.cutover.coupon.issuance;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.CollisionException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.UnknownOutcomeException;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateCatalog;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works on chunks of whatever task has some; any number of workers in any number of processes do so side by side.
 *
 * <p>Idea: no transaction spans a chunk. Its steps are issued one after the other, each once for each user, and when all were acknowledged
 * the chunk is written down as done. A worker that dies leaves a chunk whose lease runs out; its successor issues to all users of the
 * chunk anew and finds those who have their coupon. So a chunk can be run by anybody, again and by two at once, and is counted once.
 *
 * <p>{@link #tick} is called by one thread.
 */
public final class IssuanceWorker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IssuanceWorker.class);
    private static final Duration TROUBLE_PAUSE = Duration.ofSeconds(2);

    private final IssuanceTables tables;
    private final DatabaseIssuer issuer;
    private final CouponDatabases databases;
    private final TemplateCatalog templates;
    private final ShardLayout layout;
    private final InstantSource clock;
    private final Options options;
    private final WorkShares shares;
    private final Failpoints failpoints;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition time = lock.newCondition();
    private volatile boolean closed;

    /**
     * How a worker works.
     *
     * @param name of this worker among all
     * @param lease how long a chunk stays with a worker that is not heard of
     * @param turn how long one call of {@link #tick} goes on, when there is work
     */
    public record Options(String name, Duration lease, Duration turn, Retries retries) {
        /** The values meant for production. */
        public static Options of(String name) {
            return new Options(name, Duration.ofSeconds(30), Duration.ofSeconds(5), Retries.USUAL);
        }
    }

    IssuanceWorker(
            IssuanceTables tables,
            DatabaseIssuer issuer,
            CouponDatabases databases,
            TemplateCatalog templates,
            ShardLayout layout,
            InstantSource clock,
            Options options,
            WorkShares shares,
            Failpoints failpoints) {
        this.tables = tables;
        this.issuer = issuer;
        this.databases = databases;
        this.templates = templates;
        this.layout = layout;
        this.clock = clock;
        this.options = options;
        this.shares = shares;
        this.failpoints = failpoints;
    }

    /** Does what there is to do, for one turn; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        long end = System.nanoTime() + options.turn().toNanos();
        try {
            boolean worked = true;
            while (worked && !closed && databases.truth() == Side.NEW && System.nanoTime() < end) {
                worked = work();
            }
        } catch (EpochMovedException | MigrationFenceException e) {
            LOG.debug("An issuance waits for a switch of the migration", e);
        } catch (RuntimeException e) {
            LOG.warn(
                    "An issuance stopped in the middle and is taken up again when its lease is over: {}", e.toString());
        }
    }

    /** One chunk, or one round of retries; false when there was nothing to do. */
    private boolean work() {
        boolean worked = false;
        for (IssuanceTask task : tables.active()) {
            if (!shares.enter(task)) {
                continue;
            }
            try {
                worked |= task.state() == IssuanceState.RUNNING && retry(task);
                if (chunk(task)) {
                    return true;
                }
            } finally {
                shares.leave(task);
            }
        }
        return worked;
    }

    private boolean chunk(IssuanceTask task) {
        Optional<Chunk> chunk = tables.take(task, options.name(), now(), options.lease());
        if (chunk.isPresent()) {
            failpoints.hit(Failpoint.ISSUE_CHUNK_CLAIMED);
            run(task, chunk.get());
            return true;
        }
        if (tables.settle(task, now())) {
            LOG.info("Issuance {} is at its end", task.id());
        }
        return false;
    }

    private void run(IssuanceTask task, Chunk chunk) {
        try {
            Chunk.Member[] members = chunk.members(layout);
            Outcome outcome = new Outcome();
            int from = 0;
            while (from < members.length) {
                IssuanceTables.Leave leave = tables.step(chunk, members.length - from, now(), options.lease());
                if (leave.state() != IssuanceState.RUNNING && !chunk.counting()) {
                    // What was issued is counted when the task goes on, or when its cancel is settled.
                    tables.release(chunk, now());
                    return;
                }
                if (!await(leave.begin())) {
                    tables.release(chunk, now());
                    return;
                }
                Chunk.Member[] some = Arrays.copyOfRange(members, from, from + leave.users());
                outcome.add(issuer.issue(step(task, chunk, leave.tunables()), some));
                from += leave.users();
            }
            tables.finish(chunk, task.template(), outcome, options.retries(), now());
            failpoints.hit(Failpoint.ISSUE_CHUNK_DONE);
        } catch (IssuanceTables.LostException e) {
            LOG.info("{}", e.getMessage());
        } catch (Refusal e) {
            pause(task, e);
            tables.release(chunk, now());
        } catch (DatabaseTroubleException | UnreachableException | UnknownOutcomeException | CollisionException e) {
            LOG.warn("Chunk {} of {} is tried again in a moment: {}", chunk.number(), task.id(), e.getMessage());
            tables.release(chunk, now() + TROUBLE_PAUSE.toMillis());
        }
    }

    private DatabaseIssuer.Step step(IssuanceTask task, Chunk chunk, Tunables tunables) {
        Template template = templates.require(task.template(), "template_id").template();
        return new DatabaseIssuer.Step(
                task,
                chunk.database(),
                template,
                chunk.counting() ? null : validity(template),
                tunables.batchSize(),
                false);
    }

    private Template.Validity validity(Template template) {
        return template.claimedAt(
                clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli());
    }

    /** The template itself refuses: everybody would fail, so nobody is tried until a person has looked. */
    private void pause(IssuanceTask task, Refusal refusal) {
        String because = refusal.reason().code();
        tables.move(
                task.id(),
                List.of(IssuanceState.RUNNING),
                IssuanceState.PAUSED,
                because,
                new Change(now(), "coupon-service", "paused: " + because));
        LOG.warn("Issuance {} is paused, its template refuses: {}", task.id(), refusal.getMessage());
    }

    private boolean retry(IssuanceTask task) {
        String owner = options.name() + ":" + UUID.randomUUID();
        owner = owner.substring(Math.max(0, owner.length() - 80));
        Map<Integer, long[]> due = tables.takeFailures(task, owner, now(), options.lease());
        if (due.isEmpty()) {
            return false;
        }
        try {
            Template template =
                    templates.require(task.template(), "template_id").template();
            Template.Validity validity = validity(template);
            Outcome outcome = new Outcome();
            due.forEach((database, users) -> outcome.add(issuer.issue(
                    new DatabaseIssuer.Step(
                            task, database, template, validity, task.tunables().batchSize(), false),
                    Chunk.members(layout, users))));
            tables.finishFailures(task, owner, outcome, options.retries(), now());
        } catch (Refusal e) {
            pause(task, e);
        } catch (DatabaseTroubleException | UnreachableException | UnknownOutcomeException | CollisionException e) {
            LOG.warn("Users of {} are tried again when their lease is over: {}", task.id(), e.getMessage());
        }
        return true;
    }

    /** Waits for the rate; false when the worker is being closed. */
    private boolean await(long begin) {
        lock.lock();
        try {
            for (long left = begin - now(); left > 0 && !closed; left = begin - now()) {
                var unused = time.await(left, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
        return !closed;
    }

    private long now() {
        return clock.millis();
    }

    /** Ends the turn under way after its step. */
    @Override
    public void close() {
        closed = true;
        lock.lock();
        try {
            time.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
