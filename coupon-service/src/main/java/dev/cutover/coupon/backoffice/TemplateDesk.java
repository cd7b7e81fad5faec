package dev.cutover.coupon.backoffice;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.TemplateShapes;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CollisionException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.tag.TagBook;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.LegacyTemplates;
import dev.cutover.coupon.template.ProductCatalog;
import dev.cutover.coupon.template.ShardedTemplates;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import dev.cutover.coupon.template.Terms;
import dev.cutover.coupon.token.TemplateOwners;
import dev.cutover.coupon.token.Tenant;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Makes templates, edits them and moves them through their life; each change is one transaction with its line in the audit log.
 *
 * <p>An editor says which version it has seen, and whoever comes second is told so instead of undoing the first. What was published is
 * never edited but for its name and metadata: coupons carry copies of its rules. Safe for many threads.
 */
public final class TemplateDesk {
    private static final String VERB = "template";

    // The lists of so many are read for one page, those that nobody has asked for in the last two seconds.
    private static final int MOST_LOOKED_AT = 500;

    private final Topology topology;
    private final CouponDatabases databases;
    private final MetaDatabase meta;
    private final BackOfficeGate gate;
    private final Operations operations;
    private final MallTemplates mall;
    private final Publication publication;
    private final TemplateCatalog catalog;
    private final ProductCatalog lists;
    private final TagBook tags;
    private final InstantSource clock;
    private final Duration budget;

    TemplateDesk(
            Topology topology,
            CouponDatabases databases,
            MetaDatabase meta,
            BackOfficeGate gate,
            Publication publication,
            TemplateCatalog catalog,
            ProductCatalog lists,
            TagBook tags,
            InstantSource clock,
            Duration budget) {
        this.topology = topology;
        this.databases = databases;
        this.meta = meta;
        this.gate = gate;
        this.operations = new Operations(databases, clock);
        this.mall = new MallTemplates(databases, operations, gate);
        this.publication = publication;
        this.catalog = catalog;
        this.lists = lists;
        this.tags = tags;
        this.clock = clock;
        this.budget = budget;
    }

    /** The tags that an audience may ask about. */
    public TagBook tags() {
        return tags;
    }

    /** Epoch milliseconds of now, in whole seconds. */
    public long now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
    }

    /** A draft of these rules, one for each key; where the mall holds the truth, a template that is on offer at once. */
    public Answer create(TemplateSheet sheet, String key, Operator operator) {
        return create(sheet, key, operator, Optional.empty());
    }

    /** @param owner the application whose it is, empty for the mall */
    public Answer create(TemplateSheet sheet, String key, Operator operator, Optional<AppId> owner) {
        Side side = gate.require();
        if (side == Side.OLD && owner.isPresent()) {
            throw BackOfficeGate.onlyNew("A template of an application");
        }
        Operation operation = Operation.of(MallTemplates.NOBODY, VERB, key, canonical(sheet));
        List<RuleProblem> problems = RuleBook.problems(sheet, now(), tags);
        if (!problems.isEmpty()) {
            // It may have been made before its end was over, or while there was still such a tag.
            return earlier(side, operation).orElseThrow(() -> new RulesBrokenException(problems));
        }
        if (side == Side.OLD) {
            return mall.create(sheet, operation, operator, budget);
        }
        // The mall may have done it before the switch.
        Optional<Recorded> ofTheMall = ofTheMall(operation);
        if (ofTheMall.isPresent()) {
            return replayed(ofTheMall.get(), operation);
        }
        try {
            return meta.write((connection, epoch) -> createDraft(connection, sheet, operation, operator, owner));
        } catch (CollisionException e) {
            // Its twin was faster.
            return meta.write((connection, epoch) -> createDraft(connection, sheet, operation, operator, owner));
        }
    }

    private Optional<Recorded> ofTheMall(Operation operation) {
        return operations.find(MallTemplates.NOBODY, operation.id(), Deadline.after(budget));
    }

    private Optional<Answer> earlier(Side side, Operation operation) {
        return ofTheMall(operation)
                .or(() ->
                        side == Side.OLD ? Optional.empty() : meta.read(connection -> recorded(connection, operation)))
                .map(found -> replayed(found, operation));
    }

    private static Optional<Recorded> recorded(Connection connection, Operation operation) throws SQLException {
        return Sql.first(
                connection,
                row -> new Recorded(row.getString(1), row.getString(2)),
                "SELECT fingerprint, result FROM backoffice_operation WHERE op_id = ?",
                operation.id());
    }

    private static String canonical(TemplateSheet sheet) {
        ObjectNode said = TemplateShapes.editable(sheet);
        // These fields are younger than keys that are kept.
        if (sheet.template().terms().audience() == null) {
            said.remove("audience");
        }
        if (sheet.template().terms().budgetMinor() == null) {
            said.remove("budget");
        }
        return said.toString();
    }

    private Answer createDraft(
            Connection connection, TemplateSheet sheet, Operation operation, Operator operator, Optional<AppId> owner)
            throws SQLException {
        Optional<Recorded> done = recorded(connection, operation);
        if (done.isPresent()) {
            return replayed(done.get(), operation);
        }
        TemplateId id = new TemplateId(NewNumbers.next(connection, NewNumbers.TEMPLATE, 1));
        long now = now();
        insert(connection, id, sheet, now);
        if (owner.isPresent()) {
            TemplateOwners.record(connection, id, owner.get());
        }
        JsonNode became =
                TemplateShapes.template(ShardedTemplates.sheet(connection, id).orElseThrow());
        AuditLog.append(connection, Subject.of(id), operator.name(), "create", now, null, became);
        try {
            Sql.update(
                    connection,
                    "INSERT INTO backoffice_operation (op_id, fingerprint, result, created_at) VALUES (?, ?, ?, ?)",
                    operation.id(),
                    operation.fingerprint(),
                    became.toString(),
                    now);
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                throw new CollisionException("The back-office operation " + operation.id(), e);
            }
            throw e;
        }
        return new Answer(became.toString(), false);
    }

    private static Answer replayed(Recorded recorded, Operation operation) {
        if (!recorded.fingerprint().equals(operation.fingerprint())) {
            throw new Refusal(
                    Reason.IDEMPOTENCY_KEY_REUSED,
                    "Idempotency-Key",
                    "This idempotency key was used for another template.");
        }
        return new Answer(recorded.result(), true);
    }

    private static void insert(Connection connection, TemplateId id, TemplateSheet sheet, long now)
            throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO coupon_template (template_id, kind, discount_type, validity_type, scope, status, created_at)"
                        + " VALUES (?, 1, 1, 0, 0, ?, ?)",
                id.number(),
                TemplateState.DRAFT.code(),
                now);
        update(connection, id, sheet, now);
    }

    private static void update(Connection connection, TemplateId id, TemplateSheet sheet, long now)
            throws SQLException {
        Template template = sheet.template();
        Discount discount = template.discount();
        Terms terms = template.terms();
        Sql.update(
                connection,
                "UPDATE coupon_template SET name = ?, kind = ?, discount_type = ?, amount_off_minor = ?, percent_off_bp = ?,"
                        + " discount_cap_minor = ?, threshold_minor = ?, total_quantity = ?, per_user_limit = ?, daily_limit = ?,"
                        + " claim_from = ?, claim_to = ?, validity_type = ?, valid_days = ?, valid_from = ?, valid_to = ?,"
                        + " scope = ?, refund_policy = ?, extend_days = ?, stack_group = ?, stackable = ?, biz_type = ?,"
                        + " metadata = ?, updated_at = ? WHERE template_id = ?",
                template.name(),
                discount.kind(),
                discount.type(),
                discount.amountOffMinor(),
                discount.percentOffBp(),
                discount.capMinor(),
                discount.thresholdMinor(),
                template.totalQuantity(),
                template.perUserLimit(),
                terms.dailyLimit(),
                terms.claimFrom(),
                terms.claimTo(),
                template.validityType(),
                template.validDays(),
                template.validFrom(),
                template.validTo(),
                template.scope(),
                terms.refundPolicy().code(),
                terms.extendDays(),
                terms.stackGroup(),
                terms.stackable(),
                sheet.bizType(),
                sheet.metadata(),
                now,
                id.number());
        beside(connection, id, "template_audience", "audience", terms.audience());
        beside(connection, id, "template_budget", "amount_minor", terms.budgetMinor());
    }

    /** What is in a table of its own, where it is there at all. */
    private static void beside(
            Connection connection, TemplateId id, String table, String column, @Nullable Object value)
            throws SQLException {
        if (value == null) {
            Sql.update(connection, "DELETE FROM " + table + " WHERE template_id = ?", id.number());
        } else {
            Sql.update(
                    connection,
                    "INSERT INTO " + table + " (template_id, " + column + ") VALUES (?, ?)"
                            + " ON DUPLICATE KEY UPDATE " + column + " = VALUES(" + column + ")",
                    id.number(),
                    value);
        }
    }

    /**
     * Replaces what a template says, if it is still of the version that the editor has seen.
     *
     * @param rulesToo whether anything but name and metadata is to change
     */
    public TemplateSheet edit(TemplateId id, int version, TemplateSheet sheet, boolean rulesToo, Operator operator) {
        gate.requireNew("To edit a template");
        TemplateSheet after = meta.write((connection, epoch) -> {
            TemplateSheet before = locked(connection, id);
            requireVersion(before, version);
            requireEditable(before, rulesToo);
            long now = now();
            if (before.template().state() == TemplateState.DRAFT) {
                List<RuleProblem> problems = RuleBook.problems(sheet, now, tags);
                if (!problems.isEmpty()) {
                    throw new RulesBrokenException(problems);
                }
            }
            update(connection, id, sheet, now);
            Sql.update(
                    connection, "UPDATE coupon_template SET version = version + 1 WHERE template_id = ?", id.number());
            return audited(connection, before, "edit", operator, now);
        });
        catalog.changed(id);
        return after;
    }

    /** Refuses a change that a template in this state does not take. */
    public static void requireEditable(TemplateSheet sheet, boolean rulesToo) {
        TemplateState state = sheet.template().state();
        if (state == TemplateState.ARCHIVED || (rulesToo && state != TemplateState.DRAFT)) {
            throw notEditable(
                    sheet.template().id(),
                    "is " + state + ": "
                            + (state == TemplateState.ARCHIVED
                                    ? "nothing of it changes any more."
                                    : "only its name and metadata can be changed."));
        }
    }

    /** Refuses an editor that has not seen the last change. */
    public static void requireVersion(TemplateSheet sheet, int version) {
        int found = sheet.template().terms().version();
        if (found != version) {
            throw new Refusal(
                    Reason.VERSION_CONFLICT,
                    "version",
                    "Template " + sheet.template().id() + " is at version " + found + ", not " + version
                            + ": read it again.");
        }
    }

    static Refusal notEditable(TemplateId id, String why) {
        return new Refusal(Reason.TEMPLATE_NOT_EDITABLE, "id", "Template " + id + " " + why);
    }

    static TemplateSheet locked(Connection connection, TemplateId id) throws SQLException {
        return ShardedTemplates.locked(connection, id).orElseThrow(() -> Template.notFound(id, "id"));
    }

    /** Reads what a change has made of a template and writes the line about it. */
    static TemplateSheet audited(
            Connection connection, TemplateSheet before, String action, Operator operator, long now)
            throws SQLException {
        TemplateId id = before.template().id();
        TemplateSheet after = ShardedTemplates.sheet(connection, id).orElseThrow();
        AuditLog.append(
                connection,
                Subject.of(id),
                operator.name(),
                action,
                now,
                TemplateShapes.template(before),
                TemplateShapes.template(after));
        return after;
    }

    /** Cuts the stock and puts the template on offer; one that is on offer stays so. */
    public TemplateSheet publish(TemplateId id, Operator operator) {
        if (gate.require() == Side.OLD) {
            TemplateSheet found = find(id);
            if (found.template().published()) {
                return found;
            }
            throw notEditable(id, "is " + found.template().state() + ": it cannot be published.");
        }
        TemplateSheet published = publication.publish(id, operator, budget);
        catalog.changed(id);
        return published;
    }

    public TemplateSheet pause(TemplateId id, Operator operator) {
        return move(id, TemplateMove.PAUSE, operator);
    }

    public TemplateSheet resume(TemplateId id, Operator operator) {
        return move(id, TemplateMove.RESUME, operator);
    }

    public TemplateSheet end(TemplateId id, Operator operator) {
        if (gate.require() == Side.OLD) {
            TemplateSheet ended = mall.end(id, operator, now(), budget);
            catalog.changed(id);
            return ended;
        }
        return move(id, TemplateMove.END, operator);
    }

    public TemplateSheet archive(TemplateId id, Operator operator) {
        return move(id, TemplateMove.ARCHIVE, operator);
    }

    private TemplateSheet move(TemplateId id, TemplateMove move, Operator operator) {
        gate.requireNew("To " + move.word() + " a template");
        TemplateSheet after = meta.write((connection, epoch) -> {
            TemplateSheet before = locked(connection, id);
            if (before.template().state() == move.to()) {
                return before;
            }
            if (move == TemplateMove.RESUME) {
                RecallJournal.requireNone(connection, id);
            }
            return moved(connection, before, move, operator, now());
        });
        catalog.changed(id);
        return after;
    }

    /** The one place where a state changes; the template is locked. */
    static TemplateSheet moved(
            Connection connection, TemplateSheet before, TemplateMove move, Operator operator, long now)
            throws SQLException {
        TemplateId id = before.template().id();
        if (!move.leavesFrom(before.template().state())) {
            throw notEditable(id, "is " + before.template().state() + ": it cannot become " + move.to() + ".");
        }
        int found = Sql.update(
                connection,
                "UPDATE coupon_template SET status = ?, version = version + 1, updated_at = ?"
                        + " WHERE template_id = ? AND status = ?",
                move.to().code(),
                now,
                id.number(),
                before.template().status());
        if (found != 1) {
            throw new IllegalStateException("Template " + id + " was locked and has changed its state all the same.");
        }
        return audited(connection, before, move.word(), operator, now);
    }

    /** The template, two seconds old at most; what was changed on this instance is seen at once. */
    public TemplateSheet shown(TemplateId id) {
        return catalog.require(id, "id");
    }

    /** The template as it is now, past every cache. */
    public TemplateSheet find(TemplateId id) {
        return onTruth(
                        "template " + id,
                        connection -> databases.truth() == Side.OLD
                                ? LegacyTemplates.sheet(connection, id)
                                : ShardedTemplates.sheet(connection, id))
                .orElseThrow(() -> Template.notFound(id, "id"));
    }

    /** A page of all templates in ascending order of ids. */
    public ObjectNode page(int limit, long after, Optional<TemplateState> state) {
        return page(limit, after, state, Tenant.ALL);
    }

    /** The same of those that the caller may know of. */
    public ObjectNode page(int limit, long after, Optional<TemplateState> state, Predicate<TemplateId> visible) {
        return page(limit, after, state, sheet -> visible.test(sheet.template().id()), Integer.MAX_VALUE);
    }

    /**
     * Those that can be claimed now and whose coupons are good for this product. A page that has looked at {@link #MOST_LOOKED_AT} templates
     * ends there, and may have fewer than were asked for, or none, and others behind it.
     */
    public ObjectNode claimable(Product product, int limit, long after, Predicate<TemplateId> visible) {
        long now = now();
        return page(
                limit,
                after,
                Optional.of(TemplateState.PUBLISHED),
                sheet -> {
                    Template template = sheet.template();
                    return visible.test(template.id())
                            && template.claimableAt(now)
                            && lists.eligible(template.id(), product);
                },
                MOST_LOOKED_AT);
    }

    private ObjectNode page(
            int limit, long after, Optional<TemplateState> state, Predicate<TemplateSheet> fits, int most) {
        List<TemplateSheet> sheets = new ArrayList<>();
        long from = after;
        int looked = 0;
        while (true) {
            long behind = from;
            List<TemplateSheet> read = onTruth(
                    "templates",
                    connection -> databases.truth() == Side.OLD
                            ? LegacyTemplates.page(connection, behind, limit + 1, state)
                            : ShardedTemplates.page(connection, behind, limit + 1, state));
            read.stream().filter(fits).forEach(sheets::add);
            looked += read.size();
            if (sheets.size() > limit || read.size() <= limit) {
                return list(sheets, limit, sheets.size() > limit ? sheets.get(limit - 1) : null);
            }
            if (looked >= most) {
                return list(sheets, limit, read.get(limit));
            }
            from = read.get(limit).template().id().number();
        }
    }

    private static ObjectNode list(List<TemplateSheet> found, int limit, @Nullable TemplateSheet cursor) {
        ObjectNode page = JsonNodeFactory.instance.objectNode();
        page.put("object", "list");
        ArrayNode data = page.putArray("data");
        found.stream().limit(limit).map(TemplateShapes::template).forEach(data::add);
        page.put("has_more", cursor != null);
        page.put("next_cursor", cursor == null ? null : cursor.template().id().toString());
        return page;
    }

    /** A question to a connection. */
    @FunctionalInterface
    private interface Question<T> {
        T ask(Connection connection) throws SQLException;
    }

    private <T> T onTruth(String what, Question<T> question) {
        DatabaseId database = databases.truth() == Side.OLD ? DatabaseId.OLD : DatabaseId.META;
        try (Connection connection = topology.database(database).getConnection()) {
            return question.ask(connection);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading " + what + " from " + database, e);
        }
    }
}
