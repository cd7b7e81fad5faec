package dev.cutover.coupon.issuance;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.SliceStock;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.stock.StockShortException;
import dev.cutover.coupon.store.ClaimOrder;
import dev.cutover.coupon.store.CollisionException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.Sequences;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.StoreView;
import dev.cutover.coupon.store.Tables;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.transfer.StockTransfers;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Issues one coupon of a template to each of some users of one shard database, in one fenced transaction.
 *
 * <p>Idea: each user's row carries {@code (user, request number of the task, item 0)}, a unique key, so a task can give a user one coupon
 * only, whoever asks and however often. A step first reads what its users have of the template: who has a coupon of this task was issued
 * to by an earlier run, who has the limit is not issued to, the others get the next number of {@code uk_claim}. What was read may be
 * overtaken by a claim or by another worker; then a unique key refuses the INSERT and the step is asked again. Stock is taken last and in
 * the same transaction, as a claim does.
 *
 * <p>What does not go together goes apart: when a database refuses a row, or has too little stock, the step is tried in halves, so that one
 * bad user does not keep others from their coupon.
 *
 * <p>Safe for many threads.
 */
final class DatabaseIssuer {
    private static final ClaimOrder.Source SOURCE = ClaimOrder.Source.SENT;
    // What differs from row to row comes as one JSON text: a value of its own for each column of each row costs the
    // driver and the
    // server's parser more than the row costs InnoDB.
    private static final String FROM_JSON =
            " (template_id, source, status, valid_from, valid_to, created_at, updated_at, kind, discount_type,"
                    + " amount_off_minor, percent_off_bp, threshold_minor, request_no, item_no, rule_version,"
                    + " discount_cap_minor, coupon_id, user_id, coupon_sn, claim_seq)"
                    + " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coupon_id, user_id, coupon_sn, claim_seq"
                    + " FROM JSON_TABLE(?, '$[*]' COLUMNS ("
                    + "coupon_id BIGINT PATH '$[0]' ERROR ON EMPTY ERROR ON ERROR,"
                    + " user_id BIGINT PATH '$[1]' ERROR ON EMPTY ERROR ON ERROR,"
                    + " coupon_sn VARCHAR(32) PATH '$[2]' ERROR ON EMPTY ERROR ON ERROR,"
                    + " claim_seq BIGINT PATH '$[3]' ERROR ON EMPTY ERROR ON ERROR)) given";
    // Each collision means that somebody else made progress.
    private static final int MOST_COLLISIONS = 100;

    private final CouponDatabases databases;
    private final Sequences sequences;
    private final StockTransfers transfers;
    private final SoldOut soldOut;
    private final SlotUsers users;
    private final InstantSource clock;
    private final Duration budget;
    private final Failpoints failpoints;

    DatabaseIssuer(
            CouponDatabases databases,
            Sequences sequences,
            StockTransfers transfers,
            SoldOut soldOut,
            SlotUsers users,
            InstantSource clock,
            Duration budget,
            Failpoints failpoints) {
        this.databases = databases;
        this.sequences = sequences;
        this.transfers = transfers;
        this.soldOut = soldOut;
        this.users = users;
        this.clock = clock;
        this.budget = budget;
        this.failpoints = failpoints;
    }

    /**
     * What one step is about.
     *
     * @param validity null where nothing is issued: it is told who was issued to before
     * @param noStock whether the others are told that there is no coupon left for them
     */
    record Step(
            IssuanceTask task,
            int database,
            Template template,
            Template.@Nullable Validity validity,
            int rows,
            boolean noStock) {
        Step soldOut() {
            return new Step(task, database, template, null, rows, true);
        }
    }

    /** Issues to all of these users, who are of the step's database and ordered by slot. */
    Outcome issue(Step step, Chunk.Member[] members) {
        Outcome outcome = new Outcome();
        int from = 0;
        int together = members.length;
        while (from < members.length) {
            together = Math.min(together, members.length - from);
            if (together == 0) {
                // Who was issued to by an earlier run has a coupon all the same.
                outcome.add(once(step.soldOut(), Arrays.copyOfRange(members, from, members.length)));
                return outcome;
            }
            if (limited(step) && soldOut.lately(step.template().id(), together)) {
                together /= 2;
                continue;
            }
            Chunk.Member[] part = Arrays.copyOfRange(members, from, from + together);
            try {
                outcome.add(once(step, part));
                from += together;
            } catch (StockShortException e) {
                if (replenished(step, e.quantity()) == StockTransfers.Outcome.SOLD_OUT) {
                    // Maybe fewer can be had; when not even one can, all the others are told so.
                    together = Math.toIntExact(Math.min(together, e.quantity()) / 2);
                }
            } catch (DatabaseTroubleException e) {
                if (e.unavailable()) {
                    throw e;
                }
                outcome.add(apart(step, part, e));
                from += together;
            }
        }
        return outcome;
    }

    private static boolean limited(Step step) {
        return step.validity() != null && step.template().limited();
    }

    private StockTransfers.Outcome replenished(Step step, long quantity) {
        return transfers.replenish(
                databases.epoch(),
                StockId.coupons(step.template().id()),
                step.database(),
                quantity,
                Deadline.after(budget));
    }

    /** One user is the trouble, or each of them. */
    private Outcome apart(Step step, Chunk.Member[] members, DatabaseTroubleException trouble) {
        if (members.length == 1) {
            Outcome outcome = new Outcome();
            outcome.failed(members[0].user(), "database_refused", String.valueOf(trouble.getMessage()), true);
            return outcome;
        }
        int half = members.length / 2;
        Outcome outcome = issue(step, Arrays.copyOf(members, half));
        outcome.add(issue(step, Arrays.copyOfRange(members, half, members.length)));
        return outcome;
    }

    private Outcome once(Step step, Chunk.Member[] members) {
        for (int collisions = 0; ; collisions++) {
            try {
                Outcome outcome = databases.write(users.ofSlot(members[0].slot()), budget, new Issue(step, members));
                failpoints.hit(Failpoint.ISSUE_STEP_COMMITTED);
                return outcome;
            } catch (CollisionException e) {
                if (collisions >= MOST_COLLISIONS) {
                    throw e;
                }
            }
        }
    }

    /** A coupon that the transaction of a step has given to its user. */
    record Issued(CouponId coupon, long user, long claimSeq) {}

    private final class Issue implements CouponDatabases.Write<Outcome> {
        private final Step step;
        private final Chunk.Member[] members;

        Issue(Step step, Chunk.Member[] members) {
            this.step = step;
            this.members = members;
        }

        // After a commit with an unknown outcome the step runs again, and finds what it did.
        @Override
        public Optional<Outcome> replay(CouponStore store, StoreView view) {
            return Optional.empty();
        }

        @Override
        public Outcome run(CouponStore store, StoreUnit unit) throws SQLException {
            if (unit.side() != Side.NEW) {
                throw new EpochMovedException("shard-" + step.database(), "a unit on OLD");
            }
            long now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
            Outcome outcome = new Outcome();
            List<Issued> given = new ArrayList<>();
            for (int from = 0; from < members.length; ) {
                int to = from + 1;
                while (to < members.length && to - from < step.rows() && members[to].slot() == members[from].slot()) {
                    to++;
                }
                given.addAll(statement(unit, outcome, Arrays.copyOfRange(members, from, to), now));
                from = to;
            }
            issued(unit, given, now);
            return outcome;
        }

        /** Users of one physical table. */
        private List<Issued> statement(StoreUnit unit, Outcome outcome, Chunk.Member[] some, long now)
                throws SQLException {
            int slot = some[0].slot();
            String table = unit.tableOf(Tables.COUPON, slot);
            Map<Long, Held> held = held(unit, table, some);
            List<Long> wanting = new ArrayList<>();
            for (Chunk.Member member : some) {
                Held before = held.getOrDefault(member.user(), Held.NOTHING);
                if (before.ofThisTask()) {
                    outcome.issued(member.user());
                } else if (step.validity() != null || step.noStock) {
                    Long limit = step.template().perUserLimit();
                    if (limit != null && before.coupons() >= limit) {
                        outcome.failed(
                                member.user(),
                                Reason.PER_USER_LIMIT_REACHED.code(),
                                "The user has " + before.coupons() + " of at most " + limit + " coupons.",
                                false);
                    } else if (step.noStock) {
                        outcome.failed(
                                member.user(),
                                Reason.SOLD_OUT.code(),
                                String.valueOf(step.template().soldOut().getMessage()),
                                true);
                    } else {
                        wanting.add(member.user());
                        outcome.issued(member.user());
                    }
                }
            }
            if (wanting.isEmpty()) {
                return List.of();
            }
            List<Issued> given = new ArrayList<>(wanting.size());
            List<Long> numbers = sequences.next(Sequences.COUPON, wanting.size());
            for (int i = 0; i < numbers.size(); i++) {
                long user = wanting.get(i);
                given.add(new Issued(
                        CouponId.of(numbers.get(i), slot),
                        user,
                        held.getOrDefault(user, Held.NOTHING).nextClaim()));
            }
            insert(unit, table, slot, given, now);
            return given;
        }

        private Map<Long, Held> held(StoreUnit unit, String table, Chunk.Member[] some) throws SQLException {
            List<@Nullable Object> values = new ArrayList<>(some.length + 1);
            values.add(step.template().id().number());
            for (Chunk.Member member : some) {
                values.add(member.user());
            }
            String request = step.task().id().requestNo();
            CouponTexts texts = new CouponTexts(step.task().seed());
            Map<Long, Held> held = new HashMap<>();
            Sql.list(
                    unit.connection(),
                    row -> held.merge(
                            row.getLong(1),
                            new Held(
                                    1,
                                    row.getLong(2),
                                    request.equals(row.getString(3))
                                            || texts.of(row.getLong(1)).equals(row.getString(4))),
                            Held::and),
                    "SELECT user_id, claim_seq, request_no, coupon_sn FROM " + table
                            + " WHERE template_id = ? AND user_id IN " + Sql.tuples(1, some.length),
                    values.toArray());
            return held;
        }

        private void insert(StoreUnit unit, String table, int slot, List<Issued> given, long now) throws SQLException {
            Template.Validity validity = Objects.requireNonNull(step.validity());
            Discount discount = step.template().discount();
            CouponTexts texts = new CouponTexts(step.task().seed());
            ArrayNode rows = JsonNodeFactory.instance.arrayNode(given.size());
            for (Issued one : given) {
                rows.addArray()
                        .add(one.coupon().number())
                        .add(one.user())
                        .add(texts.of(one.user()))
                        .add(one.claimSeq());
            }
            try {
                Sql.update(
                        unit.connection(),
                        "INSERT INTO " + table + FROM_JSON,
                        step.template().id().number(),
                        SOURCE.number(),
                        CouponRow.AVAILABLE,
                        validity.from(),
                        validity.to(),
                        now,
                        now,
                        discount.kind(),
                        discount.type(),
                        discount.amountOffMinor(),
                        discount.percentOffBp(),
                        discount.thresholdMinor(),
                        step.task().id().requestNo(),
                        0,
                        step.template().terms().ruleVersion(),
                        discount.capMinor(),
                        rows.toString());
            } catch (SQLException e) {
                if (MySqlErrors.duplicate(e)) {
                    throw new CollisionException("A step of " + step.task().id(), e);
                }
                throw e;
            }
            for (Issued one : given) {
                unit.touchedIn(Tables.COUPON, slot, Long.toString(one.coupon().number()));
            }
        }

        /** All coupons of this transaction are here; the last thing before its commit. */
        private void issued(StoreUnit unit, List<Issued> given, long now) throws SQLException {
            TemplateId template = step.template().id();
            String request = step.task().id().requestNo();
            // Thousands of users who have not asked: their kept coupons are brought up to date out of the ledger.
            Ledger.append(
                    unit.connection(),
                    given.stream()
                            .map(one -> Entry.of(
                                            Act.ISSUE,
                                            one.coupon(),
                                            one.user(),
                                            template,
                                            SOURCE.number(),
                                            0,
                                            request,
                                            now)
                                    .via(step.task().via()))
                            .toList());
            if (limited(step)
                    && !given.isEmpty()
                    && !SliceStock.take(unit.connection(), StockId.coupons(template), given.size())) {
                throw new StockShortException(StockId.coupons(template), given.size());
            }
            failpoints.hit(Failpoint.ISSUE_INSERTED);
        }
    }

    /**
     * What a user has of the template.
     *
     * @param coupons how many rows, also deleted ones and those of the mall
     * @param highest claim number
     */
    private record Held(long coupons, long highest, boolean ofThisTask) {
        static final Held NOTHING = new Held(0, 0, false);

        Held and(Held other) {
            return new Held(coupons + other.coupons, Math.max(highest, other.highest), ofThisTask || other.ofThisTask);
        }

        long nextClaim() {
            return Math.max(coupons, highest) + 1;
        }
    }
}
