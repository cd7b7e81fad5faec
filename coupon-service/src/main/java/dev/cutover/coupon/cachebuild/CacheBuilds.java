package dev.cutover.coupon.cachebuild;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.detail.DetailFiller;
import dev.cutover.coupon.id.CacheBuildId;
import dev.cutover.coupon.id.CacheTaskId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Orders of cache-build tasks, and what became of each task. Safe for many threads. */
public final class CacheBuilds {
    private static final Logger LOG = LoggerFactory.getLogger(CacheBuilds.class);

    private final CouponDatabases databases;
    private final CacheTasks tasks;
    private final CacheQueues queues;
    private final InstantSource clock;

    public CacheBuilds(Topology topology, MetaDatabase meta, CouponDatabases databases, InstantSource clock) {
        this.databases = databases;
        this.tasks = new CacheTasks(meta);
        this.queues = new CacheQueues(topology, meta, tasks, databases, clock);
        this.clock = clock;
    }

    /** How many queues there are. */
    public CacheQueues queues() {
        return queues;
    }

    /** Those who do what is ordered; the caller closes them. */
    public CacheWorkers workers(
            DetailFiller filler,
            CacheWorkers.Options options,
            Failpoints failpoints,
            ThreadFactory threads,
            MeterRegistry meters) {
        return new CacheWorkers(tasks, queues, filler, databases, clock, options, failpoints, threads, meters);
    }

    /** Orders tasks, once for each number. */
    public CacheBuild.Progress order(BuildOrder order) {
        requireNew();
        String fingerprint =
                Operation.of(0, "cache_build", "-", order.canonical()).fingerprint();
        Optional<CacheBuild> known = tasks.build(order.number());
        if (known.isEmpty()) {
            try {
                CacheBuildId id = tasks.order(order, fingerprint, clock.millis());
                LOG.info(
                        "{} ordered {}: {} cache-build tasks, {}", order.operator(), id, order.tasks(), order.reason());
                return progress(id);
            } catch (DatabaseTroubleException e) {
                // A twin was faster, if its row is there now.
                known = tasks.build(order.number());
                if (known.isEmpty()) {
                    throw e;
                }
            }
        }
        CacheBuild there = known.get();
        if (!there.fingerprint().equals(fingerprint)) {
            throw new Refusal(
                    Reason.IDEMPOTENCY_KEY_REUSED,
                    "build_no",
                    "Cache build '" + order.number() + "' is there already, of other details or for another reason.");
        }
        return new CacheBuild.Progress(there, true, tasks.states(there.id()));
    }

    /** An order and how far it is. */
    public CacheBuild.Progress progress(CacheBuildId id) {
        requireNew();
        CacheBuild build = tasks.build(id)
                .orElseThrow(
                        () -> new Refusal(Reason.CACHE_BUILD_NOT_FOUND, "id", "There is no cache build " + id + "."));
        return new CacheBuild.Progress(build, false, tasks.states(id));
    }

    /**
     * A page of tasks in the order in which they were made, and one more than asked for where there are more.
     *
     * @param after the last one of the page before
     */
    public List<CacheTask> page(
            Optional<CacheBuildId> build,
            Optional<TemplateId> template,
            Optional<CacheTask.State> state,
            Optional<CacheTaskId> after,
            int limit) {
        requireNew();
        return tasks.page(new CacheTasks.Filter(
                build, template, state, after.map(CacheTaskId::number).orElse(0L), limit + 1));
    }

    /** One task. */
    public CacheTask task(CacheTaskId id) {
        requireNew();
        return tasks.find(id)
                .orElseThrow(
                        () -> new Refusal(Reason.CACHE_TASK_NOT_FOUND, "id", "There is no cache task " + id + "."));
    }

    /** Has a dead task tried again; refuses one that is not dead. */
    public CacheTask retry(CacheTaskId id, Operator operator) {
        CacheTask before = task(id);
        if (!tasks.retry(id, clock.millis())) {
            throw new Refusal(
                    Reason.CACHE_TASK_STATE_CONFLICT,
                    "id",
                    "Cache task " + id + " is " + before.state() + "; only one that is DEAD can be tried again.");
        }
        LOG.info("{} has {} tried again, it was dead of: {}", operator.name(), id, before.error());
        return task(id);
    }

    private void requireNew() {
        if (databases.truth() != Side.NEW) {
            throw new MigrationFenceException(
                    "The cache of details is filled from the new side, which does not hold the"
                            + " truth yet; nothing was changed. Send the same request again when the switch is over.");
        }
    }
}
