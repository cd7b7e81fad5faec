package dev.cutover.coupon.shape;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.issuance.IssuanceTask;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.issuance.UserFailure;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns issuances into the API's objects, always with the same fields in the same order. */
public final class IssuanceShapes {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final ObjectMapper READER = new ObjectMapper();

    private IssuanceShapes() {}

    public static ObjectNode issuance(Issuances.Progress progress) {
        ObjectNode node = task(progress.task());
        ObjectNode counts = node.putObject("progress");
        counts.put("total", progress.task().named());
        counts.put("issued", progress.task().issued());
        counts.put("duplicate", progress.task().duplicates());
        counts.put("failed", progress.failed());
        counts.put("dead", progress.dead());
        counts.put("pending", progress.pending());
        counts.put("users_per_second", Math.round(progress.usersPerSecond() * 10) / 10.0);
        counts.put("seconds_left", progress.secondsLeft().orElse(null));
        ObjectNode messages = node.putObject("messages");
        messages.put("waiting", progress.messagesWaiting());
        messages.put("delivered", progress.messagesDelivered());
        messages.put("message_centre", progress.messageCentre());
        try {
            node.set("changes", READER.readTree(progress.task().audit()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(
                    "issuance_task.audit of " + progress.task().id() + " is not JSON.", e);
        }
        return node;
    }

    public static ObjectNode list(List<IssuanceTask> tasks, boolean more) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "list");
        ArrayNode data = node.putArray("data");
        tasks.forEach(one -> data.add(task(one)));
        node.put("has_more", more);
        node.put("next_cursor", more ? tasks.get(tasks.size() - 1).id().toString() : null);
        return node;
    }

    private static ObjectNode task(IssuanceTask task) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "issuance");
        node.put("id", task.id().toString());
        node.put("issuance_no", task.issuanceNo());
        node.put("template_id", task.template().toString());
        node.put("state", task.state().name());
        node.put("paused_because", task.pausedBecause());
        node.put("audience_sha256", task.audience());
        ObjectNode tunables = node.putObject("tunables");
        tunables.put("batch_size", task.tunables().batchSize());
        tunables.put("read_batch_size", task.tunables().readBatchSize());
        tunables.put("message_users", task.tunables().messageUsers());
        tunables.put("rate", task.tunables().rate());
        node.put("created_by", task.createdBy());
        node.put("created_at", time(task.createdAt()));
        node.put("finished_at", time(task.finishedAt()));
        return node;
    }

    public static ObjectNode failures(List<UserFailure> failures, boolean more) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "list");
        ArrayNode data = node.putArray("data");
        for (UserFailure failure : failures) {
            ObjectNode one = data.addObject();
            one.put("user_id", failure.user());
            one.put("reason", failure.reason());
            one.put("message", failure.message());
            one.put("attempts", failure.attempts());
            one.put("dead", failure.dead());
            one.put("next_try_at", failure.dead() ? null : time(failure.nextAt()));
        }
        node.put("has_more", more);
        node.put(
                "next_cursor",
                more ? Long.toString(failures.get(failures.size() - 1).user()) : null);
        return node;
    }

    private static @Nullable String time(@Nullable Long epochMillis) {
        return epochMillis == null ? null : Instant.ofEpochMilli(epochMillis).toString();
    }
}
