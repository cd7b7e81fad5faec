package dev.cutover.coupon.issuance;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.id.IssuanceId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;

/**
 * What somebody did to a task, as the task itself keeps it and as the audit log does.
 *
 * @param at milliseconds since 1970
 * @param operator who; the service, when its template refused
 */
record Change(long at, String operator, String what) {
    /** As it stands in {@code issuance_task.audit}. */
    String json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("at", Instant.ofEpochMilli(at).toString())
                .put("operator", operator)
                .put("change", what)
                .toString();
    }

    void audit(Connection meta, IssuanceId task, String action) throws SQLException {
        ObjectNode became = JsonNodeFactory.instance.objectNode().put("change", what);
        AuditLog.append(meta, Subject.of(task), operator, action, at, null, became);
    }
}
