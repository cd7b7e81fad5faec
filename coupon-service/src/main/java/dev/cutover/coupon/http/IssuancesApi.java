package dev.cutover.coupon.http;

import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.issuance.Audience;
import dev.cutover.coupon.issuance.IssuanceOrder;
import dev.cutover.coupon.issuance.IssuanceTask;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.issuance.Tunables;
import dev.cutover.coupon.issuance.UserFailure;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.IssuanceShapes;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Targeted issuances for the back office. Blocks; safe for many threads. */
final class IssuancesApi {
    /** Eleven bytes a user, for as many as an audience may name. */
    static final long LONGEST_UPLOAD = 12L * Audience.LONGEST_LIST;

    private static final int USUAL_PAGE = 20;
    private static final int LONGEST_PAGE = 100;
    private static final Pattern PAGE_LENGTH = Pattern.compile("[1-9][0-9]?|100");

    private final Issuances issuances;

    IssuancesApi(Issuances issuances) {
        this.issuances = issuances;
    }

    ApiAnswer order(ApiRequest request) {
        String operator = request.operator().name();
        RequestBody body = request.body()
                .allow(
                        "issuance_no",
                        "template_id",
                        "audience",
                        "batch_size",
                        "read_batch_size",
                        "message_users",
                        "rate",
                        CircumstancesFields.CHANNEL,
                        CircumstancesFields.PARTNER);
        String number = request.kept("issuance_no", body.text("issuance_no"));
        String template = body.text("template_id");
        Issuances.Ordered ordered = issuances.order(new IssuanceOrder(
                number,
                TemplateId.parse(template)
                        .orElseThrow(() -> new Refusal(
                                Reason.TEMPLATE_NOT_FOUND, "template_id", "There is no template '" + template + "'.")),
                audience(body.child("audience")),
                tunables(body, Tunables.USUAL),
                CircumstancesFields.via(body),
                operator));
        return ApiAnswer.ofNaturalKey(IssuanceShapes.issuance(ordered.progress()), ordered.known());
    }

    private static Optional<Audience> audience(RequestBody audience) {
        audience.allow("user_ids", "range", "upload");
        if (audience.has("range")) {
            RequestBody range = audience.child("range").allow("from", "to");
            long from = range.integer("from", 1, ApiRequest.MOST_USER_ID);
            long to = range.integer("to", from, Math.min(ApiRequest.MOST_USER_ID, from + Audience.LONGEST_RANGE - 1));
            return Optional.of(Audience.range(from, to));
        }
        if (audience.has("user_ids")) {
            return Optional.of(Audience.of(audience.integers("user_ids", 1, ApiRequest.MOST_USER_ID)));
        }
        if (audience.has("upload")) {
            if (!audience.text("upload").equals("csv")) {
                throw ApiException.invalid("audience.upload", "'csv'");
            }
            return Optional.empty();
        }
        throw ApiException.missing("audience.user_ids");
    }

    private static Tunables tunables(RequestBody body, Tunables before) {
        return new Tunables(
                (int) body.optionalInteger("batch_size", 1, Tunables.MOST_BATCH).orElse(before.batchSize()),
                (int) body.optionalInteger("read_batch_size", 1, Tunables.MOST_READ_BATCH)
                        .orElse(before.readBatchSize()),
                (int) body.optionalInteger("message_users", 1, Tunables.MOST_MESSAGE_USERS)
                        .orElse(before.messageUsers()),
                (int) body.optionalInteger("rate", 0, Tunables.MOST_RATE).orElse(before.rate()));
    }

    ApiAnswer upload(ApiRequest request) {
        return answer(issuances.upload(
                id(request),
                AudienceUpload.read(request.bytes()),
                request.operator().name()));
    }

    ApiAnswer one(ApiRequest request) {
        request.allowQuery();
        return answer(issuances.progress(id(request)));
    }

    ApiAnswer list(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        int limit = limit(request);
        Optional<IssuanceId> after = request.startingAfter(IssuanceId::parse, "the id of an issuance");
        List<IssuanceTask> found =
                issuances.list(after, limit + 1, request.tenant().visible());
        return ApiAnswer.ok(IssuanceShapes.list(found.subList(0, Math.min(limit, found.size())), found.size() > limit));
    }

    ApiAnswer failures(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        int limit = limit(request);
        long after = request.startingAfter(ApiRequest::readUserId, "the id of a user")
                .orElse(0L);
        List<UserFailure> found = issuances.failures(id(request), after, limit + 1);
        return ApiAnswer.ok(
                IssuanceShapes.failures(found.subList(0, Math.min(limit, found.size())), found.size() > limit));
    }

    ApiAnswer pause(ApiRequest request) {
        return answer(issuances.pause(id(request), request.operator().name()));
    }

    ApiAnswer resume(ApiRequest request) {
        return answer(issuances.resume(id(request), request.operator().name()));
    }

    ApiAnswer cancel(ApiRequest request) {
        return answer(issuances.cancel(id(request), request.operator().name()));
    }

    ApiAnswer tune(ApiRequest request) {
        String operator = request.operator().name();
        RequestBody body = request.body().allow("batch_size", "read_batch_size", "message_users", "rate");
        IssuanceId id = id(request);
        return answer(
                issuances.tune(id, tunables(body, issuances.progress(id).task().tunables()), operator));
    }

    private static ApiAnswer answer(Issuances.Progress progress) {
        return ApiAnswer.ok(IssuanceShapes.issuance(progress));
    }

    static IssuanceId id(ApiRequest request) {
        String text = request.path("id");
        return IssuanceId.parse(text)
                .orElseThrow(
                        () -> new Refusal(Reason.ISSUANCE_NOT_FOUND, "id", "There is no issuance '" + text + "'."));
    }

    private static int limit(ApiRequest request) {
        String text = request.query("limit").orElse(Integer.toString(USUAL_PAGE));
        if (!PAGE_LENGTH.matcher(text).matches()) {
            throw ApiException.invalid("limit", "a number from 1 to " + LONGEST_PAGE);
        }
        return Integer.parseInt(text);
    }
}
