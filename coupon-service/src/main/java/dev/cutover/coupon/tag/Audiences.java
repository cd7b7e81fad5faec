package dev.cutover.coupon.tag;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.template.Template;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says whether a user belongs to the audience of a template. Sources may take their deadline, so nobody comes here with a lock or in a
 * transaction. Safe for many threads.
 */
public final class Audiences {
    private static final long MOST_EXPRESSIONS = 10_000;

    private final TagBook book;
    private final TagSource store;
    private final TagSource service;
    private final LoadingCache<String, AudienceExpression> compiled =
            Caffeine.newBuilder().maximumSize(MOST_EXPRESSIONS).build(AudienceExpression::parse);

    public Audiences(TagBook book, TagSource store, TagSource service) {
        this.book = book;
        this.store = store;
        this.service = service;
    }

    /** Why this user is turned away from some of these templates, by the template; each source is asked once at most. */
    public Map<TemplateId, Refusal> outside(long userId, Collection<Template> templates, TagContext context) {
        Map<TemplateId, AudienceExpression> asked = new LinkedHashMap<>();
        for (Template template : templates) {
            Optional.ofNullable(template.terms().audience())
                    .ifPresent(audience -> asked.put(template.id(), compiled.get(audience)));
        }
        if (asked.isEmpty()) {
            return Map.of();
        }
        Map<String, Reading> readings = readings(userId, asked.values(), context);
        Map<TemplateId, Refusal> outside = new HashMap<>();
        asked.forEach((template, audience) -> {
            if (!audience.holds(readings::get)) {
                outside.put(template, refusal(template, audience.failed(readings::get)));
            }
        });
        return outside;
    }

    private Map<String, Reading> readings(long userId, Collection<AudienceExpression> asked, TagContext context) {
        Map<String, Reading> readings = new HashMap<>();
        Map<Tag.Source, List<Tag>> toAsk = new EnumMap<>(Tag.Source.class);
        for (AudienceExpression audience : asked) {
            for (String name : audience.tags().keySet()) {
                Tag tag = book.tags().get(name);
                if (tag == null) {
                    readings.put(name, new Reading(Optional.empty(), "there is no such tag any more", false));
                } else if (tag.consent() && !context.consents().contains(name)) {
                    readings.put(name, tag.unknown("the user has not agreed to it"));
                } else if (tag.source() == Tag.Source.CONTEXT) {
                    String value = context.values().get(name);
                    readings.put(name, value == null ? tag.unknown("the request does not say it") : Reading.of(value));
                } else {
                    List<Tag> tags = toAsk.computeIfAbsent(tag.source(), source -> new ArrayList<>());
                    if (!tags.contains(tag)) {
                        tags.add(tag);
                    }
                }
            }
        }
        toAsk.forEach(
                (source, tags) -> readings.putAll((source == Tag.Source.STORE ? store : service).read(userId, tags)));
        return readings;
    }

    private static Refusal refusal(TemplateId template, List<AudienceExpression.Failed> failed) {
        List<Map<String, String>> details = new ArrayList<>();
        for (AudienceExpression.Failed one : failed) {
            Map<String, String> detail = new LinkedHashMap<>();
            detail.put("tag", one.test().toString());
            detail.put("wanted", one.wanted() ? "yes" : "no");
            // The value itself is the user's.
            detail.put("found", one.reading().value().isEmpty() ? "unknown" : one.wanted() ? "no" : "yes");
            if (one.reading().value().isEmpty()) {
                detail.put("because", one.reading().why());
            }
            details.add(detail);
        }
        return new Refusal(
                        Reason.AUDIENCE_NOT_MATCHED,
                        "items[0].template_id",
                        "The user is not of the audience of template " + template + "; the details say why.")
                .with(details);
    }
}
