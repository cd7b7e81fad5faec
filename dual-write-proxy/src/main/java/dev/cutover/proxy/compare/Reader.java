package dev.cutover.proxy.compare;

import dev.cutover.core.CutoverException;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.ReadWork;
import dev.cutover.proxy.WorkFailedException;
import dev.cutover.proxy.intake.FencedUnit;
import dev.cutover.proxy.intake.GuardedConnection;
import dev.cutover.proxy.intake.RoutingView;
import dev.cutover.proxy.intake.RoutingViews;
import dev.cutover.proxy.intake.SessionWatch;
import dev.cutover.proxy.intake.UnitGuard;
import dev.cutover.proxy.report.Count;
import dev.cutover.proxy.report.ProxyReport;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The read path: the truth answers, or NEW for the users whose turn it is. Safe for many threads. */
public final class Reader {
    private static final Logger LOG = LoggerFactory.getLogger(Reader.class);

    private final Topology topology;
    private final MigrationPlan plan;
    private final RoutingViews views;
    private final Shadow shadow;
    private final ProxyReport report;
    private final SessionWatch watch;

    public Reader(Topology topology, RoutingViews views, Shadow shadow, ProxyReport report, SessionWatch watch) {
        this.topology = topology;
        this.plan = topology.plan();
        this.views = views;
        this.shadow = shadow;
        this.report = report;
        this.watch = watch;
    }

    /** @param listening as {@link dev.cutover.proxy.Patience#listening} */
    public <T> T read(long shardKey, Optional<Duration> listening, ReadWork<T> work) {
        long begun = System.nanoTime();
        RoutingView view = views.current();
        int slot = plan.layout().slot(shardKey);
        Side side = view.readSide(shardKey);
        Left left = () -> listening.map(all -> all.minusNanos(System.nanoTime() - begun));
        T result = side == view.truth() ? read(side, slot, left, work) : readOrFallBack(view, side, slot, left, work);
        int share = view.register().shadowPercent();
        if (share > 0 && ThreadLocalRandom.current().nextInt(100) < share) {
            shadow.compare(
                    shardKey,
                    result,
                    () -> read(side.other(), slot, Left.NO_END, work),
                    () -> read(side, slot, Left.NO_END, work));
        }
        return result;
    }

    private <T> T readOrFallBack(RoutingView view, Side side, int slot, Left left, ReadWork<T> work) {
        try {
            return read(side, slot, left, work);
        } catch (RuntimeException e) {
            if (left.now().filter(time -> time.isNegative() || time.isZero()).isPresent()) {
                throw e;
            }
            // Also an answer of the business such as "not found": on this side it may only be late.
            LOG.debug("A read on {} failed and is answered by {}", side, view.truth(), e);
            report.count(Count.READ_FALLBACK);
            return read(view.truth(), slot, left, work);
        }
    }

    private <T> T read(Side side, int slot, Left left, ReadWork<T> work) {
        report.count(side == Side.OLD ? Count.READ_OLD : Count.READ_NEW);
        DatabaseId database = RoutingView.database(side, plan.layout(), slot);
        UnitGuard guard = UnitGuard.ofRead();
        try (Connection session = topology.database(database).getConnection();
                SessionWatch.Watched watched = watch.over(database, session, guard, left.now())) {
            T result = work.run(new FencedUnit(
                    plan,
                    GuardedConnection.around(session, guard),
                    side,
                    views.current().epoch(),
                    slot));
            guard.requireInTime();
            return result;
        } catch (SQLException e) {
            throw new WorkFailedException("A read on " + database + " failed: " + e.getMessage(), e);
        } finally {
            guard.end();
        }
    }

    /** How long somebody still listens. */
    @FunctionalInterface
    private interface Left {
        Left NO_END = Optional::empty;

        Optional<Duration> now();
    }

    /** A read that can be repeated. */
    @FunctionalInterface
    interface Repeatable<T> {
        T read() throws CutoverException;
    }
}
