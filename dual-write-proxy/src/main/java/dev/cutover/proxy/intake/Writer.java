package dev.cutover.proxy.intake;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.fence.OwnGtid;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.proxy.ConcurrentOperationException;
import dev.cutover.proxy.OutcomeUnknownException;
import dev.cutover.proxy.Patience;
import dev.cutover.proxy.ProxyOptions;
import dev.cutover.proxy.UnitOfWork;
import dev.cutover.proxy.WorkFailedException;
import dev.cutover.proxy.WriteFencedException;
import dev.cutover.proxy.mirror.Mirror;
import dev.cutover.proxy.report.Count;
import dev.cutover.proxy.report.ProxyReport;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The write path. Safe for many threads; each unit runs on its caller's thread and on a session of its own.
 *
 * <p><b>Idea.</b> A unit is one transaction on the side its frozen view names. Its first statement reads the fence {@code FOR SHARE} and so
 * holds it: a close waits for this unit, and this unit does not begin behind a close. Its last statement reads the fence again. Whatever
 * ends a transaction behind the application's back ends the unit, which is run again as a whole; its operation id, inserted in the same
 * transaction, tells a repetition from a first run.
 *
 * <p><b>Invariant.</b> A unit that was answered is committed exactly once, under a fence that said {@code (primary, its epoch)} from its
 * first statement to its commit.
 *
 * <p><b>What breaks without it.</b>
 *
 * <ul>
 *   <li>Without the first read, a unit writes on the side that has just been left. Without {@code FOR SHARE} it does so whenever the close
 *       falls between its check and its commit.
 *   <li>Without the last read: after a deadlock (1213) the session is in a new transaction that holds nothing; an application that
 *       swallows the error would commit the rest of its unit after the close. The guard refuses that, and the last read would find it
 *       even where the guard was fooled.
 *   <li>With statements run again one by one instead of whole units, the first half of a unit could land on OLD and the second on NEW.
 *   <li>With a lost answer to COMMIT taken for a failure, the caller repeats what has happened. The unit is run again, on whichever side
 *       is open by now: operation ids travel with the rows, so {@code replay} finds the earlier run there.
 *   <li>After an unknown commit even a refusal by the business may be an echo of the unit's own first run: {@code replay} is asked once
 *       more before it is believed.
 * </ul>
 */
public final class Writer {
    private static final Logger LOG = LoggerFactory.getLogger(Writer.class);

    // A twin's result is found at the next run; more often than this means that the work does not look for it.
    private static final int MOST_TWINS = 3;

    private final Topology topology;
    private final MigrationPlan plan;
    private final RoutingViews views;
    private final Mirror mirror;
    private final ProxyReport report;
    private final SessionWatch watch;
    private final Duration recheck;
    private final Failpoints failpoints;

    public Writer(
            Topology topology,
            RoutingViews views,
            Mirror mirror,
            ProxyReport report,
            SessionWatch watch,
            ProxyOptions options) {
        this.topology = topology;
        this.plan = topology.plan();
        this.views = views;
        this.mirror = mirror;
        this.report = report;
        this.watch = watch;
        this.recheck = options.recheck();
        this.failpoints = options.failpoints();
    }

    public <T> T write(long shardKey, Patience patience, UnitOfWork<T> work) {
        long begun = System.nanoTime();
        try {
            return new Call<>(shardKey, begun, patience, work).answer();
        } finally {
            report.unitTook(Duration.ofNanos(System.nanoTime() - begun));
        }
    }

    /** One call of the application: as many attempts as its budget allows. */
    private final class Call<T> {
        private final long begun;
        private final Duration budget;
        private final Optional<Duration> listening;
        private final int slot;
        private final UnitOfWork<T> work;
        private int twins;
        private boolean fenced;
        private @Nullable SQLException unknown;
        private @Nullable RuntimeException doubted;

        Call(long shardKey, long begun, Patience patience, UnitOfWork<T> work) {
            this.begun = begun;
            this.budget = patience.budget();
            this.listening = patience.listening();
            this.slot = plan.layout().slot(shardKey);
            this.work = work;
        }

        T answer() {
            try {
                while (true) {
                    RoutingView view = views.current();
                    Attempt<T> attempt = attempt(view);
                    if (attempt instanceof Attempt.Done<T> done) {
                        return done.value();
                    }
                    if (attempt instanceof Attempt.Failed<T> failed) {
                        believe(failed.failure());
                        continue;
                    }
                    if (attempt instanceof Attempt.Twin<T> twin && ++twins > MOST_TWINS) {
                        throw twin.found();
                    }
                    note(attempt);
                    Duration left = budget.minusNanos(System.nanoTime() - begun);
                    if (left.isNegative() || left.isZero()) {
                        throw givenUp(attempt, null);
                    }
                    if (!(attempt instanceof Attempt.Twin)) {
                        await(attempt, view, left);
                    }
                }
            } finally {
                if (fenced) {
                    report.fenceWait(waited());
                }
            }
        }

        private void await(Attempt<T> attempt, RoutingView view, Duration left) {
            // A little at random, so that a hundred refused writers do not come back as one.
            Duration pause = Duration.ofNanos(
                    recheck.toNanos() * ThreadLocalRandom.current().nextLong(70, 160) / 100);
            try {
                views.awaitOther(view, pause.compareTo(left) < 0 ? pause : left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw givenUp(attempt, e);
            }
        }

        private void note(Attempt<T> attempt) {
            if (attempt instanceof Attempt.Refused) {
                fenced = true;
                report.count(Count.FENCED_RETRIES);
            } else if (attempt instanceof Attempt.Killed) {
                report.count(Count.KILLED);
            } else if (attempt instanceof Attempt.Unknown<T> lost) {
                unknown = lost.error();
                report.count(Count.COMMIT_UNKNOWN);
            }
        }

        /** Throws what the work threw, unless a commit with an unknown outcome makes it doubtful: then replay is asked once more. */
        private void believe(RuntimeException failure) {
            if (unknown == null || doubted != null) {
                throw doubted == null ? failure : doubted;
            }
            doubted = failure;
        }

        private RuntimeException givenUp(Attempt<T> attempt, @Nullable InterruptedException interruption) {
            if (unknown != null) {
                return new OutcomeUnknownException(
                        "The answer to a COMMIT was lost, and within " + budget.toMillis()
                                + " ms it could not be learned whether it happened (" + unknown.getMessage()
                                + "). Call again with the same operation id.",
                        unknown);
            }
            if (attempt instanceof Attempt.Refused<T> refused) {
                report.count(Count.FENCED_OUT);
                return new WriteFencedException(
                        "No write was admitted within " + budget.toMillis() + " ms: the fence of " + refused.database()
                                + " reads " + refused.fence().describe()
                                + ". A switch is under way; nothing was written, try again.",
                        waited(),
                        interruption);
            }
            if (attempt instanceof Attempt.Killed<T> killed) {
                return new WorkFailedException(
                        "The unit on " + killed.database() + " was ended, run again while "
                                + budget.toMillis() + " ms lasted, and is rolled back: "
                                + killed.error().getMessage(),
                        killed.error());
            }
            if (attempt instanceof Attempt.NotBegun<T> notBegun) {
                return notBegun.failure();
            }
            if (attempt instanceof Attempt.Twin<T> twin) {
                return twin.found();
            }
            throw new IllegalStateException("No reason to give up after " + attempt);
        }

        private Duration waited() {
            return Duration.ofNanos(System.nanoTime() - begun);
        }

        private Attempt<T> attempt(RoutingView view) {
            DatabaseId database = RoutingView.database(view.truth(), plan.layout(), slot);
            UnitGuard guard = UnitGuard.ofUnit();
            try (Connection session = topology.units(database).getConnection()) {
                boolean committed = false;
                try (OwnGtid own = OwnGtid.listen(session)) {
                    Attempt<T> attempt = attempt(view, database, session, own, guard);
                    committed = attempt instanceof Attempt.Done<T> done && done.committed();
                    return attempt;
                } finally {
                    guard.end();
                    if (!committed) {
                        rollBack(session);
                    }
                }
            } catch (SQLException e) {
                return new Attempt.Killed<>(database, e);
            } catch (UnreachableException e) {
                return new Attempt.NotBegun<>(e);
            }
        }

        private Attempt<T> attempt(
                RoutingView view, DatabaseId database, Connection session, OwnGtid own, UnitGuard guard)
                throws SQLException {
            failpoints.hit(Failpoint.UNIT_BEGUN);
            Fence.WriterRead first = Fence.readSharedAsWriter(session);
            if (view.mirrors() && !first.tracksOwnGtid()) {
                session.rollback();
                OwnGtid.turnOn(session);
                first = Fence.readSharedAsWriter(session);
            }
            if (!first.state().admits(Role.PRIMARY, view.epoch())) {
                return new Attempt.Refused<>(database, first.state());
            }
            failpoints.hit(Failpoint.UNIT_FENCED);
            FencedUnit unit =
                    new FencedUnit(plan, GuardedConnection.around(session, guard), view.truth(), view.epoch(), slot);
            T value;
            try (SessionWatch.Watched watched =
                    watch.over(database, session, guard, listening.map(all -> all.minus(waited())))) {
                Optional<T> replayed = work.replay(unit);
                requireUnhurt(guard);
                if (replayed.isPresent()) {
                    report.count(Count.REPLAYED);
                    return new Attempt.Done<>(replayed.get(), false);
                }
                if (doubted != null) {
                    return new Attempt.Failed<>(doubted);
                }
                value = work.run(unit);
                requireUnhurt(guard);
            } catch (SQLException | RuntimeException e) {
                return failed(database, guard, e);
            }
            guard.end();
            // The last statement before COMMIT, and the only read of the fence that counts.
            Fence.WriterRead last = Fence.readSharedAsWriter(session);
            FenceState fence = last.state();
            if (!fence.admits(Role.PRIMARY, view.epoch())) {
                return new Attempt.Refused<>(database, fence);
            }
            failpoints.hit(Failpoint.UNIT_WRITTEN);
            own.forget();
            try {
                session.commit();
            } catch (SQLException e) {
                return new Attempt.Unknown<>(database, e);
            }
            report.count(Count.COMMITTED);
            failpoints.hit(Failpoint.UNIT_COMMITTED);
            if (view.mirrors()) {
                Optional<String> gtid = last.tracksOwnGtid() ? own.last() : Optional.empty();
                unit.touched().forEach((where, keys) -> mirror.accept(keys, view, where, gtid));
            }
            return new Attempt.Done<>(value, true);
        }

        /** What the attempt came to stands, whatever becomes of the session. */
        private void rollBack(Connection session) throws SQLException {
            try {
                session.rollback();
            } catch (SQLException e) {
                LOG.debug("A session that cannot roll back is thrown away; the server rolls back what it had", e);
                session.abort(Runnable::run);
            }
        }

        private void requireUnhurt(UnitGuard guard) throws SQLException {
            SQLException killer = guard.killer();
            SQLException hurt = killer != null ? killer : guard.offence();
            if (hurt != null) {
                // The work has swallowed it.
                throw hurt;
            }
        }

        private Attempt<T> failed(DatabaseId database, UnitGuard guard, Exception thrown) {
            SQLException killer = guard.killer();
            if (killer != null) {
                return new Attempt.Killed<>(database, killer);
            }
            if (thrown instanceof ConcurrentOperationException twin) {
                return new Attempt.Twin<>(twin);
            }
            if (thrown instanceof RuntimeException failure) {
                return new Attempt.Failed<>(failure);
            }
            SQLException error = (SQLException) thrown;
            return new Attempt.Failed<>(new WorkFailedException(
                    "The unit on " + database + " failed and is rolled back: " + error.getMessage(), error));
        }
    }
}
