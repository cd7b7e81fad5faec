package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.ClaimStock;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.stock.StockShortException;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateRow;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Coupons in the sharded tables: one local transaction in the user's database, whose stock slices it shares with other users.
 *
 * <p>Idea: the unique key {@code (user_id, template_id, claim_seq)} is the limit. A claim counts the user's coupons and numbers the
 * new ones from there; two claims that counted the same collide at the key, and the later one counts again. Coupons that came from
 * the mall have negative numbers and are counted all the same. Invariant: a positive number is given once, and never above the limit.
 * The slices are decremented last, because many users wait for them and nobody waits for a user's own rows.
 *
 * <p>Safe for many threads.
 */
public final class ShardedCouponStore implements CouponStore {
    private static final int COUPON_COLUMNS = 20;

    private static final String COLUMNS = "coupon_id, user_id, template_id, coupon_sn, status, used_at, valid_from,"
            + " valid_to, order_no, created_at, kind, discount_type, amount_off_minor, percent_off_bp, threshold_minor,"
            + " discount_cap_minor, hold_no, hold_until";
    private static final String COUPON = "SELECT " + COLUMNS + " FROM ";
    private static final String VERSIONED = "SELECT version, " + COLUMNS + " FROM ";

    private final Templates templates;
    private final Sequences sequences;
    private final SoldOut soldOut;
    private final CouponUses uses;
    private final ClaimStock stock;

    public ShardedCouponStore(
            Templates templates, Sequences sequences, SoldOut soldOut, CouponUses uses, ClaimStock stock) {
        this.templates = templates;
        this.sequences = sequences;
        this.soldOut = soldOut;
        this.uses = uses;
        this.stock = stock;
    }

    @Override
    public Optional<Recorded> operation(StoreView view, long userId, String operationId) throws SQLException {
        return OperationRows.find(view, userId, operationId);
    }

    @Override
    public String claim(StoreUnit unit, ClaimOrder order, long now, Function<Claimed, String> answer)
            throws SQLException {
        List<Template> known = new ArrayList<>();
        for (ClaimOrder.Item item : order.items()) {
            Template template = templates
                    .find(item.template())
                    .orElseThrow(() ->
                            Template.notFound(item.template(), item.param()).ofItem(item.number()));
            order.requireAdmitted(template);
            known.add(template);
        }
        Map<TemplateId, Held> held = held(unit, order);
        List<Claimed.Item> items = new ArrayList<>();
        Iterator<Long> numbers =
                sequences.next(Sequences.COUPON, order.quantity()).iterator();
        for (int i = 0; i < known.size(); i++) {
            ClaimOrder.Item item = order.items().get(i);
            Template template = known.get(i);
            try {
                Template.Validity validity = template.claimedAt(now);
                template.requireRoom(
                        held.getOrDefault(item.template(), Held.NOTHING).coupons(), item.quantity());
                if (template.terms().dailyLimit() != null) {
                    template.requireRoomToday(today(unit, order.userId(), item.template(), now), item.quantity());
                }
                if (template.limited() && soldOut.lately(item.template(), item.quantity())) {
                    throw template.soldOut();
                }
                List<CouponId> coupons = new ArrayList<>();
                for (int coupon = 0; coupon < item.quantity(); coupon++) {
                    coupons.add(CouponId.of(numbers.next(), unit.slot()));
                }
                items.add(new Claimed.Item(item, template, validity, coupons));
            } catch (Refusal e) {
                throw e.ofItem(item.number());
            }
        }
        Claimed claimed = new Claimed(order, now, items);
        String result = answer.apply(claimed);
        OperationRows.record(unit, order.operation(), result, now);
        insertCoupons(unit, claimed, held);
        Ledger.append(unit.connection(), issued(claimed));
        unit.acted(order.userId());
        for (ClaimOrder.Item item : order.inStockOrder()) {
            boolean limited = known.get(order.items().indexOf(item)).limited();
            if (limited && !stock.take(unit.connection(), unit.slot(), item.template(), item.quantity())) {
                throw new StockShortException(StockId.coupons(item.template()), item.quantity());
            }
        }
        return result;
    }

    /**
     * What the user has of a template already.
     *
     * @param coupons how many rows, also deleted ones and those of the mall
     * @param nextClaim the first free number
     */
    private record Held(long coupons, long nextClaim) {
        static final Held NOTHING = new Held(0, 1);
    }

    private static Map<TemplateId, Held> held(StoreUnit unit, ClaimOrder order) throws SQLException {
        List<Object> values = new ArrayList<>();
        values.add(order.userId());
        order.items().forEach(item -> values.add(item.template().number()));
        Map<TemplateId, Held> held = new HashMap<>();
        Sql.list(
                unit.connection(),
                row -> held.put(
                        new TemplateId(row.getLong(1)),
                        new Held(row.getLong(2), Math.max(row.getLong(2), row.getLong(3)) + 1)),
                "SELECT template_id, COUNT(*), MAX(claim_seq) FROM " + unit.table(Tables.COUPON)
                        + " WHERE user_id = ? AND template_id IN "
                        + Sql.tuples(1, order.items().size()) + " GROUP BY template_id",
                values.toArray());
        return held;
    }

    /**
     * What the user got of a template since midnight in the mall. Two claims that count the same meet at the key of the claim's number
     * like those that count all, so the limit of a day holds as well as the limit for ever.
     */
    private static long today(StoreUnit unit, long userId, TemplateId template, long now) throws SQLException {
        return Sql.first(
                        unit.connection(),
                        row -> row.getLong(1),
                        "SELECT COUNT(*) FROM " + unit.table(Tables.COUPON)
                                + " WHERE user_id = ? AND template_id = ? AND created_at >= ?",
                        userId,
                        template.number(),
                        MallTime.midnight(now))
                .orElse(0L);
    }

    private static List<Entry> issued(Claimed claimed) {
        ClaimOrder order = claimed.order();
        List<Entry> entries = new ArrayList<>();
        for (Claimed.Item item : claimed.items()) {
            for (CouponId coupon : item.coupons()) {
                entries.add(Entry.of(
                                Act.ISSUE,
                                coupon,
                                order.userId(),
                                item.asked().template(),
                                order.source().number(),
                                0,
                                order.operation().id(),
                                claimed.at())
                        .via(order.via()));
            }
        }
        return entries;
    }

    /** One statement, however many coupons. */
    private static void insertCoupons(StoreUnit unit, Claimed claimed, Map<TemplateId, Held> held) throws SQLException {
        ClaimOrder order = claimed.order();
        List<@Nullable Object> values = new ArrayList<>();
        int itemNo = 0;
        for (Claimed.Item item : claimed.items()) {
            Discount discount = item.template().discount();
            long nextClaim =
                    held.getOrDefault(item.asked().template(), Held.NOTHING).nextClaim();
            for (int i = 0; i < item.coupons().size(); i++) {
                values.add(item.coupons().get(i).number());
                values.add(order.userId());
                values.add(item.asked().template().number());
                values.add(item.asked().couponSns().get(i));
                values.add(order.source().number());
                values.add(CouponRow.AVAILABLE);
                values.add(item.validity().from());
                values.add(item.validity().to());
                values.add(claimed.at());
                values.add(claimed.at());
                values.add(discount.kind());
                values.add(discount.type());
                values.add(discount.amountOffMinor());
                values.add(discount.percentOffBp());
                values.add(discount.thresholdMinor());
                values.add(nextClaim + i);
                values.add(order.operation().id());
                values.add(itemNo++);
                values.add(item.template().terms().ruleVersion());
                values.add(discount.capMinor());
            }
        }
        try {
            Sql.update(
                    unit.connection(),
                    "INSERT INTO " + unit.table(Tables.COUPON)
                            + " (coupon_id, user_id, template_id, coupon_sn, source, status, valid_from, valid_to, created_at,"
                            + " updated_at, kind, discount_type, amount_off_minor, percent_off_bp, threshold_minor, claim_seq,"
                            + " request_no, item_no, rule_version, discount_cap_minor) VALUES "
                            + Sql.tuples(itemNo, COUPON_COLUMNS),
                    values.toArray());
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                throw new CollisionException("A claim of user " + order.userId(), e);
            }
            throw e;
        }
        for (Claimed.Item item : claimed.items()) {
            for (CouponId coupon : item.coupons()) {
                unit.touched(Tables.COUPON, Long.toString(coupon.number()));
            }
        }
    }

    @Override
    public List<CouponRow> page(StoreView view, PageRequest page) throws SQLException {
        List<@Nullable Object> values = new ArrayList<>();
        StringBuilder where = new StringBuilder(" WHERE user_id = ? AND deleted = 0 AND coupon_id > ?");
        values.add(page.userId());
        values.add(page.after().map(CouponId::number).orElse(0L));
        CouponFilter filter = page.filter();
        if (filter.kind().isPresent()) {
            where.append(" AND kind = ?");
            values.add(filter.kind().getAsInt());
        }
        if (filter.template().isPresent()) {
            where.append(" AND template_id = ?");
            values.add(filter.template().get().number());
        }
        if (filter.status().isPresent()) {
            switch (filter.status().get()) {
                case AVAILABLE -> {
                    where.append(" AND status = 1 AND valid_to > ? AND COALESCE(hold_until, 0) <= ?");
                    values.add(page.now());
                    values.add(page.now());
                }
                case EXPIRED -> {
                    where.append(" AND (status = 4 OR status = 1 AND valid_to <= ? AND COALESCE(hold_until, 0) <= ?)");
                    values.add(page.now());
                    values.add(page.now());
                }
                case USED -> where.append(" AND status = 3");
                case VOIDED -> where.append(" AND status = 5");
                case HELD -> {
                    where.append(" AND status = 1 AND hold_until > ?");
                    values.add(page.now());
                }
            }
        }
        values.add(page.limit());
        return Sql.list(
                view.connection(),
                ShardedCouponStore::couponRow,
                COUPON + view.table(Tables.COUPON) + where + " ORDER BY coupon_id LIMIT ?",
                values.toArray());
    }

    @Override
    public Optional<CouponRow> coupon(StoreView view, CouponId id) throws SQLException {
        return find(view, id);
    }

    /** The coupon, also one that was put into the archive: nobody can use it, and whoever asks is told why. */
    static Optional<CouponRow> find(StoreView view, CouponId id) throws SQLException {
        String table = view.table(Tables.COUPON);
        // Once more where it was not: a refund may have brought it back between the two.
        for (String place : List.of(table, Tables.archiveOf(table), table)) {
            Optional<CouponRow> there = find(view, place, id);
            if (there.isPresent()) {
                return there;
            }
        }
        return Optional.empty();
    }

    private static Optional<CouponRow> find(StoreView view, String table, CouponId id) throws SQLException {
        return Sql.first(
                view.connection(),
                ShardedCouponStore::couponRow,
                COUPON + table + " WHERE coupon_id = ? AND deleted = 0",
                id.number());
    }

    /** What the user has not used, also what is held or cannot be used yet; what ends first comes first. */
    static List<CouponRow> unused(StoreView view, long userId, int limit, long now) throws SQLException {
        return Sql.list(
                view.connection(),
                ShardedCouponStore::couponRow,
                COUPON + view.table(Tables.COUPON)
                        + " WHERE user_id = ? AND deleted = 0 AND status = 1 AND (valid_to > ? OR hold_until > ?)"
                        + " ORDER BY valid_to, coupon_id LIMIT ?",
                userId,
                now,
                now,
                limit);
    }

    /** The same of NEW with their versions, in no particular order. */
    public static List<VersionedCoupon> unusedVersions(StoreView view, long userId, int limit, long now)
            throws SQLException {
        return Sql.list(
                view.connection(),
                ShardedCouponStore::versioned,
                VERSIONED + view.table(Tables.COUPON)
                        + " WHERE user_id = ? AND deleted = 0 AND status = 1 AND (valid_to > ? OR hold_until > ?) LIMIT ?",
                userId,
                now,
                now,
                limit);
    }

    /** Coupons of one slot of NEW with their versions, whatever became of them, without those that are not there. */
    public static List<VersionedCoupon> versions(StoreView view, List<CouponId> ids) throws SQLException {
        return Sql.list(
                view.connection(),
                ShardedCouponStore::versioned,
                VERSIONED + view.table(Tables.COUPON) + " WHERE coupon_id IN " + Sql.tuples(1, ids.size())
                        + " AND deleted = 0",
                ids.stream().map(CouponId::number).toArray());
    }

    private static VersionedCoupon versioned(ResultSet row) throws SQLException {
        return new VersionedCoupon(couponRow(row), row.getInt("version"));
    }

    private static CouponRow couponRow(ResultSet row) throws SQLException {
        return new CouponRow(
                new CouponId(row.getLong("coupon_id")),
                row.getLong("user_id"),
                new TemplateId(row.getLong("template_id")),
                row.getString("coupon_sn"),
                row.getInt("status"),
                TemplateRow.number(row, "valid_from"),
                TemplateRow.number(row, "valid_to"),
                row.getString("order_no"),
                TemplateRow.number(row, "used_at"),
                TemplateRow.number(row, "created_at"),
                TemplateRow.discount(row),
                row.getString("hold_no"),
                TemplateRow.number(row, "hold_until"));
    }

    @Override
    public CouponUses uses() {
        return uses;
    }
}
