package dev.cutover.coupon.statistics;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.sql.Turn;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums over all coupons on NEW, kept in the meta database and moved by the ledgers of the shard databases.
 *
 * <p>Idea: how far a ledger is in the sums is moved, by compare-and-set, in the transaction of the sums. So each entry counts once,
 * whoever counts and wherever it dies. When NEW holds the truth in another epoch than the sums were counted in, OLD may have written
 * meanwhile without a ledger, and the part of each database is counted anew from its rows.
 *
 * <p>Safe for many threads and processes; one process at a time counts.
 */
public final class Statistics {
    /** A test counts beside whoever counts. */
    static final String TAKES_NO_TURN = "statistics.takesNoTurn";
    /** A test adds what it has read though another has added it, to see itself fail. */
    static final String ADDS_WHAT_IS_ADDED = "statistics.addsWhatIsAdded";

    private static final Logger LOG = LoggerFactory.getLogger(Statistics.class);
    private static final int PART = 1_000;
    private static final int ROWS_A_STATEMENT = 200;
    private static final String SUMS = "issued, redeemed, redeemed_minor, refunded, refunded_minor";
    private static final String ADD_SUMS =
            " ON DUPLICATE KEY UPDATE issued = issued + VALUES(issued), redeemed = redeemed + VALUES(redeemed),"
                    + " redeemed_minor = redeemed_minor + VALUES(redeemed_minor), refunded = refunded + VALUES(refunded),"
                    + " refunded_minor = refunded_minor + VALUES(refunded_minor)";
    private static final String TURN = "coupon-statistics";

    private final Topology topology;
    private final CouponDatabases databases;
    private final MetaDatabase meta;
    private final LedgerFeed feed;
    private final RowCount rows;
    private final InstantSource clock;
    private final Failpoints failpoints;

    public Statistics(
            Topology topology,
            CouponDatabases databases,
            MetaDatabase meta,
            LedgerFeed feed,
            InstantSource clock,
            Failpoints failpoints) {
        this.topology = topology;
        this.databases = databases;
        this.meta = meta;
        this.feed = feed;
        this.rows = new RowCount(topology);
        this.clock = clock;
        this.failpoints = failpoints;
    }

    /** @param entry the last one that is in the sums */
    private record Progress(long epoch, long entry, long countedAt) {}

    /** Counts what came since; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        if (databases.truth() != Side.NEW) {
            return;
        }
        try (Connection turn = topology.database(DatabaseId.META).getConnection()) {
            if (failpoints.planted(TAKES_NO_TURN)) {
                advance();
            } else {
                Turn.inTurn(turn, TURN, this::advance);
            }
        } catch (EpochMovedException e) {
            LOG.debug("A switch came in between, the sums are counted anew behind it", e);
        } catch (SQLException | RuntimeException e) {
            LOG.warn("The statistics could not be moved on, trying again: {}", e.toString());
        }
    }

    private int databaseCount() {
        return topology.plan().layout().databases();
    }

    private void advance() {
        for (int database = 0; database < databaseCount(); database++) {
            advance(database);
        }
    }

    private void advance(int database) {
        Epoch epoch = databases.epoch();
        Optional<Progress> progress = progress(database);
        if (progress.isEmpty() || progress.get().epoch() != epoch.number()) {
            countAnew(database, epoch, progress);
            return;
        }
        long entry = progress.get().entry();
        List<Ledger.Numbered> more;
        do {
            more = feed.next(database, entry, PART);
            if (!more.isEmpty() && !add(database, epoch, entry, more)) {
                return;
            }
            entry = last(more, entry);
        } while (more.size() == PART);
    }

    private static long last(List<Ledger.Numbered> entries, long otherwise) {
        return entries.isEmpty() ? otherwise : entries.get(entries.size() - 1).id();
    }

    /** False when somebody else has counted these entries. */
    private boolean add(int database, Epoch epoch, long entry, List<Ledger.Numbered> more) {
        Tally tally = Tally.of(more);
        return inEpoch(epoch, connection -> {
            String unmoved = failpoints.planted(ADDS_WHAT_IS_ADDED) ? " AND ? IS NOT NULL" : " AND entry_id = ?";
            int moved = Sql.update(
                    connection,
                    "UPDATE coupon_stat_progress SET entry_id = ?, counted_at = ? WHERE database_no = ? AND epoch = ?"
                            + unmoved,
                    last(more, entry),
                    clock.millis(),
                    database,
                    epoch.number(),
                    entry);
            if (moved == 0) {
                return false;
            }
            addSums(connection, database, tally);
            addWhatOnlyTheLedgerTells(connection, database, tally);
            return true;
        });
    }

    private void countAnew(int database, Epoch epoch, Optional<Progress> before) {
        long entry = before.map(Progress::entry).orElse(0L);
        List<Ledger.Numbered> settled = new ArrayList<>();
        List<Ledger.Numbered> more;
        do {
            more = feed.next(database, entry, PART);
            // Only what the rows do not tell is needed of them.
            more.stream()
                    .filter(one ->
                            !one.entry().goods().isEmpty() || one.entry().via().named())
                    .forEach(settled::add);
            entry = last(more, entry);
        } while (!more.isEmpty());
        long settledTo = entry;
        Tally counted = rows.count(database, settledTo);
        boolean ours = inEpoch(epoch, connection -> {
            Optional<Progress> now = progress(connection, database, " FOR UPDATE");
            if (!now.equals(before)) {
                return false;
            }
            Sql.update(connection, "DELETE FROM coupon_stat WHERE database_no = ?", database);
            addSums(connection, database, counted);
            addWhatOnlyTheLedgerTells(connection, database, Tally.of(settled));
            Sql.update(
                    connection,
                    "REPLACE INTO coupon_stat_progress (database_no, epoch, entry_id, counted_at) VALUES (?, ?, ?, ?)",
                    database,
                    epoch.number(),
                    settledTo,
                    clock.millis());
            return true;
        });
        if (ours) {
            LOG.info("Counted the coupons of shard-{} for epoch {}", database, epoch);
        }
    }

    private <T> T inEpoch(Epoch epoch, MetaWork<T> work) {
        return meta.write((connection, found) -> {
            if (!found.equals(epoch)) {
                throw new EpochMovedException("the meta database", "epoch " + found + " instead of " + epoch);
            }
            return work.run(connection);
        });
    }

    @FunctionalInterface
    private interface MetaWork<T> {
        T run(Connection connection) throws SQLException;
    }

    private static void addSums(Connection connection, int database, Tally tally) throws SQLException {
        List<List<@Nullable Object>> tuples = new ArrayList<>();
        tally.sums().forEach((key, sums) -> tuples.add(tuple(sums, database, key.template(), key.day(), key.source())));
        upsert(
                connection,
                "INSERT INTO coupon_stat (database_no, template_id, day, source, " + SUMS + ") VALUES ",
                tuples,
                ADD_SUMS);
    }

    private static List<@Nullable Object> tuple(Sums sums, Object... keys) {
        List<@Nullable Object> tuple = new ArrayList<>(List.of(keys));
        tuple.addAll(
                List.of(sums.issued(), sums.redeemed(), sums.redeemedMinor(), sums.refunded(), sums.refundedMinor()));
        return tuple;
    }

    private static void addWhatOnlyTheLedgerTells(Connection connection, int database, Tally tally)
            throws SQLException {
        addGoods(connection, database, tally);
        List<List<@Nullable Object>> tuples = new ArrayList<>();
        tally.channels()
                .forEach((key, sums) -> tuples.add(tuple(
                        sums,
                        database,
                        key.template(),
                        key.via().name(),
                        key.via().partner(),
                        key.day())));
        upsert(
                connection,
                "INSERT INTO coupon_stat_channel (database_no, template_id, channel, partner_id, day, " + SUMS
                        + ") VALUES ",
                tuples,
                ADD_SUMS);
    }

    private static void addGoods(Connection connection, int database, Tally tally) throws SQLException {
        List<List<@Nullable Object>> tuples = new ArrayList<>();
        tally.goods()
                .forEach((key, sums) -> tuples.add(List.of(
                        database, key.template(), key.goodsSn(), key.day(), sums.redeemed(), sums.redeemedMinor())));
        upsert(
                connection,
                "INSERT INTO coupon_stat_goods (database_no, template_id, goods_sn, day, redeemed, redeemed_minor) VALUES ",
                tuples,
                " ON DUPLICATE KEY UPDATE redeemed = redeemed + VALUES(redeemed),"
                        + " redeemed_minor = redeemed_minor + VALUES(redeemed_minor)");
    }

    private static void upsert(Connection connection, String begin, List<List<@Nullable Object>> tuples, String end)
            throws SQLException {
        for (int from = 0; from < tuples.size(); from += ROWS_A_STATEMENT) {
            List<List<@Nullable Object>> part = tuples.subList(from, Math.min(tuples.size(), from + ROWS_A_STATEMENT));
            Sql.update(
                    connection,
                    begin + Sql.tuples(part.size(), part.get(0).size()) + end,
                    part.stream().flatMap(List::stream).toArray());
        }
    }

    private Optional<Progress> progress(int database) {
        return reading(connection -> progress(connection, database, ""));
    }

    private static Optional<Progress> progress(Connection connection, int database, String lock) throws SQLException {
        return Sql.first(
                connection,
                row -> new Progress(row.getLong(1), row.getLong(2), row.getLong(3)),
                "SELECT epoch, entry_id, counted_at FROM coupon_stat_progress WHERE database_no = ?" + lock,
                database);
    }

    private <T> T reading(MetaWork<T> work) {
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            return work.run(connection);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the statistics", e);
        }
    }

    /** What sums are told apart by in an answer. */
    public enum Group {
        DAY,
        SOURCE,
        PRODUCT,
        CHANNEL
    }

    /**
     * One line of an answer.
     *
     * @param name the day, the source's number, the product's serial number or the channel, empty for none
     * @param partner of the channel, empty for none
     */
    public record Line(String name, String partner, Sums sums) {
        Line(String name, Sums sums) {
            this(name, "", sums);
        }
    }

    /**
     * Sums of one template.
     *
     * @param countedAt epoch milliseconds up to which all databases are counted at least
     */
    public record Report(TemplateId template, Sums total, List<Line> lines, long countedAt) {
        public Report {
            lines = List.copyOf(lines);
        }
    }

    /** The sums of a template from one day to another, both inclusive, on the wall clock of the mall. */
    public Report report(TemplateId template, LocalDate from, LocalDate to, Group group) {
        if (databases.truth() != Side.NEW) {
            throw new MigrationFenceException("Statistics are counted where the coupons are: after the switch to NEW.");
        }
        Epoch epoch = databases.epoch();
        return reading(connection -> {
            List<Progress> progress = Sql.list(
                    connection,
                    row -> new Progress(row.getLong(1), row.getLong(2), row.getLong(3)),
                    "SELECT epoch, entry_id, counted_at FROM coupon_stat_progress WHERE epoch = ?",
                    epoch.number());
            if (progress.size() < databaseCount()) {
                throw new MigrationFenceException(
                        "The coupons are being counted for the first time since the switch; ask again in a moment.");
            }
            Sums total = Sums.NOTHING;
            List<Line> lines = new ArrayList<>();
            for (Line line : lines(connection, template, from, to, group == Group.SOURCE ? "source" : "day")) {
                total = total.plus(line.sums());
                if (group == Group.DAY) {
                    lines.add(new Line(dayText(line.name()), line.sums()));
                } else if (group == Group.SOURCE) {
                    lines.add(line);
                }
            }
            if (group == Group.PRODUCT) {
                lines.addAll(goods(connection, template, from, to));
            }
            if (group == Group.CHANNEL) {
                lines.addAll(channels(connection, template, from, to, total));
            }
            return new Report(
                    template,
                    total,
                    lines,
                    progress.stream().mapToLong(Progress::countedAt).min().orElse(0));
        });
    }

    private static String dayText(String day) {
        return LocalDate.ofEpochDay(Long.parseLong(day)).toString();
    }

    private static List<Line> lines(Connection connection, TemplateId template, LocalDate from, LocalDate to, String by)
            throws SQLException {
        return Sql.list(
                connection,
                row -> new Line(
                        row.getString(1),
                        new Sums(row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5), row.getLong(6))),
                "SELECT " + by + ", SUM(issued), SUM(redeemed), SUM(redeemed_minor), SUM(refunded), SUM(refunded_minor)"
                        + " FROM coupon_stat WHERE template_id = ? AND day BETWEEN ? AND ? GROUP BY " + by
                        + " ORDER BY " + by,
                template.number(),
                from.toEpochDay(),
                to.toEpochDay());
    }

    private static List<Line> goods(Connection connection, TemplateId template, LocalDate from, LocalDate to)
            throws SQLException {
        return Sql.list(
                connection,
                row -> new Line(row.getString(1), new Sums(0, row.getLong(2), row.getLong(3), 0, 0)),
                "SELECT goods_sn, SUM(redeemed), SUM(redeemed_minor) AS minor FROM coupon_stat_goods"
                        + " WHERE template_id = ? AND day BETWEEN ? AND ? GROUP BY goods_sn ORDER BY minor DESC, goods_sn",
                template.number(),
                from.toEpochDay(),
                to.toEpochDay());
    }

    /** By channel and partner, and last what came by none: what the mall did, and what nobody said. */
    private static List<Line> channels(
            Connection connection, TemplateId template, LocalDate from, LocalDate to, Sums total) throws SQLException {
        List<Line> lines = new ArrayList<>(Sql.list(
                connection,
                row -> new Line(
                        row.getString(1),
                        row.getString(2),
                        new Sums(row.getLong(3), row.getLong(4), row.getLong(5), row.getLong(6), row.getLong(7))),
                "SELECT channel, partner_id, SUM(issued), SUM(redeemed), SUM(redeemed_minor), SUM(refunded),"
                        + " SUM(refunded_minor) FROM coupon_stat_channel WHERE template_id = ? AND day BETWEEN ? AND ?"
                        + " GROUP BY channel, partner_id ORDER BY channel, partner_id",
                template.number(),
                from.toEpochDay(),
                to.toEpochDay()));
        Sums rest = total;
        for (Line line : lines) {
            rest = rest.minus(line.sums());
        }
        if (!rest.equals(Sums.NOTHING)) {
            lines.add(new Line("", rest));
        }
        return lines;
    }

    /**
     * A sum that the rows do not bear out.
     *
     * @param what the template, and the day and source where rows know them
     */
    public record Mistake(int database, String what, Sums kept, Sums counted) {}

    /**
     * Counts everything again from the rows, beside all writers, and names what differs. Refunds are compared by template: rows do not
     * know their day. Channels, which rows do not know, are compared with the whole ledger.
     */
    public List<Mistake> recount() {
        List<Mistake> mistakes = new ArrayList<>();
        Epoch epoch = databases.epoch();
        for (int database = 0; database < databaseCount(); database++) {
            int number = database;
            Map<Tally.Key, Sums> kept = new HashMap<>();
            Map<String, Sums> keptChannels = new HashMap<>();
            // Sums and progress belong together: one statement, one snapshot.
            long entry = reading(connection -> {
                connection.setAutoCommit(false);
                try {
                    long at = progress(connection, number, " FOR SHARE")
                            .filter(found -> found.epoch() == epoch.number())
                            .orElseThrow(() -> new MigrationFenceException(
                                    "The coupons have not been counted since the switch; ask again in a moment."))
                            .entry();
                    Sql.list(
                            connection,
                            row -> kept.put(
                                    new Tally.Key(row.getLong(1), row.getInt(2), row.getInt(3)),
                                    new Sums(
                                            row.getLong(4),
                                            row.getLong(5),
                                            row.getLong(6),
                                            row.getLong(7),
                                            row.getLong(8))),
                            "SELECT template_id, day, source, issued, redeemed, redeemed_minor, refunded, refunded_minor"
                                    + " FROM coupon_stat WHERE database_no = ?",
                            number);
                    keptChannels.putAll(RowCount.channels(
                            connection,
                            "SELECT template_id, day, channel, partner_id, " + SUMS
                                    + " FROM coupon_stat_channel WHERE database_no = ?",
                            number));
                    connection.commit();
                    return at;
                } finally {
                    connection.setAutoCommit(true);
                }
            });
            Map<Tally.Key, Sums> counted = rows.count(number, entry).sums();
            compare(number, comparable(kept), comparable(counted), mistakes);
            compare(number, keptChannels, rows.channels(number, entry), mistakes);
        }
        return mistakes;
    }

    private static Map<String, Sums> comparable(Map<Tally.Key, Sums> sums) {
        Map<String, Sums> all = new HashMap<>();
        sums.forEach((key, one) -> {
            all.merge(
                    "template " + key.template() + ", day " + LocalDate.ofEpochDay(key.day()) + ", source "
                            + key.source(),
                    new Sums(one.issued(), one.redeemed(), one.redeemedMinor(), 0, 0),
                    Sums::plus);
            all.merge(
                    "template " + key.template() + ", refunds",
                    new Sums(0, 0, 0, one.refunded(), one.refundedMinor()),
                    Sums::plus);
        });
        return all;
    }

    private static void compare(
            int database, Map<String, Sums> kept, Map<String, Sums> counted, List<Mistake> mistakes) {
        Map<String, Sums> all = new HashMap<>(counted);
        kept.forEach(all::putIfAbsent);
        all.keySet().stream().sorted().forEach(what -> {
            Sums ours = kept.getOrDefault(what, Sums.NOTHING);
            Sums theirs = counted.getOrDefault(what, Sums.NOTHING);
            if (!ours.equals(theirs)) {
                mistakes.add(new Mistake(database, what, ours, theirs));
            }
        });
    }
}
