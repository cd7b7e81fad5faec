package dev.cutover.coupon.backoffice;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.SliceAllotment;
import dev.cutover.coupon.stock.SlicePlan;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.template.ShardedTemplates;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import dev.cutover.coupon.transfer.StockDatabases;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a draft on offer: its stock and its budget are cut into slices in every shard database, then it is opened.
 *
 * <p>Idea: the databases share no transaction, so the template is PUBLISHING while they are cut one after the other, which nobody can
 * claim from or edit; a slice that is there is left alone, so each step can be done any number of times by anybody. The flip to
 * PUBLISHED comes last. Invariant: from a template that is PUBLISHED all stock can be had; from any other none. Whoever dies in between
 * leaves a template PUBLISHING, which the next {@link #finishAbandoned} of any instance opens.
 *
 * <p>Safe for many threads.
 */
final class Publication {
    private static final Logger LOG = LoggerFactory.getLogger(Publication.class);
    // Longer than a living process takes; to finish a living one is harmless.
    private static final Duration ABANDONED = Duration.ofSeconds(3);

    private final Topology topology;
    private final CouponDatabases databases;
    private final StockDatabases stock;
    private final TemplateCatalog catalog;
    private final TagBook tags;
    private final SlicePlan slices;
    private final InstantSource clock;
    private final Failpoints failpoints;

    Publication(
            Topology topology,
            CouponDatabases databases,
            StockDatabases stock,
            TemplateCatalog catalog,
            TagBook tags,
            SlicePlan slices,
            InstantSource clock,
            Failpoints failpoints) {
        this.topology = topology;
        this.databases = databases;
        this.stock = stock;
        this.catalog = catalog;
        this.tags = tags;
        this.slices = slices;
        this.clock = clock;
        this.failpoints = failpoints;
    }

    private long now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
    }

    TemplateSheet publish(TemplateId id, Operator operator, Duration budget) {
        Epoch epoch = databases.epoch();
        TemplateSheet begun = stock.ledger(epoch, connection -> {
            TemplateSheet before = TemplateDesk.locked(connection, id);
            TemplateState state = before.template().state();
            if (state == TemplateState.PUBLISHED || state == TemplateState.PUBLISHING) {
                return before;
            }
            long now = now();
            // A draft may have been written when its end was still to come.
            List<RuleProblem> problems = RuleBook.problems(before, now, tags);
            if (state == TemplateState.DRAFT && !problems.isEmpty()) {
                throw new RulesBrokenException(problems);
            }
            return TemplateDesk.moved(connection, before, TemplateMove.PUBLISH, operator, now);
        });
        if (begun.template().state() == TemplateState.PUBLISHED) {
            return begun;
        }
        failpoints.hit(Failpoint.PUBLISH_BEGUN);
        return finish(epoch, begun, operator, budget);
    }

    private TemplateSheet finish(Epoch epoch, TemplateSheet sheet, Operator operator, Duration budget) {
        TemplateId id = sheet.template().id();
        Long total = sheet.template().totalQuantity();
        Long money = sheet.template().terms().budgetMinor();
        if (total != null || money != null) {
            for (int number = 0; number < slices.databases(); number++) {
                int database = number;
                stock.fenced(database, epoch, budget, connection -> {
                    if (total != null) {
                        SliceAllotment.cut(connection, StockId.coupons(id), slices, database, total);
                    }
                    if (money != null) {
                        SliceAllotment.cut(connection, StockId.budget(id), slices, database, money);
                    }
                    return true;
                });
                failpoints.hit(Failpoint.PUBLISH_SLICED);
            }
        }
        return stock.ledger(epoch, connection -> {
            TemplateSheet before = TemplateDesk.locked(connection, id);
            // Somebody else may have opened it, and somebody may have paused it since.
            return before.template().state() == TemplateState.PUBLISHING
                    ? TemplateDesk.moved(connection, before, TemplateMove.OPEN, operator, now())
                    : before;
        });
    }

    /** Finishes, in this epoch, what processes that are gone left half done; returns how many. */
    int finishAbandoned(Epoch epoch, Duration budget) {
        List<TemplateSheet> abandoned = abandoned();
        for (TemplateSheet sheet : abandoned) {
            finish(epoch, sheet, Operator.SERVICE, budget);
            catalog.changed(sheet.template().id());
            LOG.info(
                    "Published template {}, which was left half published",
                    sheet.template().id());
        }
        return abandoned.size();
    }

    private List<TemplateSheet> abandoned() {
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            List<Long> ids = Sql.list(
                    connection,
                    row -> row.getLong(1),
                    "SELECT template_id FROM coupon_template WHERE status = ? AND updated_at <= ? LIMIT 100",
                    TemplateState.PUBLISHING.code(),
                    clock.millis() - ABANDONED.toMillis());
            List<TemplateSheet> sheets = new ArrayList<>();
            for (long id : ids) {
                ShardedTemplates.sheet(connection, new TemplateId(id)).ifPresent(sheets::add);
            }
            return sheets;
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Looking for templates that are half published", e);
        }
    }
}
