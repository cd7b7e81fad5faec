package dev.cutover.coupon.backoffice;

import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.backoffice.Adjustment.State;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.TemplateShapes;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.template.ShardedTemplates;
import dev.cutover.coupon.template.TemplateRow;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import dev.cutover.coupon.transfer.StockDatabases;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The rows of {@code stock_adjustment} and {@code budget_adjustment}, and what goes with them in one transaction: the total and the audit
 * log. Safe for many threads.
 */
final class AdjustmentJournal {
    private static final String ADJUSTMENT = "adjustment";

    private final StockDatabases databases;
    private final InstantSource clock;

    AdjustmentJournal(StockDatabases databases, InstantSource clock) {
        this.databases = databases;
        this.clock = clock;
    }

    private long now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
    }

    /**
     * The adjustment to be worked on: the one that is under way, whoever's it is; else the one of this number, from before or written
     * now. A stock's adjustments are done one after the other, or two that take from the same stock could both come too short.
     */
    Adjustment begin(Epoch epoch, StockId stock, String number, long delta, Operator operator) {
        return databases.ledger(epoch, connection -> {
            TemplateId template = stock.template();
            TemplateSheet sheet = TemplateDesk.locked(connection, template);
            Optional<Adjustment> open = Sql.first(
                    connection,
                    row -> read(row, stock.kind()),
                    select(stock.kind()) + "WHERE template_id = ? AND state < 2",
                    template.number());
            if (open.isPresent()) {
                return open.get();
            }
            Optional<Adjustment> known = find(connection, stock, number);
            if (known.isPresent() && known.get().delta() != delta) {
                throw new Refusal(
                        Reason.IDEMPOTENCY_KEY_REUSED,
                        "adjustment_no",
                        "The adjustment '" + number + "' of template " + template + " was one of "
                                + known.get().delta() + ".");
            }
            if (known.isPresent() && known.get().state() == State.DONE) {
                return known.get();
            }
            requireAdjustable(sheet, stock, delta);
            return write(connection, sheet, stock, number, delta, operator, known);
        });
    }

    private static void requireAdjustable(TemplateSheet sheet, StockId stock, long delta) {
        TemplateId id = sheet.template().id();
        TemplateState state = sheet.template().state();
        boolean coupons = stock.kind() == StockId.Kind.COUPONS;
        Long total = coupons
                ? sheet.template().totalQuantity()
                : sheet.template().terms().budgetMinor();
        if (state != TemplateState.PUBLISHED && state != TemplateState.PAUSED) {
            throw TemplateDesk.notEditable(id, "is " + state + ": it has nothing that could be adjusted.");
        }
        if (total == null) {
            throw TemplateDesk.notEditable(
                    id,
                    coupons
                            ? "gives any number of coupons: there is no stock to adjust."
                            : "has no budget that could be adjusted.");
        }
        long most = coupons ? RuleBook.MOST_STOCK : RuleBook.MOST_BUDGET;
        if (total + delta > most) {
            throw TemplateDesk.notEditable(
                    id, "would have more than " + most + " " + stock.kind().units() + ".");
        }
        if (total + delta < 0) {
            throw tooLittleLeft(stock, delta);
        }
    }

    static Refusal tooLittleLeft(StockId stock, long delta) {
        boolean coupons = stock.kind() == StockId.Kind.COUPONS;
        return new Refusal(
                coupons ? Reason.STOCK_BELOW_ISSUED : Reason.BUDGET_EXHAUSTED,
                coupons ? "delta" : "delta_minor",
                "Less than " + -delta + " " + stock + " are left; nothing was taken.");
    }

    private Adjustment write(
            Connection connection,
            TemplateSheet sheet,
            StockId stock,
            String number,
            long delta,
            Operator operator,
            Optional<Adjustment> refused)
            throws SQLException {
        long now = now();
        if (refused.isPresent()) {
            // A refusal is not recorded for ever: the same number may be asked again, with legs of its own.
            // No caller's number begins like that.
            Sql.update(
                    connection,
                    "UPDATE " + stock.table(ADJUSTMENT) + " SET adjustment_no = CONCAT('#', adjustment_id)"
                            + " WHERE adjustment_id = ? AND state = ?",
                    refused.get().id(),
                    State.REFUSED.ordinal());
        }
        long id = NewNumbers.next(connection, stock.table(ADJUSTMENT), 1);
        Sql.update(
                connection,
                "INSERT INTO " + stock.table(ADJUSTMENT)
                        + " (adjustment_id, template_id, adjustment_no, delta, state, operator, created_at)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?)",
                id,
                stock.template().number(),
                number,
                delta,
                State.UNDER_WAY.ordinal(),
                operator.name(),
                clock.millis());
        if (delta > 0) {
            // Before the slices: at no instant may more be had than the total says.
            changeTotal(connection, sheet, stock, id, number, delta, operator, now);
        }
        return byId(connection, stock.kind(), id);
    }

    private static void changeTotal(
            Connection connection,
            TemplateSheet before,
            StockId stock,
            long id,
            String number,
            long delta,
            Operator operator,
            long now)
            throws SQLException {
        TemplateId template = stock.template();
        boolean coupons = stock.kind() == StockId.Kind.COUPONS;
        if (!coupons) {
            Sql.update(
                    connection,
                    "UPDATE template_budget SET amount_minor = amount_minor + ? WHERE template_id = ?",
                    delta,
                    template.number());
        }
        Sql.update(
                connection,
                "UPDATE coupon_template SET total_quantity = total_quantity + ?, version = version + 1, updated_at = ?"
                        + " WHERE template_id = ?",
                coupons ? delta : 0,
                now,
                template.number());
        Sql.update(
                connection,
                "UPDATE " + stock.table(ADJUSTMENT) + " SET total_after = (SELECT "
                        + (coupons ? "total_quantity FROM coupon_template" : "amount_minor FROM template_budget")
                        + " WHERE template_id = ?) WHERE adjustment_id = ?",
                template.number(),
                id);
        TemplateSheet after = ShardedTemplates.sheet(connection, template).orElseThrow();
        AuditLog.append(
                connection,
                Subject.of(template),
                operator.name(),
                coupons ? "adjust_stock" : "adjust_budget",
                now,
                TemplateShapes.template(before),
                TemplateShapes.template(after).put("adjustment_no", number));
    }

    /** All that was to be taken is taken: the total says so. Does nothing for one that somebody else has ended. */
    Adjustment done(Epoch epoch, Adjustment adjustment) {
        return databases.ledger(epoch, connection -> {
            TemplateSheet before = TemplateDesk.locked(connection, adjustment.template());
            if (move(connection, adjustment, State.UNDER_WAY, State.DONE) && !adjustment.grows()) {
                changeTotal(
                        connection,
                        before,
                        adjustment.stock(),
                        adjustment.id(),
                        adjustment.number(),
                        adjustment.delta(),
                        new Operator(adjustment.operator()),
                        now());
            }
            return byId(connection, adjustment.stock().kind(), adjustment.id());
        });
    }

    Adjustment giveBack(Epoch epoch, Adjustment adjustment) {
        return moved(epoch, adjustment, State.UNDER_WAY, State.GIVING_BACK);
    }

    Adjustment refused(Epoch epoch, Adjustment adjustment) {
        return moved(epoch, adjustment, State.GIVING_BACK, State.REFUSED);
    }

    private Adjustment moved(Epoch epoch, Adjustment adjustment, State from, State to) {
        return databases.ledger(epoch, connection -> {
            move(connection, adjustment, from, to);
            return byId(connection, adjustment.stock().kind(), adjustment.id());
        });
    }

    private static boolean move(Connection connection, Adjustment adjustment, State from, State to)
            throws SQLException {
        return Sql.update(
                        connection,
                        "UPDATE " + adjustment.stock().table(ADJUSTMENT)
                                + " SET state = ? WHERE adjustment_id = ? AND state = ?",
                        to.ordinal(),
                        adjustment.id(),
                        from.ordinal())
                == 1;
    }

    /** Adjustments that nobody has finished for this long. */
    List<Adjustment> unfinished(Epoch epoch, Duration age) {
        return databases.ledger(epoch, connection -> {
            List<Adjustment> unfinished = new ArrayList<>();
            for (StockId.Kind kind : StockId.Kind.values()) {
                unfinished.addAll(Sql.list(
                        connection,
                        row -> read(row, kind),
                        select(kind) + "WHERE state < 2 AND created_at <= ? ORDER BY adjustment_id LIMIT 100",
                        clock.millis() - age.toMillis()));
            }
            return unfinished;
        });
    }

    private static Optional<Adjustment> find(Connection connection, StockId stock, String number) throws SQLException {
        return Sql.first(
                connection,
                row -> read(row, stock.kind()),
                select(stock.kind()) + "WHERE template_id = ? AND adjustment_no = ?",
                stock.template().number(),
                number);
    }

    private static Adjustment byId(Connection connection, StockId.Kind kind, long id) throws SQLException {
        return Sql.first(connection, row -> read(row, kind), select(kind) + "WHERE adjustment_id = ?", id)
                .orElseThrow();
    }

    private static String select(StockId.Kind kind) {
        return "SELECT adjustment_id, template_id, adjustment_no, delta, state, operator, total_after FROM "
                + kind.table(ADJUSTMENT) + " ";
    }

    private static Adjustment read(ResultSet row, StockId.Kind kind) throws SQLException {
        return new Adjustment(
                row.getLong("adjustment_id"),
                new StockId(kind, new TemplateId(row.getLong("template_id"))),
                row.getString("adjustment_no"),
                row.getLong("delta"),
                State.values()[row.getInt("state")],
                row.getString("operator"),
                TemplateRow.number(row, "total_after"));
    }
}
