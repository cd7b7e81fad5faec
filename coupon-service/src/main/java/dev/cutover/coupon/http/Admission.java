package dev.cutover.coupon.http;

import com.linecorp.armeria.server.ServiceRequestContext;
import dev.cutover.coupon.token.Caller;
import dev.cutover.coupon.token.Tenant;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/** A request that came with a token: who sent it, whose objects it may name, and by which rule. */
record Admission(Caller caller, Tenant tenant, RouteRules.Rule rule, TenantGuard guard) {
    private static final AttributeKey<Admission> KEY = AttributeKey.valueOf(Admission.class, "ADMISSION");

    void remember(ServiceRequestContext context) {
        context.setAttr(KEY, this);
    }

    /** Null where nobody asks for tokens. */
    static @Nullable Admission of(ServiceRequestContext context) {
        return context.attr(KEY);
    }
}
