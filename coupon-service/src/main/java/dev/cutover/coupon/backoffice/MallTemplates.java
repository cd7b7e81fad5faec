package dev.cutover.coupon.backoffice;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.shape.TemplateShapes;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.MallTime;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.OperationRows;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.StoreView;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.LegacyTemplates;
import dev.cutover.coupon.template.ProductList;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import dev.cutover.coupon.template.Terms;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Templates as the mall writes them, while it holds the truth: made and at once on offer, or taken off the shelf.
 *
 * <p>Both are units of the proxy, so the fence of OLD decides; they belong to the user 0, whom nobody is. Safe for many threads.
 */
final class MallTemplates {
    /** The operations of the back office are recorded as this user's. */
    static final long NOBODY = 0;

    private static final Logger LOG = LoggerFactory.getLogger(MallTemplates.class);
    private static final int PERCENT = 2;
    private static final int BP_STEP = 10;
    private static final int MOST_BP = 9_000;
    private static final int LAST_OF_UTF8MB3 = 0xFFFF;
    private static final long MOST_AMOUNT_MINOR = 9_999_999_999L;

    private final CouponDatabases databases;
    private final Operations operations;
    private final BackOfficeGate gate;

    MallTemplates(CouponDatabases databases, Operations operations, BackOfficeGate gate) {
        this.databases = databases;
        this.operations = operations;
        this.gate = gate;
    }

    Answer create(TemplateSheet sheet, Operation operation, Operator operator, Duration budget) {
        List<String> unknown = unknownToTheMall(sheet);
        if (!unknown.isEmpty()) {
            throw BackOfficeGate.onlyNew("A template with " + String.join(", ", unknown));
        }
        Answer answer = operations.perform(
                operation, Deadline.after(budget), (store, unit, now) -> insert(unit, sheet, operation, now));
        LOG.info("{} created a template of the mall: {}", operator.name(), answer.json());
        return answer;
    }

    private String insert(StoreUnit unit, TemplateSheet sheet, Operation operation, long now) throws SQLException {
        requireOld(unit);
        Template template = sheet.template();
        Discount discount = template.discount();
        boolean range = template.fixedRange();
        List<@Nullable Object> values = new ArrayList<>();
        values.add(template.name());
        values.add(mallType(discount));
        values.add(mallAmount(discount));
        values.add(BigDecimal.valueOf(discount.thresholdMinor(), 2));
        values.add(template.totalQuantity() == null ? -1 : template.totalQuantity());
        values.add(template.totalQuantity() == null ? 0 : template.totalQuantity());
        values.add(template.perUserLimit() == null ? 0 : template.perUserLimit());
        values.add(range ? 1 : 0);
        values.add(range ? Long.valueOf(0) : template.validDays());
        values.add(MallTime.wallClock(now));
        values.add(MallTime.wallClock(now));
        String columns =
                "coupon_name, type, amount, min_point, num, publish_count, per_limit, time_type, days, add_time,"
                        + " update_time";
        if (template.validFrom() != null && template.validTo() != null) {
            columns += ", start_time, end_time";
            values.add(MallTime.wallClock(template.validFrom()));
            values.add(MallTime.lastSecond(template.validTo()));
        }
        long id = Sql.insert(
                        unit.connection(),
                        "INSERT INTO mall_coupon (" + columns + ") VALUES " + Sql.tuples(1, values.size()),
                        values.toArray())
                .get(0);
        TemplateSheet written = LegacyTemplates.sheet(unit.connection(), new TemplateId(id))
                .orElseThrow(() -> new IllegalStateException(
                        "The mall's template " + id + " was just written, but the plan's projection rejects it."));
        String result = TemplateShapes.template(written).toString();
        OperationRows.record(unit, operation, result, now);
        gate.requireThawed();
        return result;
    }

    /** Takes a template off the shelf; one that is off stays off. */
    TemplateSheet end(TemplateId id, Operator operator, long now, Duration budget) {
        TemplateSheet ended = databases.write(NOBODY, budget, new CouponDatabases.Write<TemplateSheet>() {
            @Override
            public Optional<TemplateSheet> replay(CouponStore store, StoreView view) {
                return Optional.empty();
            }

            @Override
            public TemplateSheet run(CouponStore store, StoreUnit unit) throws SQLException {
                requireOld(unit);
                TemplateSheet before =
                        LegacyTemplates.sheet(unit.connection(), id).orElseThrow(() -> Template.notFound(id, "id"));
                if (before.template().state() == TemplateState.ENDED) {
                    return before;
                }
                Sql.update(
                        unit.connection(),
                        "UPDATE mall_coupon SET status = 2, update_time = ? WHERE id = ?",
                        MallTime.wallClock(now),
                        id.number());
                gate.requireThawed();
                return LegacyTemplates.sheet(unit.connection(), id).orElseThrow();
            }
        });
        LOG.info("{} ended the mall's template {}", operator.name(), id);
        return ended;
    }

    private static void requireOld(StoreUnit unit) {
        if (unit.side() != Side.OLD) {
            throw new MigrationFenceException(
                    "The truth moved while the template was written; nothing was changed. Send the same request again.");
        }
    }

    private static int mallType(Discount discount) {
        return switch (discount.kind()) {
            case 2 -> 2;
            case 3 -> 3;
            default -> discount.type() == PERCENT ? 1 : 0;
        };
    }

    private static BigDecimal mallAmount(Discount discount) {
        if (discount.percentOffBp() != null) {
            // 8.50 is to pay 85 %.
            return BigDecimal.TEN.subtract(BigDecimal.valueOf(discount.percentOffBp(), 3));
        }
        return BigDecimal.valueOf(discount.amountOffMinor() == null ? 0 : discount.amountOffMinor(), 2);
    }

    /** What of it the mall has no columns for, in words. */
    static List<String> unknownToTheMall(TemplateSheet sheet) {
        List<String> unknown = new ArrayList<>();
        Template template = sheet.template();
        Discount discount = template.discount();
        Terms terms = template.terms();
        note(unknown, terms.claimFrom() != null || terms.claimTo() != null, "a claim window");
        note(unknown, terms.dailyLimit() != null, "a limit a day");
        note(unknown, discount.capMinor() != null, "a cap");
        note(unknown, terms.refundPolicy() != Terms.OF_THE_MALL.refundPolicy(), "another refund policy");
        note(unknown, terms.stackGroup() != null || !terms.stackable(), "stacking rules");
        note(unknown, terms.audience() != null, "an audience");
        note(unknown, terms.budgetMinor() != null, "a budget");
        note(unknown, sheet.bizType() != null || sheet.metadata() != null, "a business type or metadata");
        note(unknown, template.scope() != ProductList.Scope.ALL.code(), "a list of products");
        note(
                unknown,
                discount.type() == PERCENT && discount.kind() != 1,
                "a percentage off that is not a store coupon's");
        note(
                unknown,
                discount.percentOffBp() != null
                        && (discount.percentOffBp() % BP_STEP != 0 || discount.percentOffBp() > MOST_BP),
                "a percentage that is no multiple of 0.1 % or above 90 %");
        note(
                unknown,
                discount.thresholdMinor() > MOST_AMOUNT_MINOR
                        || (discount.amountOffMinor() != null && discount.amountOffMinor() > MOST_AMOUNT_MINOR),
                "an amount above " + MOST_AMOUNT_MINOR);
        note(
                unknown,
                template.totalQuantity() != null && template.totalQuantity() > Integer.MAX_VALUE,
                "more than " + Integer.MAX_VALUE + " coupons");
        note(
                unknown,
                template.name() != null && template.name().codePoints().anyMatch(c -> c > LAST_OF_UTF8MB3),
                "a name with characters of four bytes");
        return unknown;
    }

    private static void note(List<String> unknown, boolean says, String what) {
        if (says) {
            unknown.add(what);
        }
    }
}
