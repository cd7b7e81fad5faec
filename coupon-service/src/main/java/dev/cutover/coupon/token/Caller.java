package dev.cutover.coupon.token;

import dev.cutover.coupon.id.AppId;
import java.util.Set;

/** Who sent a request, and what their token is good for. */
public record Caller(AppId app, Set<Scope> scopes) {
    public Caller {
        scopes = Set.copyOf(scopes);
    }
}
