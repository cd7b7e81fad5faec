package dev.cutover.coupon.backoffice;

import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.backoffice.Adjustment.State;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.TemplateShapes;
import dev.cutover.coupon.sql.Sql;
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
import java.util.List;
import java.util.Optional;

/** The rows of {@code stock_adjustment}, and what goes with them in one transaction: the total and the audit log. Safe for many threads. */
final class AdjustmentJournal {
    private static final String SELECT =
            "SELECT adjustment_id, template_id, adjustment_no, delta, state, operator, total_after FROM stock_adjustment ";

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
     * now. A template's adjustments are done one after the other, or two that take from the same stock could both come too short.
     */
    Adjustment begin(Epoch epoch, TemplateId template, String number, long delta, Operator operator) {
        return databases.ledger(epoch, connection -> {
            TemplateSheet sheet = TemplateDesk.locked(connection, template);
            Optional<Adjustment> open = Sql.first(
                    connection,
                    AdjustmentJournal::read,
                    SELECT + "WHERE template_id = ? AND state < 2",
                    template.number());
            if (open.isPresent()) {
                return open.get();
            }
            Optional<Adjustment> known = find(connection, template, number);
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
            requireAdjustable(sheet, delta);
            return write(connection, sheet, number, delta, operator, known);
        });
    }

    private static void requireAdjustable(TemplateSheet sheet, long delta) {
        TemplateId id = sheet.template().id();
        TemplateState state = sheet.template().state();
        Long total = sheet.template().totalQuantity();
        if (state != TemplateState.PUBLISHED && state != TemplateState.PAUSED) {
            throw TemplateDesk.notEditable(id, "is " + state + ": it has no stock that could be adjusted.");
        }
        if (total == null) {
            throw TemplateDesk.notEditable(id, "gives any number of coupons: there is no stock to adjust.");
        }
        if (total + delta > RuleBook.MOST_STOCK) {
            throw TemplateDesk.notEditable(id, "would have more than " + RuleBook.MOST_STOCK + " coupons.");
        }
        if (total + delta < 0) {
            throw belowIssued(id, delta);
        }
    }

    static Refusal belowIssued(TemplateId template, long delta) {
        return new Refusal(
                Reason.STOCK_BELOW_ISSUED,
                "delta",
                "Template " + template + " has less than " + -delta + " coupons left; nothing was taken.");
    }

    private Adjustment write(
            Connection connection,
            TemplateSheet sheet,
            String number,
            long delta,
            Operator operator,
            Optional<Adjustment> refused)
            throws SQLException {
        TemplateId template = sheet.template().id();
        long now = now();
        if (refused.isPresent()) {
            // A refusal is not recorded for ever: the same number may be asked again, with legs of its own.
            // No caller's number begins like that.
            Sql.update(
                    connection,
                    "UPDATE stock_adjustment SET adjustment_no = CONCAT('#', adjustment_id)"
                            + " WHERE adjustment_id = ? AND state = ?",
                    refused.get().id(),
                    State.REFUSED.ordinal());
        }
        long id = NewNumbers.next(connection, NewNumbers.ADJUSTMENT, 1);
        Sql.update(
                connection,
                "INSERT INTO stock_adjustment (adjustment_id, template_id, adjustment_no, delta, state, operator, created_at)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?)",
                id,
                template.number(),
                number,
                delta,
                State.UNDER_WAY.ordinal(),
                operator.name(),
                clock.millis());
        if (delta > 0) {
            // Before the slices: at no instant may more be had than the total says.
            changeTotal(connection, sheet, id, number, delta, operator, now);
        }
        return byId(connection, id);
    }

    private static void changeTotal(
            Connection connection,
            TemplateSheet before,
            long id,
            String number,
            long delta,
            Operator operator,
            long now)
            throws SQLException {
        Sql.update(
                connection,
                "UPDATE coupon_template SET total_quantity = total_quantity + ?, version = version + 1, updated_at = ?"
                        + " WHERE template_id = ?",
                delta,
                now,
                before.template().id().number());
        Sql.update(
                connection,
                "UPDATE stock_adjustment SET total_after = (SELECT total_quantity FROM coupon_template WHERE template_id = ?)"
                        + " WHERE adjustment_id = ?",
                before.template().id().number(),
                id);
        TemplateId template = before.template().id();
        TemplateSheet after = ShardedTemplates.sheet(connection, template).orElseThrow();
        AuditLog.append(
                connection,
                template,
                operator,
                "adjust_stock",
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
                        adjustment.id(),
                        adjustment.number(),
                        adjustment.delta(),
                        new Operator(adjustment.operator()),
                        now());
            }
            return byId(connection, adjustment.id());
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
            return byId(connection, adjustment.id());
        });
    }

    private static boolean move(Connection connection, Adjustment adjustment, State from, State to)
            throws SQLException {
        return Sql.update(
                        connection,
                        "UPDATE stock_adjustment SET state = ? WHERE adjustment_id = ? AND state = ?",
                        to.ordinal(),
                        adjustment.id(),
                        from.ordinal())
                == 1;
    }

    /** Adjustments that nobody has finished for this long. */
    List<Adjustment> unfinished(Epoch epoch, Duration age) {
        return databases.ledger(
                epoch,
                connection -> Sql.list(
                        connection,
                        AdjustmentJournal::read,
                        SELECT + "WHERE state < 2 AND created_at <= ? ORDER BY adjustment_id LIMIT 100",
                        clock.millis() - age.toMillis()));
    }

    private static Optional<Adjustment> find(Connection connection, TemplateId template, String number)
            throws SQLException {
        return Sql.first(
                connection,
                AdjustmentJournal::read,
                SELECT + "WHERE template_id = ? AND adjustment_no = ?",
                template.number(),
                number);
    }

    private static Adjustment byId(Connection connection, long id) throws SQLException {
        return Sql.first(connection, AdjustmentJournal::read, SELECT + "WHERE adjustment_id = ?", id)
                .orElseThrow();
    }

    private static Adjustment read(ResultSet row) throws SQLException {
        return new Adjustment(
                row.getLong("adjustment_id"),
                new TemplateId(row.getLong("template_id")),
                row.getString("adjustment_no"),
                row.getLong("delta"),
                State.values()[row.getInt("state")],
                row.getString("operator"),
                TemplateRow.number(row, "total_after"));
    }
}
