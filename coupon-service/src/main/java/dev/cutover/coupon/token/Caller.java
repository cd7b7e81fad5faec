package dev.cutover.coupon.token;

import dev.cutover.coupon.id.AppId;
import java.util.Optional;
import java.util.Set;

/**
 * Who sent a request, and what their token is good for.
 *
 * @param quota of their application, empty for no limit
 */
public record Caller(AppId app, Set<Scope> scopes, Optional<Quota> quota) {
    /** Without a limit. */
    public Caller(AppId app, Set<Scope> scopes) {
        this(app, scopes, Optional.empty());
    }

    public Caller {
        scopes = Set.copyOf(scopes);
    }
}
