package dev.cutover.coupon.token;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TemplateId;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Whose objects a request may name, and whose keys and numbers it uses. Safe for many threads.
 *
 * <p>Applications do not know of each other, so two of them may use the same idempotency key for one user, or the same number for a batch:
 * those of an application are kept with its number behind them. The mall's are kept as they are, as before there were applications.
 */
public final class Tenant {
    /** All templates: where there is nobody to hide any from. */
    public static final Predicate<TemplateId> ALL = template -> true;

    /** Where nobody asks for tokens: everything is everybody's. */
    public static final Tenant ANYBODY = new Tenant(AppId.MALL, (app, template) -> true);

    /** Stands behind a kept key, before the number of its application; none is kept with it inside. */
    public static final char MARK = '~';

    private static final int RADIX = 36;
    private static final int LONGEST_NUMBER = 6;

    /** How long a key or number of an application may be, so that it fits with the mark and the number behind it. */
    public static final int LONGEST_KEY = 64 - 1 - LONGEST_NUMBER;

    private final AppId app;
    private final Owners owners;

    public Tenant(AppId app, Owners owners) {
        this.app = app;
        this.owners = owners;
    }

    /** The application, when it is not the mall. */
    public Optional<AppId> application() {
        return app.equals(AppId.MALL) ? Optional.empty() : Optional.of(app);
    }

    public boolean owns(TemplateId template) {
        return owners.owns(app, template);
    }

    /** The templates that this tenant may know of. */
    public Predicate<TemplateId> visible() {
        return this == ANYBODY ? ALL : this::owns;
    }

    /** A key of this tenant as it is kept. */
    public String kept(String key) {
        return application().map(own -> key + suffix(own)).orElse(key);
    }

    /** A kept key as this tenant knows it. */
    public String told(String kept) {
        return application()
                .map(Tenant::suffix)
                .filter(kept::endsWith)
                .map(suffix -> kept.substring(0, kept.length() - suffix.length()))
                .orElse(kept);
    }

    private static String suffix(AppId app) {
        String number = Long.toString(app.number(), RADIX);
        if (number.length() > LONGEST_NUMBER) {
            throw new IllegalStateException("Application " + app + " has a number with no room behind a key.");
        }
        return MARK + number;
    }
}
