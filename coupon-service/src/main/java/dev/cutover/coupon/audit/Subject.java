package dev.cutover.coupon.audit;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What was changed.
 *
 * @param template its id where it is a template's
 * @param name as the API names it: {@code tpl_7}, {@code app_3}, {@code cbt_5}, {@code iss_2}, or what there is one of
 */
public record Subject(@Nullable TemplateId template, String name) {
    /** The products that no coupon is for. */
    public static final Subject SUPER_BLACKLIST = new Subject(null, "super_blacklist");

    /** How much one claim may ask for. */
    public static final Subject CLAIM_LIMITS = new Subject(null, "claim_limits");

    /** How many queues of cache-build tasks there are. */
    public static final Subject CACHE_QUEUES = new Subject(null, "cache_queues");

    private static final Pattern NUMBERED = Pattern.compile("(app|cbt|iss|whk)_(0|[1-9][0-9]{0,14})");

    public static Subject of(TemplateId template) {
        return new Subject(template, template.toString());
    }

    /** An application, its quota and its tokens. */
    public static Subject of(AppId app) {
        return new Subject(null, app.toString());
    }

    public static Subject of(IssuanceId issuance) {
        return new Subject(null, issuance.toString());
    }

    /** Where an application is told of its coupons. */
    public static Subject ofWebhook(long webhook) {
        return new Subject(null, "whk_" + webhook);
    }

    /** A batch of codes, and its codes. */
    public static Subject ofCodeBatch(long batch) {
        return new Subject(null, "cbt_" + batch);
    }

    /** As somebody types it. */
    public static Optional<Subject> parse(String text) {
        if (text.equals(SUPER_BLACKLIST.name())
                || text.equals(CLAIM_LIMITS.name())
                || text.equals(CACHE_QUEUES.name())
                || NUMBERED.matcher(text).matches()) {
            return Optional.of(new Subject(null, text));
        }
        return TemplateId.parse(text).map(Subject::of);
    }

    /** Its value in {@code coupon_audit.about}: NULL where the template says it, and for the super blacklist. */
    @Nullable
    String about() {
        return template != null || equals(SUPER_BLACKLIST) ? null : name;
    }

    @Nullable
    Long templateNumber() {
        return template == null ? null : template.number();
    }

    static Subject ofRow(@Nullable Long template, @Nullable String about) {
        if (template != null) {
            return of(new TemplateId(template));
        }
        return about == null ? SUPER_BLACKLIST : new Subject(null, about);
    }
}
