package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.HttpStatus;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.backoffice.Recall;
import dev.cutover.coupon.backoffice.Recalls;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Recalls of issued coupons, for the back office. Blocks; safe for many threads. */
final class RecallsApi {
    private final Recalls recalls;

    RecallsApi(Recalls recalls) {
        this.recalls = recalls;
    }

    void register(Routes routes) {
        routes.post("/v1/templates/{id}/recalls", this::order);
        routes.get("/v1/recalls/{id}", this::one);
    }

    private ApiAnswer order(ApiRequest request) {
        request.allowQuery();
        Operator operator = request.operator();
        TemplateId template = TemplatesApi.id(request);
        RequestBody body = request.body().allow("recall_no", "reason", "issuance_id");
        Recall.Ordered ordered = recalls.order(new Recall.Order(
                request.kept("recall_no", body.text("recall_no")), template, issuance(body), body.reason(), operator));
        return new ApiAnswer(
                ordered.known() ? HttpStatus.OK : HttpStatus.ACCEPTED,
                shape(ordered.progress()).toString(),
                ordered.known());
    }

    private static @Nullable IssuanceId issuance(RequestBody body) {
        if (!body.has("issuance_id")) {
            return null;
        }
        String text = body.text("issuance_id");
        return IssuanceId.parse(text)
                .orElseThrow(() ->
                        new Refusal(Reason.ISSUANCE_NOT_FOUND, "issuance_id", "There is no issuance '" + text + "'."));
    }

    private ApiAnswer one(ApiRequest request) {
        request.allowQuery();
        return ApiAnswer.ok(shape(recalls.progress(id(request))));
    }

    static RecallId id(ApiRequest request) {
        String text = request.path("id");
        return RecallId.parse(text)
                .orElseThrow(() -> new Refusal(Reason.RECALL_NOT_FOUND, "id", "There is no recall '" + text + "'."));
    }

    private static ObjectNode shape(Recall.Progress progress) {
        Recall recall = progress.recall();
        IssuanceId issuance = recall.issuance();
        Long ended = recall.endedAt();
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "recall");
        node.put("id", recall.id().toString());
        node.put("recall_no", recall.number());
        node.put("template_id", recall.template().toString());
        node.put("issuance_id", issuance == null ? null : issuance.toString());
        node.put("reason", recall.reason());
        node.put("state", recall.state().name());
        node.put("operation", OperationsApi.PREFIX + recall.id());
        ObjectNode counts = node.putObject("progress");
        counts.put("total", progress.total());
        counts.put("done", progress.done());
        counts.put("voided", progress.voided());
        counts.put("held", progress.held());
        counts.put("used", progress.used());
        node.put("failure", recall.failure());
        node.put("created_by", recall.createdBy());
        node.put("created_at", Instant.ofEpochMilli(recall.createdAt()).toString());
        node.put("cancelled_by", recall.endedBy());
        node.put(
                "finished_at",
                ended == null ? null : Instant.ofEpochMilli(ended).toString());
        return node;
    }
}
