package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.backoffice.Recall;
import dev.cutover.coupon.backoffice.Recalls;
import dev.cutover.coupon.code.CodeBatch;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.issuance.IssuanceState;
import dev.cutover.coupon.issuance.IssuanceTask;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.time.Instant;
import java.util.Optional;

/**
 * Whatever goes on by itself, in one shape: an issuance, a recall or a batch of codes, under its own id with {@code op_} before it. Safe for many
 * threads.
 */
final class OperationsApi {
    static final String PREFIX = "op_";

    private final Issuances issuances;
    private final CodeBatches batches;
    private final Recalls recalls;

    OperationsApi(Issuances issuances, CodeBatches batches, Recalls recalls) {
        this.issuances = issuances;
        this.batches = batches;
        this.recalls = recalls;
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
        Optional<RecallId> recall = recall(request);
        if (recall.isPresent()) {
            return ApiAnswer.ok(shape(recalls.progress(recall.get())));
        }
        Optional<IssuanceId> issuance = issuance(request);
        return ApiAnswer.ok(
                issuance.isPresent()
                        ? shape(issuances.progress(issuance.get()))
                        : shape(batches.batch(batch(request))));
    }

    ApiAnswer cancel(ApiRequest request) {
        Operator operator = request.operator();
        Optional<RecallId> recall = recall(request);
        if (recall.isPresent()) {
            return ApiAnswer.ok(shape(recalls.cancel(recall.get(), operator)));
        }
        Optional<IssuanceId> issuance = issuance(request);
        if (issuance.isPresent()) {
            return ApiAnswer.ok(shape(issuances.cancel(issuance.get(), operator.name())));
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

    /** The recall that a request names; empty when it names something else, refuses what looks like one and is none. */
    static Optional<RecallId> recall(ApiRequest request) {
        String text = request.path("id");
        if (!text.startsWith(PREFIX + "rcl_")) {
            return Optional.empty();
        }
        return Optional.of(RecallId.parse(text.substring(PREFIX.length()))
                .orElseThrow(
                        () -> new Refusal(Reason.RECALL_NOT_FOUND, "id", "There is no operation '" + text + "'.")));
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

    private static ObjectNode shape(Recall.Progress progress) {
        Recall recall = progress.recall();
        State state = switch (recall.state()) {
            case RUNNING -> State.RUNNING;
            case CANCELLING -> State.CANCELLING;
            case CANCELLED -> State.CANCELLED;
            case DONE -> State.DONE;
        };
        ObjectNode node = operation(recall.id().toString(), "recall", state);
        node.put("total", progress.total());
        node.put("done", progress.done());
        node.put("created_by", recall.createdBy());
        node.put("created_at", Instant.ofEpochMilli(recall.createdAt()).toString());
        node.put("resource", "/v1/recalls/" + recall.id());
        node.put("cancel", state == State.RUNNING ? "/v1/operations/" + PREFIX + recall.id() + "/cancel" : null);
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
