package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.template.LegacyTemplates;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateRow;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Coupons as the mall wrote them: one database, the template row holds stock and counters.
 *
 * <p>Idea: the conditional update of the template row is the last change before the commit, so that the hot row is locked only while
 * the commit is written. Invariant: a user never has more coupons of a template than its limit, and {@code num} is never below zero.
 * The mall has no unique key that could hold the limit, and nothing of a user's to lock before the first coupon. But all claims of a
 * template pass its row one after the other, so the user's coupons are counted once more behind that update: every claim that came
 * before has committed (InnoDB makes a commit visible before it releases its locks) and, at READ COMMITTED, is seen. Counted only
 * before the update, parallel claims of one user would all see the same number and all pass.
 *
 * <p>Locks are taken in the order coupons (ascending), operation, templates (ascending), so no two units can wait in a circle.
 *
 * <p>Safe for many threads.
 */
public final class LegacyCouponStore implements CouponStore {
    /** A test counts before the row of the template is locked and not behind it, to see itself fail. */
    static final String COUNTS_UNLOCKED = "claim.countsUnlocked";

    private static final String COUPON = "SELECT s.id, s.user_id, s.coupon_id AS template_id, s.coupon_sn,"
            + " COALESCE(ELT(s.status + 1, 1, 3, 4, 5), 5) AS status,"
            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', s.used_time) * 1000 AS used_at,"
            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', s.start_time) * 1000 AS valid_from,"
            + " (TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', s.end_time) + 1) * 1000 AS valid_to,"
            + " s.order_sn AS order_no,"
            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', s.add_time) * 1000 AS created_at,"
            + " t.id AS known_template, " + LegacyTemplates.RULES
            + " FROM ";
    private static final String WITH_TEMPLATE = " s LEFT JOIN mall_coupon t ON t.id = s.coupon_id ";

    private final Templates templates;
    private final CouponUses uses;
    private final Failpoints failpoints;

    /** @param templates of the mall; what it tells may be a little old, but for whether a template is still offered */
    public LegacyCouponStore(Templates templates, CouponUses uses, Failpoints failpoints) {
        this.templates = templates;
        this.uses = uses;
        this.failpoints = failpoints;
    }

    @Override
    public Optional<Recorded> operation(StoreView view, long userId, String operationId) throws SQLException {
        return OperationRows.find(view, userId, operationId);
    }

    @Override
    public String claim(StoreUnit unit, ClaimOrder order, long now, Function<Claimed, String> answer)
            throws SQLException {
        List<Template> known = new ArrayList<>();
        List<Template.Validity> validities = new ArrayList<>();
        for (ClaimOrder.Item item : order.items()) {
            try {
                Template template = templates
                        .find(item.template())
                        .orElseThrow(() -> Template.notFound(item.template(), item.param()));
                known.add(template);
                validities.add(template.claimedAt(now));
                // Refuses the hopeless before anything is locked; the count that decides comes last.
                requireRoom(unit, order, template, item, item.quantity());
            } catch (Refusal e) {
                throw e.ofItem(item.number());
            }
        }

        Claimed claimed = insertCoupons(unit, order, known, validities, now);
        String result = answer.apply(claimed);
        OperationRows.record(unit, order.operation(), result, now);

        for (ClaimOrder.Item item : order.inStockOrder()) {
            Template template = known.get(order.items().indexOf(item));
            try {
                takeStock(unit, template, item, now);
                if (!failpoints.planted(COUNTS_UNLOCKED)) {
                    requireRoom(unit, order, template, item, 0);
                }
            } catch (Refusal e) {
                throw e.ofItem(item.number());
            }
        }
        return result;
    }

    private static void takeStock(StoreUnit unit, Template template, ClaimOrder.Item item, long now)
            throws SQLException {
        int taken = Sql.update(
                unit.connection(),
                "UPDATE mall_coupon SET num = IF(num = -1, -1, num - ?), receive_count = COALESCE(receive_count, 0) + ?"
                        + " WHERE id = ? AND (num = -1 OR num >= ?) AND deleted <> 1 AND status <> 2",
                item.quantity(),
                item.quantity(),
                item.template().number(),
                item.quantity());
        if (taken == 0) {
            // The rules that were kept may be two seconds old.
            LegacyTemplates.find(unit.connection(), item.template())
                    .orElseThrow(() -> Template.notFound(item.template(), item.param()))
                    .claimedAt(now);
            throw template.soldOut();
        }
    }

    /** What is counted by now, and {@code more} on top of it, may be had. */
    private static void requireRoom(StoreUnit unit, ClaimOrder order, Template template, ClaimOrder.Item item, int more)
            throws SQLException {
        if (template.perUserLimit() != null) {
            template.requireRoom(held(unit, order.userId(), item.template()), more);
        }
    }

    /** Deleted coupons count: a user who throws one away may not claim it again. */
    private static long held(StoreUnit unit, long userId, TemplateId template) throws SQLException {
        return Sql.first(
                        unit.connection(),
                        row -> row.getLong(1),
                        "SELECT COUNT(*) FROM " + unit.table(Tables.COUPON) + " WHERE user_id = ? AND coupon_id = ?",
                        userId,
                        template.number())
                .orElse(0L);
    }

    private static Claimed insertCoupons(
            StoreUnit unit, ClaimOrder order, List<Template> known, List<Template.Validity> validities, long now)
            throws SQLException {
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < known.size(); i++) {
            ClaimOrder.Item item = order.items().get(i);
            for (String couponSn : item.couponSns()) {
                values.add(order.userId());
                values.add(item.template().number());
                values.add(couponSn);
                values.add(order.source().number());
                values.add(MallTime.wallClock(validities.get(i).from()));
                values.add(MallTime.lastSecond(validities.get(i).to()));
                values.add(MallTime.wallClock(now));
                values.add(MallTime.timestamp(now));
            }
        }
        Iterator<Long> ids = Sql.insert(
                        unit.connection(),
                        "INSERT INTO " + unit.table(Tables.COUPON)
                                + " (user_id, coupon_id, coupon_sn, get_type, start_time, end_time, add_time, update_time) VALUES "
                                + Sql.tuples(order.quantity(), 8),
                        values.toArray())
                .iterator();
        List<Claimed.Item> items = new ArrayList<>();
        for (int i = 0; i < known.size(); i++) {
            ClaimOrder.Item item = order.items().get(i);
            List<CouponId> coupons = new ArrayList<>();
            for (int coupon = 0; coupon < item.quantity(); coupon++) {
                long id = ids.next();
                coupons.add(CouponId.of(id, unit.slot()));
                unit.touched(Tables.COUPON, Long.toString(id));
            }
            items.add(new Claimed.Item(item, known.get(i), validities.get(i), coupons));
        }
        return new Claimed(order, now, items);
    }

    @Override
    public List<CouponRow> page(StoreView view, PageRequest page) throws SQLException {
        List<@Nullable Object> values = new ArrayList<>();
        StringBuilder where = new StringBuilder("WHERE s.user_id = ? AND s.deleted = 0 AND s.id > ?");
        values.add(page.userId());
        values.add(page.after().map(CouponId::sequence).orElse(0L));
        CouponFilter filter = page.filter();
        if (filter.kind().isPresent()) {
            where.append(" AND t.id IS NOT NULL AND " + LegacyTemplates.KIND + " = ?");
            values.add(filter.kind().getAsInt());
        }
        if (filter.template().isPresent()) {
            where.append(" AND s.coupon_id = ?");
            values.add(filter.template().get().number());
        }
        if (filter.status().isPresent()) {
            String now = MallTime.wallClock(page.now());
            switch (filter.status().get()) {
                case AVAILABLE -> {
                    where.append(" AND s.status = 0 AND s.end_time >= ?");
                    values.add(now);
                }
                case EXPIRED -> {
                    where.append(" AND (s.status = 2 OR s.status = 0 AND s.end_time < ?)");
                    values.add(now);
                }
                case USED -> where.append(" AND s.status = 1");
                case VOIDED -> where.append(" AND s.status NOT IN (0, 1, 2)");
                // The mall knows no holds.
                case HELD -> where.append(" AND FALSE");
            }
        }
        values.add(page.limit());
        return Sql.list(
                view.connection(),
                row -> couponRow(row, view.slot()),
                COUPON + view.table(Tables.COUPON) + WITH_TEMPLATE + where + " ORDER BY s.id LIMIT ?",
                values.toArray());
    }

    @Override
    public Optional<CouponRow> coupon(StoreView view, CouponId id) throws SQLException {
        return find(view, id);
    }

    static Optional<CouponRow> find(StoreView view, CouponId id) throws SQLException {
        return Sql.first(
                view.connection(),
                row -> couponRow(row, view.slot()),
                COUPON + view.table(Tables.COUPON) + WITH_TEMPLATE + "WHERE s.id = ? AND s.deleted = 0",
                id.sequence());
    }

    /** What the user has not used, also what cannot be used yet; what ends first comes first. */
    static List<CouponRow> unused(StoreView view, long userId, int limit, long now) throws SQLException {
        return Sql.list(
                view.connection(),
                row -> couponRow(row, view.slot()),
                COUPON + view.table(Tables.COUPON) + WITH_TEMPLATE
                        + "WHERE s.user_id = ? AND s.deleted = 0 AND s.status = 0 AND s.end_time >= ?"
                        + " ORDER BY s.end_time, s.id LIMIT ?",
                userId,
                MallTime.wallClock(now),
                limit);
    }

    private static CouponRow couponRow(ResultSet row, int slot) throws SQLException {
        return new CouponRow(
                CouponId.of(row.getLong("id"), slot),
                row.getLong("user_id"),
                new TemplateId(row.getLong("template_id")),
                row.getString("coupon_sn"),
                row.getInt("status"),
                TemplateRow.number(row, "valid_from"),
                TemplateRow.number(row, "valid_to"),
                row.getString("order_no"),
                TemplateRow.number(row, "used_at"),
                TemplateRow.number(row, "created_at"),
                TemplateRow.number(row, "known_template") == null ? null : TemplateRow.discount(row),
                null,
                null);
    }

    @Override
    public CouponUses uses() {
        return uses;
    }
}
