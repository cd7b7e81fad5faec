package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.code.CodeBatch;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.issuance.IssuanceState;
import dev.cutover.coupon.issuance.IssuanceTask;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.time.Instant;
import java.util.Optional;

/**
 * Whatever goes on by itself, in one shape: an issuance or a batch of codes, under its own id with {@code op_} before it. Safe for many
 * threads.
 */
final class OperationsApi {
    private static final String PREFIX = "op_";

    private final Issuances issuances;
    private final CodeBatches batches;

    OperationsApi(Issuances issuances, CodeBatches batches) {
        this.issuances = issuances;
        this.batches = batches;
    }

    /** How far something is, whatever it is. */
    private enum State {
        WAITING,
        RUNNING,
        PAUSED,
        CANCELLING,
        CANCELLED,
        DONE
    }

    ApiAnswer one(ApiRequest request) {
        request.allowQuery();
        Optional<IssuanceId> issuance = issuance(request);
        return ApiAnswer.ok(
                issuance.isPresent()
                        ? shape(issuances.progress(issuance.get()))
                        : shape(batches.batch(batch(request))));
    }

    ApiAnswer cancel(ApiRequest request) {
        String operator = request.operator().name();
        Optional<IssuanceId> issuance = issuance(request);
        if (issuance.isPresent()) {
            return ApiAnswer.ok(shape(issuances.cancel(issuance.get(), operator)));
        }
        CodeBatch batch = batches.batch(batch(request));
        throw new Refusal(
                Reason.CODE_BATCH_STATE_CONFLICT,
                "id",
                "Codes that are there are not cancelled but made void: POST /v1/code_batches/" + batch + "/void.");
    }

    /** The issuance that a request names; empty when it names something else. */
    static Optional<IssuanceId> issuance(ApiRequest request) {
        String text = request.path("id");
        return text.startsWith(PREFIX) ? IssuanceId.parse(text.substring(PREFIX.length())) : Optional.empty();
    }

    /** The batch of codes that a request names; refuses what names nothing. */
    static long batch(ApiRequest request) {
        String text = request.path("id");
        return CodesApi.batch(text.startsWith(PREFIX) ? text.substring(PREFIX.length()) : "")
                .orElseThrow(() -> new Refusal(
                        text.startsWith(PREFIX + "cbt_") ? Reason.CODE_BATCH_NOT_FOUND : Reason.ISSUANCE_NOT_FOUND,
                        "id",
                        "There is no operation '" + text + "'."));
    }

    private static ObjectNode shape(Issuances.Progress progress) {
        IssuanceTask task = progress.task();
        State state = switch (task.state()) {
            case AWAITING_AUDIENCE -> State.WAITING;
            case RUNNING -> State.RUNNING;
            case PAUSED -> State.PAUSED;
            case CANCELLING -> State.CANCELLING;
            case CANCELLED -> State.CANCELLED;
            case DONE -> State.DONE;
        };
        ObjectNode node = operation(task.id().toString(), "issuance", state);
        node.put("total", task.named());
        node.put("done", task.issued() + task.duplicates() + progress.dead());
        node.put("created_by", task.createdBy());
        node.put("created_at", Instant.ofEpochMilli(task.createdAt()).toString());
        node.put("resource", "/v1/issuances/" + task.id());
        boolean over = task.state() == IssuanceState.DONE
                || task.state() == IssuanceState.CANCELLED
                || task.state() == IssuanceState.CANCELLING;
        node.put("cancel", over ? null : "/v1/operations/" + PREFIX + task.id() + "/cancel");
        return node;
    }

    private static ObjectNode shape(CodeBatch batch) {
        State state = switch (batch.voiding()) {
            case NOT -> batch.ready() ? State.DONE : State.RUNNING;
            case BEGUN -> State.CANCELLING;
            case DONE -> State.CANCELLED;
        };
        ObjectNode node = operation(batch.toString(), "code_batch", state);
        node.put("total", batch.count());
        node.put("done", batch.made());
        node.put("created_by", batch.createdBy());
        node.put("created_at", Instant.ofEpochMilli(batch.createdAt()).toString());
        node.put("resource", "/v1/code_batches/" + batch);
        node.putNull("cancel");
        return node;
    }

    private static ObjectNode operation(String id, String kind, State state) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "operation");
        node.put("id", PREFIX + id);
        node.put("kind", kind);
        node.put("state", state.name());
        return node;
    }
}
