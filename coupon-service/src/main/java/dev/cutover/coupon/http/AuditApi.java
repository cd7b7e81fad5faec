package dev.cutover.coupon.http;

import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.backoffice.BackOffice;
import dev.cutover.coupon.id.TemplateId;
import java.util.Optional;
import java.util.regex.Pattern;

/** Who changed what. Blocks; safe for many threads. */
final class AuditApi {
    private static final Pattern LINE = Pattern.compile("aud_[1-9][0-9]{0,17}");

    private final BackOffice office;
    private final AuditLog log;

    AuditApi(BackOffice office) {
        this.office = office;
        this.log = office.audit();
    }

    void register(Routes routes) {
        routes.get("/v1/templates/{id}/audit", this::ofTemplate);
        routes.get("/v1/super_blacklist/audit", this::ofSuperBlacklist);
        routes.get("/v1/audit", this::ofEverything);
    }

    private ApiAnswer ofTemplate(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        TemplateId id = TemplatesApi.id(request);
        var unused = office.templates().find(id);
        return ApiAnswer.ok(
                log.page(Subject.of(id), request.limit(), after(request).orElse(0L)));
    }

    private ApiAnswer ofSuperBlacklist(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        return ApiAnswer.ok(log.page(
                Subject.SUPER_BLACKLIST, request.limit(), after(request).orElse(0L)));
    }

    private ApiAnswer ofEverything(ApiRequest request) {
        request.allowQuery("limit", "starting_after", "subject", "operator");
        Optional<Subject> subject = request.query("subject").map(AuditApi::subject);
        Optional<String> operator = request.query("operator").map(AuditApi::operator);
        return ApiAnswer.ok(log.newest(subject, operator, request.limit(), after(request)));
    }

    private static Subject subject(String text) {
        return Subject.parse(text)
                .orElseThrow(() -> ApiException.invalid(
                        "subject",
                        "the id of a template, an application, a webhook, a batch of codes or an issuance, 'super_blacklist',"
                                + " 'claim_limits' or 'cache_queues'"));
    }

    private static String operator(String text) {
        return Operator.parse(text)
                .orElseThrow(() -> ApiException.invalid("operator", "a name as the log has it: 'ann' or 'app_7/ann'"))
                .name();
    }

    private static Optional<Long> after(ApiRequest request) {
        return request.startingAfter(
                text -> LINE.matcher(text).matches()
                        ? Optional.of(Long.parseLong(text.substring("aud_".length())))
                        : Optional.empty(),
                "a line of the audit log");
    }
}
