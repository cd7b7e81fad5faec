package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpMethod;
import dev.cutover.coupon.token.Scope;
import java.util.Set;

/** Requests that share threads, and that no request of another lane has to wait behind. */
enum Lane {
    /** What people look at. Too much of it is refused at once: they look again. */
    BROWSE(24),
    /** Coupons for users. */
    CLAIM(32),
    /** Money: orders wait for it, so nothing of it is refused for want of room. */
    SETTLE(32),
    /** The back office. */
    OFFICE(16);

    private static final String OFFERS = "/v1/coupons/available";

    private final int threads;

    Lane(int threads) {
        this.threads = threads;
    }

    /** As many of its requests are worked on at once. */
    int threads() {
        return threads;
    }

    /** The lane of a route, by whom it is for. */
    static Lane of(HttpMethod method, String path, Set<Scope> scopes) {
        if (scopes.contains(Scope.ADMIN) || scopes.contains(Scope.BACKOFFICE)) {
            // Templates are read by both; whoever writes them is the back office.
            return scopes.contains(Scope.READ) && method == HttpMethod.GET && !scopes.contains(Scope.ADMIN)
                    ? BROWSE
                    : OFFICE;
        }
        if (scopes.contains(Scope.USE)) {
            return path.equals(OFFERS) ? BROWSE : SETTLE;
        }
        return scopes.contains(Scope.CLAIM) ? CLAIM : BROWSE;
    }
}
