package dev.cutover.coupon.token;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/**
 * Owners as {@code app_template} has them.
 *
 * <p>A row is written with its template and never changed, so it is kept for good. That there is none may be because the template is
 * still to be made: it is kept for seconds, and an application is not turned away by it without another look. Safe for many threads.
 */
public final class TemplateOwners implements Owners {
    private static final Duration NONE_KEPT = Duration.ofSeconds(2);
    private static final long MOST_KEPT = 100_000;

    private final MetaDatabase meta;
    private final Cache<TemplateId, AppId> owned;
    private final Cache<TemplateId, Boolean> ofTheMall;

    public TemplateOwners(MetaDatabase meta, Ticker ticker) {
        this.meta = meta;
        this.owned = Caffeine.newBuilder().maximumSize(MOST_KEPT).build();
        this.ofTheMall = Caffeine.newBuilder()
                .maximumSize(MOST_KEPT)
                .expireAfterWrite(NONE_KEPT)
                .ticker(ticker)
                .build();
    }

    @Override
    public boolean owns(AppId app, TemplateId template) {
        AppId owner = owned.getIfPresent(template);
        if (owner != null) {
            return owner.equals(app);
        }
        if (app.equals(AppId.MALL) && ofTheMall.getIfPresent(template) != null) {
            return true;
        }
        Optional<AppId> found = meta.read(connection -> Sql.first(
                connection,
                row -> new AppId(row.getLong(1)),
                "SELECT app_id FROM app_template WHERE template_id = ?",
                template.number()));
        found.ifPresentOrElse(known -> owned.put(template, known), () -> ofTheMall.put(template, true));
        return found.orElse(AppId.MALL).equals(app);
    }

    /** In the transaction that makes the template. */
    public static void record(Connection meta, TemplateId template, AppId app) throws SQLException {
        Sql.update(
                meta, "INSERT INTO app_template (template_id, app_id) VALUES (?, ?)", template.number(), app.number());
    }
}
