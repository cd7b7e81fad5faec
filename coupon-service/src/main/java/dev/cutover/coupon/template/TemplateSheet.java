package dev.cutover.coupon.template;

import org.jspecify.annotations.Nullable;

/**
 * A template with everything the back office writes on it.
 *
 * @param bizType the business it is for, opaque to this service
 * @param metadata a JSON object of texts, opaque to this service
 * @param updatedAt epoch milliseconds of the last change, null for one that has not changed since the mall
 */
public record TemplateSheet(
        Template template,
        @Nullable String bizType,
        @Nullable String metadata,
        @Nullable Long updatedAt) {
    /** As the mall has it. */
    static TemplateSheet ofTheMall(Template template) {
        return new TemplateSheet(template, null, null, null);
    }
}
