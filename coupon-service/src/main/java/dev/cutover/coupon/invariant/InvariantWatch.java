package dev.cutover.coupon.invariant;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.CouponDatabases;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks whether what must be true of the rows is, and tells in a gauge for each invariant and in the log how often it is not; changes nothing.
 * Nobody who writes waits for it, and nobody is suspected: what one statement sees of one database is one moment of it, and what goes over
 * databases is told when it was wrong by the same amount the time before too.
 *
 * <p>Safe for many threads and processes; one process at a time asks.
 */
public final class InvariantWatch {
    /** How long to wait between two looks: each reads every coupon a few times. */
    public static final Duration PACE = Duration.ofMinutes(10);

    static final String GAUGE = "coupon.invariant.violations";

    private static final Logger LOG = LoggerFactory.getLogger(InvariantWatch.class);
    private static final String TURN = "coupon-invariants";
    private static final int MOST_COUNTED = 1_000;
    private static final int MOST_NAMED = 3;
    private static final String STOCK = "2";
    private static final String BUDGETS = "19";

    private final Topology topology;
    private final CouponDatabases databases;
    private final Totals totals;
    private final Map<String, Double> told = new ConcurrentHashMap<>();
    private Map<Long, Long> stockBefore = Map.of();
    private Map<Long, Long> budgetsBefore = Map.of();

    public InvariantWatch(Topology topology, CouponDatabases databases, MeterRegistry meters) {
        this.topology = topology;
        this.databases = databases;
        this.totals = new Totals(topology);
        Stream.of(RowInvariant.OF_TABLES, RowInvariant.OF_DATABASES, RowInvariant.OF_META)
                .flatMap(List::stream)
                .map(RowInvariant::number)
                .forEach(number -> told.put(number, Double.NaN));
        told.put(STOCK, Double.NaN);
        told.keySet()
                .forEach(number -> Gauge.builder(GAUGE, told, all -> all.getOrDefault(number, Double.NaN))
                        .tag("invariant", number)
                        .description("Rows that break an invariant of the coupon service, as this instance last saw it,"
                                + " up to a thousand a table; NaN before that")
                        .strongReference(true)
                        .register(meters));
    }

    /** Looks once; never throws, for a scheduled task that throws is not run again. */
    public synchronized void tick() {
        if (databases.truth() != Side.NEW) {
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            Turn.inTurn(turn, TURN, this::look);
        } catch (SQLException | UnreachableException e) {
            LOG.warn("The invariants could not be asked, trying later: {}", e.toString());
        } catch (RuntimeException e) {
            LOG.warn("The invariants could not be asked, trying later", e);
        }
    }

    private void look() throws SQLException {
        Epoch epoch = databases.epoch();
        SortedMap<String, Broken> violations = new TreeMap<>();
        told.keySet().forEach(number -> violations.put(number, new Broken()));
        ask(DatabaseId.META, RowInvariant.OF_META, violations);
        ShardLayout layout = topology.plan().layout();
        for (int database = 0; database < layout.databases(); database++) {
            ask(DatabaseId.shard(database), RowInvariant.OF_DATABASES, violations);
            for (int table = 0; table < layout.tables(); table++) {
                int slot = database * layout.tables() + table;
                ask(
                        DatabaseId.shard(database),
                        RowInvariant.OF_TABLES.stream()
                                .map(one ->
                                        new RowInvariant(one.what(), RowInvariant.of(layout, slot, one.violations())))
                                .toList(),
                        violations);
            }
        }
        Map<Long, Long> stock = totals.stockBeyond();
        Map<Long, Long> budgets = totals.budgetBeyond();
        if (databases.truth() != Side.NEW || !databases.epoch().equals(epoch)) {
            // Rows of both sides were seen.
            return;
        }
        twice(stock, stockBefore, "pieces of the stock", broken(violations, STOCK));
        twice(budgets, budgetsBefore, "minor units of the budget", broken(violations, BUDGETS));
        stockBefore = stock;
        budgetsBefore = budgets;
        violations.forEach(this::tell);
    }

    /** How often, and the first few times. */
    private static final class Broken {
        private final List<String> named = new ArrayList<>();
        private long times;

        void add(String violation) {
            times++;
            if (named.size() < MOST_NAMED) {
                named.add(violation);
            }
        }
    }

    private static Broken broken(Map<String, Broken> violations, String number) {
        return violations.computeIfAbsent(number, first -> new Broken());
    }

    private void ask(DatabaseId database, List<RowInvariant> invariants, Map<String, Broken> violations)
            throws SQLException {
        try (Connection connection = topology.database(database).getConnection()) {
            for (RowInvariant one : invariants) {
                Sql.list(connection, row -> row.getString(1), one.violations() + " LIMIT " + MOST_COUNTED)
                        .forEach(row ->
                                broken(violations, one.number()).add(one.what() + ": " + row + " in " + database));
            }
        }
    }

    private static void twice(Map<Long, Long> now, Map<Long, Long> before, String what, Broken violations) {
        now.forEach((template, more) -> {
            if (more.equals(before.get(template))) {
                violations.add(
                        "of template " + template + " there are " + more + " " + what + " more than it was given");
            }
        });
    }

    private void tell(String number, Broken violations) {
        told.put(number, (double) violations.times);
        if (violations.times > 0) {
            LOG.error("Invariant {} is broken {} times, such as {}", number, violations.times, violations.named);
        }
    }
}
