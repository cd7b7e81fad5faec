package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.code.CodeBatch;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.code.CodeImports;
import dev.cutover.coupon.code.Codes;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.Shapes;
import dev.cutover.coupon.template.Template;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Codes: batches for the back office, redemption for users. Blocks; safe for many threads. */
final class CodesApi {
    private static final Pattern BATCH = Pattern.compile("cbt_[1-9][0-9]{0,17}");
    static final long LONGEST_UPLOAD = 10L * 1024 * 1024;

    private static final Pattern NAMES_USERS =
            Pattern.compile("\\s*code\\s*,\\s*user_id\\s*", Pattern.CASE_INSENSITIVE);
    private static final Pattern USER = Pattern.compile("|[1-9][0-9]{0,9}");
    private static final String HEADING = "code";
    private static final int LONGEST_TYPED = 64;
    private static final int USUAL_LENGTH = 16;
    private static final int LONGEST_REASON = 200;

    private final Codes codes;
    private final CodeBatches batches;

    CodesApi(Codes codes, CodeBatches batches) {
        this.codes = codes;
        this.batches = batches;
    }

    ApiAnswer redeem(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body().allow("user_id", "code", "context", "channel", "partner_id");
        return ApiAnswer.created(codes.redeem(
                body.integer("user_id", 1, ApiRequest.MOST_USER_ID),
                request.client(),
                typed(body),
                key,
                CircumstancesFields.read(request, body)));
    }

    ApiAnswer validate(ApiRequest request) {
        RequestBody body = request.body().allow("user_id", "code", "context");
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "code_validation");
        node.put("valid", true);
        Template template = codes.validate(
                body.integer("user_id", 1, ApiRequest.MOST_USER_ID),
                request.client(),
                typed(body),
                CircumstancesFields.read(request, body));
        node.put("template_id", template.id().toString());
        node.put("name", template.name());
        node.set("discount", Shapes.discount(template.discount()));
        return ApiAnswer.ok(node);
    }

    /** The length alone is checked: a text that is no code is a miss, not a malformed request. */
    private static String typed(RequestBody body) {
        String typed = body.text("code");
        return typed.length() <= LONGEST_TYPED ? typed : "";
    }

    ApiAnswer order(ApiRequest request) {
        String operator = request.operator().name();
        RequestBody body = request.body().allow("batch_no", "template_id", "count", "length", "import");
        String text = body.text("template_id");
        String number = request.kept("batch_no", body.text("batch_no"));
        TemplateId template = TemplateId.parse(text)
                .orElseThrow(() ->
                        new Refusal(Reason.TEMPLATE_NOT_FOUND, "template_id", "There is no template '" + text + "'."));
        if (body.has("import") && body.flag("import")) {
            body.allow("batch_no", "template_id", "import");
            CodeBatches.Ordered ordered = batches.orderImport(number, template, operator);
            return ApiAnswer.ofNaturalKey(shape(ordered.batch()), ordered.known());
        }
        CodeBatches.Ordered ordered = batches.order(
                number,
                template,
                (int) body.integer("count", 1, CodeBatches.MOST_CODES),
                (int) body.optionalInteger("length", CodeBatches.SHORTEST, CodeBatches.LONGEST)
                        .orElse(USUAL_LENGTH),
                operator);
        return ApiAnswer.ofNaturalKey(shape(ordered.batch()), ordered.known());
    }

    ApiAnswer batch(ApiRequest request) {
        request.allowQuery();
        return ApiAnswer.ok(shape(batches.batch(id(request))));
    }

    /** One code a line, with or without a heading; what became of each, by the number of its line. */
    ApiAnswer upload(ApiRequest request) {
        String operator = request.operator().name();
        CodeBatch batch = batches.batch(id(request));
        List<CodeImports.Given> codes = new ArrayList<>();
        List<Long> rows = new ArrayList<>();
        for (UploadLines lines = new UploadLines(request.bytes(), HEADING); lines.move(); ) {
            codes.add(given(lines));
            rows.add(lines.number());
        }
        if (codes.isEmpty()) {
            throw ApiException.invalid("body", "a list of at least one code");
        }
        if (codes.size() > CodeImports.MOST_CODES) {
            throw new ApiException(
                    ApiError.BATCH_LIMIT_EXCEEDED,
                    "body",
                    "One upload has at most " + CodeImports.MOST_CODES + " codes, not " + codes.size() + ".");
        }
        List<CodeImports.Result> results = this.codes.imports().upload(batch, codes, operator);
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "code_import");
        node.put("id", batch.toString());
        node.put("rows", results.size());
        for (CodeImports.Result result : CodeImports.Result.values()) {
            node.put(result.code(), results.stream().filter(result::equals).count());
        }
        ArrayNode others = node.putArray("not_imported");
        for (int i = 0; i < results.size(); i++) {
            if (results.get(i) != CodeImports.Result.IMPORTED) {
                others.addObject()
                        .put("row", rows.get(i))
                        .put("result", results.get(i).code());
            }
        }
        return ApiAnswer.ok(node);
    }

    /** Commas may be part of a code, so only a heading says that users are named. */
    private static CodeImports.Given given(UploadLines lines) {
        String line = lines.whole();
        if (!NAMES_USERS.matcher(lines.headed()).matches()) {
            return CodeImports.Given.ofAnybody(line);
        }
        int comma = line.lastIndexOf(',');
        String user = line.substring(comma + 1).strip();
        if (comma < 0 || !USER.matcher(user).matches()) {
            return CodeImports.Given.UNREADABLE;
        }
        long named = user.isEmpty() ? 0 : Long.parseLong(user);
        return named > ApiRequest.MOST_USER_ID
                ? CodeImports.Given.UNREADABLE
                : new CodeImports.Given(line.substring(0, comma), named);
    }

    ApiAnswer voidBatch(ApiRequest request) {
        String operator = request.operator().name();
        return ApiAnswer.ok(shape(batches.voidBatch(
                id(request), operator, request.body().allow("reason").reason())));
    }

    ApiAnswer voidCode(ApiRequest request) {
        String operator = request.operator().name();
        RequestBody body = request.body().allow("code", "reason");
        codes.voidCode(typed(body), request.tenant().visible(), operator, body.reason());
        return ApiAnswer.ok(
                JsonNodeFactory.instance.objectNode().put("object", "code").put("state", "VOID"));
    }

    CodeBatches.Export export(ApiRequest request) {
        request.allowQuery("reason");
        String reason = request.query("reason").orElse("");
        if (reason.length() > LONGEST_REASON) {
            throw ApiException.invalid("reason", "a text of at most " + LONGEST_REASON + " characters");
        }
        return batches.export(id(request), request.operator().name(), reason);
    }

    static long id(ApiRequest request) {
        String text = request.path("id");
        return batch(text)
                .orElseThrow(() -> new Refusal(Reason.CODE_BATCH_NOT_FOUND, "id", "There is no batch '" + text + "'."));
    }

    /** The number of a batch out of its id; empty for what is none. */
    static Optional<Long> batch(String text) {
        return BATCH.matcher(text).matches()
                ? Optional.of(Long.parseLong(text.substring("cbt_".length())))
                : Optional.empty();
    }

    private static String state(CodeBatch batch) {
        return switch (batch.voiding()) {
            case NOT -> batch.ready() ? "READY" : "MAKING";
            case BEGUN -> "VOIDING";
            case DONE -> "VOID";
        };
    }

    private static ObjectNode shape(CodeBatch batch) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "code_batch");
        node.put("id", batch.toString());
        node.put("batch_no", batch.batchNo());
        node.put("template_id", batch.template().toString());
        node.put("state", state(batch));
        node.put("count", batch.count());
        node.put("made", batch.made());
        node.put("length", batch.imported() ? null : batch.length());
        node.put("key_id", batch.keyId());
        node.put("created_by", batch.createdBy());
        node.put("created_at", Instant.ofEpochMilli(batch.createdAt()).toString());
        return node;
    }
}
