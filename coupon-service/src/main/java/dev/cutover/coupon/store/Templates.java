package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.template.Template;
import java.sql.SQLException;
import java.util.Optional;

/** The templates of one side. Safe for many threads. */
@FunctionalInterface
public interface Templates {
    Optional<Template> find(TemplateId id) throws SQLException;
}
