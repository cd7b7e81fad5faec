package dev.cutover.coupon.backoffice;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.issuance.CouponTexts;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.Tables;
import dev.cutover.coupon.store.Voiding;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A recall's part in each shard database, a step at a time.
 *
 * <p>Idea: each step is one transaction that locks the row of the part, voids, counts and writes down how far it is. So a process that dies
 * leaves either none of a step or all of it, and two that work at once take turns. The walk goes through every table by the key once; what
 * it could not void, because a hold or somebody's transaction had it, it writes down by its id and comes again for, round after round.
 * What became available behind its back, a use taken back or a coupon that was on its way when the template was paused, the ledger tells:
 * each round begins with the entries that nobody has looked at.
 *
 * <p>Invariant: when a part is done, every coupon of the recall in its database is used, expired or void. Safe for many threads.
 */
final class RecallLegs {
    private static final int ROWS = 500;
    // Of other templates too: nobody has an index by template, and a unit stays short.
    private static final int READ = 20_000;
    private static final int ENTRIES = 50_000;
    // Longer than any transaction lives: entries get their numbers before they are seen.
    private static final Duration SETTLED = Duration.ofMinutes(1);
    private static final int OPEN = 0;
    private static final int DONE = 1;
    private static final int CLOSED = 2;

    private final CouponDatabases databases;
    private final SlotUsers users;
    private final ShardLayout layout;
    private final InstantSource clock;
    private final Duration budget;
    private final Failpoints failpoints;
    private final Voiding voiding;

    RecallLegs(
            CouponDatabases databases,
            SlotUsers users,
            ShardLayout layout,
            InstantSource clock,
            Duration budget,
            Failpoints failpoints) {
        this.databases = databases;
        this.users = users;
        this.layout = layout;
        this.clock = clock;
        this.budget = budget;
        this.failpoints = failpoints;
        this.voiding = new Voiding(failpoints);
    }

    int databases() {
        return users.databases();
    }

    /** What is to be done after a step. */
    enum Next {
        /** Another step. */
        MORE,
        /** Another round, in a while. */
        WAIT,
        NOTHING
    }

    /** How far one part is; the words are those of the columns. */
    record Leg(long mark, int table, long after, long seen, long used, long voided, long held, int state) {
        static final Leg UNBEGUN = new Leg(-1, 0, 0, 0, 0, 0, 0, OPEN);

        boolean walked(ShardLayout layout) {
            return table == layout.tables();
        }
    }

    /** A coupon as a step reads it. */
    private record Found(
            CouponId id,
            long user,
            String requestNo,
            @Nullable String serial,
            int status,
            boolean deleted,
            long validTo) {
        boolean open(long now) {
            return status == CouponRow.AVAILABLE && validTo > now;
        }
    }

    /** The part of a recall in this database as last committed, read on a session of it. */
    static Leg read(Connection shard, RecallId recall) throws SQLException {
        return Sql.first(
                        shard,
                        RecallLegs::leg,
                        "SELECT mark, table_no, after_id, seen, used, voided, held, state FROM coupon_recall_leg"
                                + " WHERE recall_id = ?",
                        recall.number())
                .orElse(Leg.UNBEGUN);
    }

    private static Leg leg(ResultSet row) throws SQLException {
        return new Leg(
                row.getLong(1),
                row.getInt(2),
                row.getLong(3),
                row.getLong(4),
                row.getLong(5),
                row.getLong(6),
                row.getLong(7),
                row.getInt(8));
    }

    /**
     * Does the next step in one database.
     *
     * @param mayEnd whether every claim that was on its way when the template was paused has ended by now
     */
    Next step(Recall recall, int database, boolean mayEnd) {
        return write(database, unit -> {
            Leg leg = locked(unit.connection(), recall);
            if (leg.state() != OPEN) {
                return Next.NOTHING;
            }
            return new Step(recall, unit, now()).from(leg, mayEnd, database);
        });
    }

    /** From when this returns on, nothing is voided in this database for this recall. */
    void close(Recall recall, int database) {
        write(database, unit -> {
            var unused = locked(unit.connection(), recall);
            Sql.update(
                    unit.connection(),
                    "UPDATE coupon_recall_leg SET state = ? WHERE recall_id = ? AND state = ?",
                    CLOSED,
                    recall.id().number(),
                    OPEN);
            return Next.NOTHING;
        });
    }

    // A step whose outcome is not known is done again from where the row says that it is.
    private Next write(int database, CouponDatabases.OnNew<Next> work) {
        return databases.write(users.ofDatabase(database), budget, CouponDatabases.again(database, work));
    }

    private long now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
    }

    private Leg locked(Connection connection, Recall recall) throws SQLException {
        // An insert that changes nothing locks the row all the same, whether it was there or not.
        Sql.update(
                connection,
                "INSERT INTO coupon_recall_leg (recall_id, mark, table_no, after_id, seen, used, voided, held, state)"
                        + " VALUES (?, -1, 0, 0, 0, 0, 0, 0, 0) ON DUPLICATE KEY UPDATE recall_id = recall_id",
                recall.id().number());
        Leg leg = read(connection, recall.id());
        return leg.mark() >= 0
                ? leg
                : new Leg(
                        settled(connection),
                        leg.table(),
                        leg.after(),
                        leg.seen(),
                        leg.used(),
                        leg.voided(),
                        leg.held(),
                        leg.state());
    }

    /** The last entry of the ledger of which every one before it is committed or never will be. */
    private long settled(Connection connection) throws SQLException {
        return Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT entry_id FROM coupon_ledger WHERE created_at < ? ORDER BY entry_id DESC LIMIT 1",
                        now() - SETTLED.toMillis())
                .orElse(0L);
    }

    /** One transaction of a recall. Owned by one thread. */
    private final class Step {
        private final Recall recall;
        private final StoreUnit unit;
        private final Connection connection;
        private final long now;
        private final Optional<CouponTexts> texts;

        Step(Recall recall, StoreUnit unit, long now) {
            this.recall = recall;
            this.unit = unit;
            this.connection = unit.connection();
            this.now = now;
            this.texts = Optional.ofNullable(recall.seed()).map(CouponTexts::new);
        }

        Next from(Leg leg, boolean mayEnd, int database) throws SQLException {
            return leg.walked(layout) ? round(leg, mayEnd) : walk(leg, database * layout.tables() + leg.table());
        }

        private Next walk(Leg leg, int slot) throws SQLException {
            String table = unit.tableOf(Tables.COUPON, slot);
            Optional<Long> end = Sql.first(
                    connection,
                    row -> row.getLong(1),
                    "SELECT coupon_id FROM " + table + " WHERE coupon_id > ? ORDER BY coupon_id LIMIT 1 OFFSET "
                            + (READ - 1),
                    leg.after());
            List<Found> found = found(
                    table,
                    "coupon_id > ? AND coupon_id <= ? AND template_id = ? ORDER BY coupon_id LIMIT " + ROWS,
                    leg.after(),
                    end.orElse(Long.MAX_VALUE),
                    recall.template().number());
            failpoints.hit(Failpoint.RECALL_READ);
            List<Found> ours = found.stream().filter(this::ours).toList();
            List<CouponId> left = new ArrayList<>();
            long voided = take(slot, ours, left);
            long held = leave(left);
            boolean full = found.size() == ROWS;
            boolean on = full || end.isPresent();
            write(new Leg(
                    leg.mark(),
                    on ? leg.table() : leg.table() + 1,
                    full ? found.get(ROWS - 1).id().number() : end.orElse(0L),
                    leg.seen() + ours.size(),
                    leg.used() + used(ours),
                    leg.voided() + voided,
                    leg.held() + held,
                    OPEN));
            return Next.MORE;
        }

        /** The next of those that were left behind; at the beginning of a round what the ledger tells comes to them. */
        private Next round(Leg leg, boolean mayEnd) throws SQLException {
            Leg begun = leg;
            if (leg.after() == 0) {
                long settled = settled(connection);
                boolean further = leg.mark() + ENTRIES < settled;
                begun = new Leg(
                        further ? leg.mark() + ENTRIES : Math.max(leg.mark(), settled),
                        leg.table(),
                        0,
                        leg.seen(),
                        leg.used(),
                        leg.voided(),
                        leg.held() + tell(leg.mark(), further ? leg.mark() + ENTRIES : Long.MAX_VALUE),
                        OPEN);
                if (further) {
                    write(begun);
                    return Next.MORE;
                }
            }
            Map<CouponId, Boolean> told = new LinkedHashMap<>();
            Sql.list(
                    connection,
                    row -> told.put(new CouponId(row.getLong(1)), row.getBoolean(2)),
                    "SELECT coupon_id, told FROM coupon_recall_held WHERE recall_id = ? AND coupon_id > ? ORDER BY coupon_id"
                            + " LIMIT " + ROWS,
                    recall.id().number(),
                    leg.after());
            List<CouponId> some = List.copyOf(told.keySet());
            Leg after = again(begun, some, told);
            boolean over = some.size() < ROWS;
            boolean done = over && after.held() == 0 && mayEnd;
            write(new Leg(
                    after.mark(),
                    after.table(),
                    over ? 0 : some.get(ROWS - 1).number(),
                    after.seen(),
                    after.used(),
                    after.voided(),
                    after.held(),
                    done ? DONE : OPEN));
            return done ? Next.NOTHING : over ? Next.WAIT : Next.MORE;
        }

        /** Writes down the coupons of the template that were issued or given back by these entries; how many were not written down before. */
        private long tell(long above, long to) throws SQLException {
            return Sql.update(
                    connection,
                    "INSERT IGNORE INTO coupon_recall_held (recall_id, coupon_id, told) SELECT DISTINCT ?, coupon_id, 1"
                            + " FROM coupon_ledger told WHERE entry_id > ? AND entry_id <= ? AND template_id = ?"
                            + " AND act IN (?, ?) AND NOT EXISTS (SELECT 1 FROM coupon_ledger WHERE coupon_id = told.coupon_id"
                            + " AND act = ?)",
                    recall.id().number(),
                    above,
                    to,
                    recall.template().number(),
                    Act.ISSUE.number(),
                    Act.RESTORE.number(),
                    Act.VOID.number());
        }

        private Leg again(Leg leg, List<CouponId> some, Map<CouponId, Boolean> told) throws SQLException {
            Map<Integer, List<CouponId>> bySlot =
                    some.stream().collect(Collectors.groupingBy(CouponId::slot, TreeMap::new, Collectors.toList()));
            List<CouponId> left = new ArrayList<>();
            long voided = 0;
            long used = 0;
            for (Map.Entry<Integer, List<CouponId>> slot : bySlot.entrySet()) {
                List<Found> ours = found(
                                unit.tableOf(Tables.COUPON, slot.getKey()),
                                "coupon_id IN " + Sql.tuples(1, slot.getValue().size()),
                                slot.getValue().stream().map(CouponId::number).toArray())
                        .stream()
                        .filter(this::ours)
                        .toList();
                failpoints.hit(Failpoint.RECALL_READ);
                voided += take(slot.getKey(), ours, left);
                // What was given back was used before, and may have been counted so.
                used += used(ours.stream()
                        .filter(one -> !told.getOrDefault(one.id(), false))
                        .toList());
            }
            List<CouponId> settled = new ArrayList<>(some);
            settled.removeAll(Set.copyOf(left));
            if (!settled.isEmpty()) {
                Sql.update(
                        connection,
                        "DELETE FROM coupon_recall_held WHERE recall_id = ? AND coupon_id IN "
                                + Sql.tuples(1, settled.size()),
                        withRecall(settled));
            }
            return new Leg(
                    leg.mark(),
                    leg.table(),
                    leg.after(),
                    leg.seen(),
                    leg.used() + used,
                    leg.voided() + voided,
                    leg.held() - settled.size(),
                    OPEN);
        }

        /** Voids what is free of these; what is not, but may be free later, goes to {@code left}. How many were voided. */
        private long take(int slot, List<Found> ours, List<CouponId> left) throws SQLException {
            List<CouponId> open =
                    ours.stream().filter(one -> one.open(now)).map(Found::id).toList();
            Set<CouponId> voided = voiding.free(unit, slot, open, recall.id().businessNo(), now);
            open.stream().filter(one -> !voided.contains(one)).forEach(left::add);
            return voided.size();
        }

        private long leave(List<CouponId> left) throws SQLException {
            if (left.isEmpty()) {
                return 0;
            }
            List<Long> values = new ArrayList<>();
            left.forEach(coupon -> {
                values.add(recall.id().number());
                values.add(coupon.number());
                values.add(0L);
            });
            return Sql.update(
                    connection,
                    "INSERT IGNORE INTO coupon_recall_held (recall_id, coupon_id, told) VALUES "
                            + Sql.tuples(left.size(), 3),
                    values.toArray());
        }

        private Object[] withRecall(List<CouponId> coupons) {
            List<Long> values = new ArrayList<>();
            values.add(recall.id().number());
            coupons.forEach(coupon -> values.add(coupon.number()));
            return values.toArray();
        }

        private long used(List<Found> ours) {
            return ours.stream().filter(one -> one.status() == CouponRow.USED).count();
        }

        private boolean ours(Found coupon) {
            IssuanceId issuance = recall.issuance();
            return !coupon.deleted()
                    && (issuance == null
                            || issuance.requestNo().equals(coupon.requestNo())
                            // A rollback and another switch leave the serial text of it all.
                            || texts.filter(text -> text.of(coupon.user()).equals(coupon.serial()))
                                    .isPresent());
        }

        private List<Found> found(String table, String which, Object... values) throws SQLException {
            return Sql.list(
                    connection,
                    row -> new Found(
                            new CouponId(row.getLong("coupon_id")),
                            row.getLong("user_id"),
                            row.getString("request_no"),
                            row.getString("coupon_sn"),
                            row.getInt("status"),
                            row.getBoolean("deleted"),
                            row.getLong("valid_to")),
                    "SELECT coupon_id, user_id, request_no, coupon_sn, status, deleted, valid_to FROM " + table
                            + " WHERE " + which,
                    values);
        }

        private void write(Leg leg) throws SQLException {
            Sql.update(
                    connection,
                    "UPDATE coupon_recall_leg SET mark = ?, table_no = ?, after_id = ?, seen = ?, used = ?, voided = ?,"
                            + " held = ?, state = ? WHERE recall_id = ?",
                    leg.mark(),
                    leg.table(),
                    leg.after(),
                    leg.seen(),
                    leg.used(),
                    leg.voided(),
                    leg.held(),
                    leg.state(),
                    recall.id().number());
        }
    }
}
