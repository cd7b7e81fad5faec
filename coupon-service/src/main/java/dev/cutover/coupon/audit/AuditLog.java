package dev.cutover.coupon.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who changed what: one row a change, in the change's own transaction where that is one of the meta database, and none is ever changed.
 * The mall had no such table; what is written there is told to the service's log. Safe for many threads.
 */
public final class AuditLog {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String LINE =
            "SELECT audit_id, template_id, about, operator, action, at, was, became FROM coupon_audit";

    private final MetaDatabase meta;

    public AuditLog(MetaDatabase meta) {
        this.meta = meta;
    }

    /**
     * Adds a line in the transaction of what it tells of.
     *
     * @param operator as {@link Operator#name()}
     * @param at milliseconds since 1970
     */
    public static void append(
            Connection meta,
            Subject subject,
            String operator,
            String action,
            long at,
            @Nullable JsonNode was,
            @Nullable JsonNode became)
            throws SQLException {
        Sql.update(
                meta,
                "INSERT INTO coupon_audit (template_id, about, operator, action, at, was, became)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?)",
                subject.templateNumber(),
                subject.about(),
                operator,
                action,
                at,
                was == null ? null : was.toString(),
                became == null ? null : became.toString());
    }

    private record Line(long id, ObjectNode json) {}

    /** A page of what was done to one thing, in the order in which it was written. */
    public ObjectNode page(Subject subject, int limit, long after) {
        return page(
                limit,
                meta.read(connection -> Sql.list(
                        connection,
                        AuditLog::line,
                        LINE + " WHERE template_id <=> ? AND about <=> ? AND audit_id > ? ORDER BY audit_id LIMIT ?",
                        subject.templateNumber(),
                        subject.about(),
                        after,
                        limit + 1)));
    }

    /**
     * A page of everything, the newest first.
     *
     * @param subject what it was done to, empty for all
     * @param operator who did it, empty for all
     */
    public ObjectNode newest(Optional<Subject> subject, Optional<String> operator, int limit, Optional<Long> before) {
        List<@Nullable Object> values = new ArrayList<>();
        StringBuilder where = new StringBuilder(" WHERE audit_id < ?");
        values.add(before.orElse(Long.MAX_VALUE));
        subject.ifPresent(wanted -> {
            where.append(" AND template_id <=> ? AND about <=> ?");
            values.add(wanted.templateNumber());
            values.add(wanted.about());
        });
        operator.ifPresent(name -> {
            where.append(" AND operator = ?");
            values.add(name);
        });
        values.add(limit + 1);
        return page(
                limit,
                meta.read(connection -> Sql.list(
                        connection,
                        AuditLog::line,
                        LINE + where + " ORDER BY audit_id DESC LIMIT ?",
                        values.toArray())));
    }

    private static ObjectNode page(int limit, List<Line> lines) {
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

    private static Line line(ResultSet row) throws SQLException {
        long template = row.getLong("template_id");
        Subject subject = Subject.ofRow(row.wasNull() ? null : template, row.getString("about"));
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "audit_line");
        node.put("id", "aud_" + row.getLong("audit_id"));
        node.put("subject", subject.name());
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
