package dev.cutover.coupon.backoffice;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who changed what: one row a change, in the change's own transaction, and none is ever changed. The mall had no such table; what is
 * written there is told to the service's log. Safe for many threads.
 */
public final class AuditLog {
    private static final JsonMapper JSON = new JsonMapper();

    private final Topology topology;
    private final CouponDatabases databases;

    AuditLog(Topology topology, CouponDatabases databases) {
        this.topology = topology;
        this.databases = databases;
    }

    /** @param template null for what belongs to no template */
    static void append(
            Connection meta,
            @Nullable TemplateId template,
            Operator operator,
            String action,
            long at,
            @Nullable JsonNode was,
            @Nullable JsonNode became)
            throws SQLException {
        Sql.update(
                meta,
                "INSERT INTO coupon_audit (template_id, operator, action, at, was, became) VALUES (?, ?, ?, ?, ?, ?)",
                template == null ? null : template.number(),
                operator.name(),
                action,
                at,
                was == null ? null : was.toString(),
                became == null ? null : became.toString());
    }

    private record Line(long id, ObjectNode json) {}

    /** A page of a template's changes, or of those that belong to none, in the order in which they were written. */
    public ObjectNode page(@Nullable TemplateId template, int limit, long after) {
        List<Line> lines = databases.truth() == Side.OLD ? List.of() : read(template, limit + 1, after);
        ObjectNode page = JsonNodeFactory.instance.objectNode();
        page.put("object", "list");
        ArrayNode data = page.putArray("data");
        lines.stream().limit(limit).forEach(line -> data.add(line.json()));
        page.put("has_more", lines.size() > limit);
        page.put(
                "next_cursor",
                lines.size() > limit ? "aud_" + lines.get(limit - 1).id() : null);
        return page;
    }

    private List<Line> read(@Nullable TemplateId template, int limit, long after) {
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            return Sql.list(
                    connection,
                    AuditLog::line,
                    "SELECT audit_id, operator, action, at, was, became FROM coupon_audit"
                            + " WHERE template_id <=> ? AND audit_id > ? ORDER BY audit_id LIMIT ?",
                    template == null ? null : template.number(),
                    after,
                    limit);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the audit log", e);
        }
    }

    private static Line line(ResultSet row) throws SQLException {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "audit_line");
        node.put("id", "aud_" + row.getLong("audit_id"));
        node.put("operator", row.getString("operator"));
        node.put("action", row.getString("action"));
        node.put("at", Instant.ofEpochMilli(row.getLong("at")).toString());
        node.set("before", json(row.getString("was")));
        node.set("after", json(row.getString("became")));
        return new Line(row.getLong("audit_id"), node);
    }

    private static JsonNode json(@Nullable String text) {
        try {
            return text == null ? JsonNodeFactory.instance.nullNode() : JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("MySQL keeps only JSON in a column of that type, not " + text + ".", e);
        }
    }
}
