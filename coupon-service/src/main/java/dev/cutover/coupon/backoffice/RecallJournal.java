package dev.cutover.coupon.backoffice;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.backoffice.Recall.State;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.template.TemplateRow;
import dev.cutover.coupon.template.TemplateState;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * The rows of {@code coupon_recall} in the meta database, with their lines in the audit log.
 *
 * <p>The template is locked before its recalls, by whoever orders one and by whoever resumes the template: a template that is being
 * recalled gives out nothing. Safe for many threads.
 */
final class RecallJournal {
    private static final int LONGEST_FAILURE = 200;
    private static final String RECALL =
            "SELECT recall_id, recall_no, coupon_recall.template_id, issuance_id, seed, reason, coupon_recall.state, failure,"
                    + " coupon_recall.created_by, coupon_recall.created_at, ended_by, ended_at"
                    + " FROM coupon_recall LEFT JOIN issuance_task ON task_id = issuance_id ";

    private final MetaDatabase meta;

    RecallJournal(MetaDatabase meta) {
        this.meta = meta;
    }

    Optional<Recall> find(RecallId id) {
        return meta.read(connection -> byId(connection, id));
    }

    Optional<Recall> find(String number) {
        return meta.read(
                connection -> Sql.first(connection, RecallJournal::read, RECALL + "WHERE recall_no = ?", number));
    }

    /** Writes a recall down; refuses while its template gives out coupons. */
    RecallId create(Recall.Order order, long now) {
        return meta.write((connection, epoch) -> {
            TemplateState state =
                    TemplateDesk.locked(connection, order.template()).template().state();
            if (state != TemplateState.PAUSED && state != TemplateState.ENDED && state != TemplateState.ARCHIVED) {
                throw TemplateDesk.notEditable(
                        order.template(),
                        "is " + state + ": pause or end it first, so that it gives out nothing while its coupons are"
                                + " recalled.");
            }
            IssuanceId issuance = order.issuance();
            if (issuance != null) {
                requireIssuance(connection, issuance, order.template());
            }
            RecallId id = new RecallId(Sql.insert(
                            connection,
                            "INSERT INTO coupon_recall (recall_no, template_id, issuance_id, reason, state, created_by,"
                                    + " created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                            order.number(),
                            order.template().number(),
                            issuance == null ? null : issuance.number(),
                            order.reason(),
                            State.RUNNING.ordinal(),
                            order.operator().name(),
                            now)
                    .get(0));
            audit(connection, byId(connection, id).orElseThrow(), order.operator(), "recall", now);
            return id;
        });
    }

    private static void requireIssuance(Connection connection, IssuanceId issuance, TemplateId template)
            throws SQLException {
        var unused = Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT task_id FROM issuance_task WHERE task_id = ? AND template_id = ?",
                        issuance.number(),
                        template.number())
                .orElseThrow(() -> new Refusal(
                        Reason.ISSUANCE_NOT_FOUND,
                        "issuance_id",
                        "There is no issuance " + issuance + " of template " + template + "."));
    }

    /** Refuses to let a template give out coupons that is being recalled; the template is locked. */
    static void requireNone(Connection connection, TemplateId template) throws SQLException {
        Optional<RecallId> open = Sql.first(
                connection,
                row -> new RecallId(row.getLong(1)),
                "SELECT recall_id FROM coupon_recall WHERE template_id = ? AND state IN (?, ?) LIMIT 1",
                template.number(),
                State.RUNNING.ordinal(),
                State.CANCELLING.ordinal());
        if (open.isPresent()) {
            throw TemplateDesk.notEditable(
                    template, "is being recalled by " + open.get() + ": resume it when that is done or cancelled.");
        }
    }

    /** Some recall that is not over and that nobody works on, with its lease; the one that has waited longest. */
    Optional<Recall> take(UUID owner, long now, Duration lease) {
        int taken = meta.write((connection, epoch) -> Sql.update(
                connection,
                "UPDATE coupon_recall SET owner = ?, lease_until = ? WHERE state IN (?, ?) AND lease_until <= ?"
                        + " ORDER BY lease_until LIMIT 1",
                owner.toString(),
                now + lease.toMillis(),
                State.RUNNING.ordinal(),
                State.CANCELLING.ordinal(),
                now));
        return taken == 0
                ? Optional.empty()
                : meta.read(connection ->
                        Sql.first(connection, RecallJournal::read, RECALL + "WHERE owner = ?", owner.toString()));
    }

    /** Whether somebody might take a recall; a hint that costs no lock. */
    boolean anythingToDo(long now) {
        return meta.read(connection -> Sql.first(
                        connection,
                        row -> 1,
                        "SELECT 1 FROM coupon_recall WHERE state IN (?, ?) AND lease_until <= ? LIMIT 1",
                        State.RUNNING.ordinal(),
                        State.CANCELLING.ordinal(),
                        now))
                .isPresent();
    }

    /**
     * Gives a recall back, to be taken again then.
     *
     * @param failure what the turn failed of, empty when it did not
     */
    void leave(Recall recall, UUID owner, long until, Optional<String> failure) {
        meta.write((connection, epoch) -> Sql.update(
                connection,
                "UPDATE coupon_recall SET owner = NULL, lease_until = ?, failure = ? WHERE recall_id = ? AND owner = ?",
                until,
                failure.map(text -> text.substring(0, Math.min(LONGEST_FAILURE, text.length())))
                        .orElse(null),
                recall.id().number(),
                owner.toString()));
    }

    /** Ends a recall for which nothing is left to be done; once, whoever finds out. */
    void done(RecallId id, long now) {
        move(id, State.RUNNING, State.DONE, Operator.SERVICE, now);
    }

    /** Has a recall end; returns it as it stands then. */
    Recall cancel(RecallId id, Operator operator, long now) {
        return move(id, State.RUNNING, State.CANCELLING, operator, now);
    }

    /** Every shard database knows that a recall is cancelled. */
    Recall cancelled(RecallId id, long now) {
        return move(id, State.CANCELLING, State.CANCELLED, Operator.SERVICE, now);
    }

    private Recall move(RecallId id, State from, State to, Operator operator, long now) {
        return meta.write((connection, epoch) -> {
            int moved = Sql.update(
                    connection,
                    "UPDATE coupon_recall SET state = ?, failure = NULL, lease_until = 0,"
                            + " ended_by = IF(? = ?, ?, ended_by), ended_at = IF(? IN (?, ?), ?, NULL)"
                            + " WHERE recall_id = ? AND state = ?",
                    to.ordinal(),
                    to.ordinal(),
                    State.CANCELLING.ordinal(),
                    operator.name(),
                    to.ordinal(),
                    State.CANCELLED.ordinal(),
                    State.DONE.ordinal(),
                    now,
                    id.number(),
                    from.ordinal());
            Recall recall = byId(connection, id).orElseThrow();
            if (moved == 1 && to != State.CANCELLED) {
                audit(connection, recall, operator, to == State.DONE ? "recalled" : "cancel_recall", now);
            }
            return recall;
        });
    }

    private static void audit(Connection connection, Recall recall, Operator operator, String action, long now)
            throws SQLException {
        ObjectNode became = JsonNodeFactory.instance.objectNode();
        became.put("recall", recall.id().toString());
        became.put("reason", recall.reason());
        IssuanceId issuance = recall.issuance();
        if (issuance != null) {
            became.put("issuance_id", issuance.toString());
        }
        AuditLog.append(connection, Subject.of(recall.template()), operator.name(), action, now, null, became);
    }

    private static Optional<Recall> byId(Connection connection, RecallId id) throws SQLException {
        return Sql.first(connection, RecallJournal::read, RECALL + "WHERE recall_id = ?", id.number());
    }

    private static Recall read(ResultSet row) throws SQLException {
        Long issuance = TemplateRow.number(row, "issuance_id");
        return new Recall(
                new RecallId(row.getLong("recall_id")),
                row.getString("recall_no"),
                new TemplateId(row.getLong("template_id")),
                issuance == null ? null : new IssuanceId(issuance),
                row.getString("seed"),
                row.getString("reason"),
                State.values()[row.getInt("state")],
                row.getString("failure"),
                row.getString("created_by"),
                row.getLong("created_at"),
                row.getString("ended_by"),
                TemplateRow.number(row, "ended_at"));
    }
}
