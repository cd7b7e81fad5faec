package dev.cutover.coupon.statistics;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the sums counted again from the rows, and tells in a gauge and in the log how many of them the rows do not bear out; changes nothing.
 *
 * <p>Safe for many threads and processes; one process at a time counts.
 */
public final class DriftCheck {
    /** How long to wait between two counts: each reads every coupon. */
    public static final Duration PACE = Duration.ofMinutes(10);

    static final String GAUGE = "coupon.statistics.drift";

    private static final Logger LOG = LoggerFactory.getLogger(DriftCheck.class);
    private static final String TURN = "coupon-recount";
    private static final int MOST_NAMED = 5;

    private final Statistics statistics;
    private final Topology topology;
    private final CouponDatabases databases;
    private volatile double drift = Double.NaN;

    public DriftCheck(Statistics statistics, Topology topology, CouponDatabases databases, MeterRegistry meters) {
        this.statistics = statistics;
        this.topology = topology;
        this.databases = databases;
        Gauge.builder(GAUGE, this, check -> check.drift)
                .description("Sums that the rows did not bear out when this instance last counted; NaN before that")
                .strongReference(true)
                .register(meters);
    }

    /** Counts once; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        if (databases.truth() != Side.NEW) {
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            Turn.inTurn(turn, TURN, this::count);
        } catch (MigrationFenceException e) {
            LOG.debug("The sums are not counted yet since a switch", e);
        } catch (SQLException | RuntimeException e) {
            LOG.warn("The statistics could not be counted again, trying later: {}", e.toString());
        }
    }

    private void count() {
        Epoch epoch = databases.epoch();
        List<Statistics.Mistake> mistakes = statistics.recount();
        if (!databases.epoch().equals(epoch)) {
            // What OLD wrote meanwhile is in no sum yet.
            return;
        }
        drift = mistakes.size();
        if (!mistakes.isEmpty()) {
            LOG.error(
                    "{} sums of the statistics are not what the rows say, such as {}",
                    mistakes.size(),
                    mistakes.subList(0, Math.min(MOST_NAMED, mistakes.size())));
        }
    }
}
