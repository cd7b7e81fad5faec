package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Route;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.token.Caller;
import dev.cutover.coupon.token.Owners;
import dev.cutover.coupon.token.RateLimits;
import dev.cutover.coupon.token.Scope;
import dev.cutover.coupon.token.Tenant;
import dev.cutover.coupon.token.TokenRefusedException;
import dev.cutover.coupon.token.Tokens;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks every request for a token, whatever transport it came by, before anything else is done for it; probes and metrics are open. Known
 * tokens are judged on the event loop, without a statement. Safe for many threads.
 */
final class TokenGate implements DecoratingHttpServiceFunction {
    private final Tokens tokens;
    private final Owners owners;
    private final TenantGuard guard;
    private final RateLimits limits;

    TokenGate(Tokens tokens, Owners owners, TenantGuard guard, RateLimits limits) {
        this.limits = limits;
        this.tokens = tokens;
        this.owners = owners;
        this.guard = guard;
    }

    @Override
    public HttpResponse serve(HttpService delegate, ServiceRequestContext context, HttpRequest request)
            throws Exception {
        Route route = context.config().route();
        if (route.isFallback() || RouteRules.open(route)) {
            return delegate.serve(context, request);
        }
        String header = request.headers().get(HttpHeaderNames.AUTHORIZATION);
        try {
            Optional<Caller> caller = tokens.known(header);
            if (caller.isPresent()) {
                admit(caller.get(), context);
                return delegate.serve(context, request);
            }
        } catch (TokenRefusedException | RateLimitedException | ApiException e) {
            return refused(e, context);
        }
        return HttpResponse.of(CompletableFuture.supplyAsync(
                () -> looked(delegate, context, request, header), context.blockingTaskExecutor()));
    }

    private HttpResponse looked(
            HttpService delegate, ServiceRequestContext context, HttpRequest request, @Nullable String header) {
        try {
            admit(tokens.looked(header), context);
            return delegate.serve(context, request);
        } catch (TokenRefusedException | RateLimitedException | ApiException e) {
            return refused(e, context);
        } catch (Exception e) {
            return HttpResponse.ofFailure(e);
        }
    }

    private void requireQuota(Caller caller, ServiceRequestContext context) {
        if (caller.quota().isEmpty()) {
            return;
        }
        RateLimits.Outcome outcome = limits.take(caller.app(), caller.quota().get());
        context.mutateAdditionalResponseHeaders(headers -> headers.set(
                        Headers.RATE_LIMIT, Integer.toString(outcome.quota().burst()))
                .set(Headers.RATE_LIMIT_REMAINING, Long.toString(outcome.remaining()))
                .set(
                        Headers.RATE_LIMIT_RESET,
                        Long.toString(outcome.untilFull().plusMillis(999).toSeconds())));
        if (!outcome.admitted()) {
            throw new RateLimitedException(outcome);
        }
    }

    private void admit(Caller caller, ServiceRequestContext context) {
        requireQuota(caller, context);
        Route route = context.config().route();
        RouteRules.Rule rule = RouteRules.of(route, context.method(), context.path())
                .orElseThrow(() -> new ApiException(
                        ApiError.SCOPE_INSUFFICIENT, "", "No token is good for this path: it has no rule yet."));
        if (Collections.disjoint(rule.scopes(), caller.scopes())) {
            throw new ApiException(
                    ApiError.SCOPE_INSUFFICIENT,
                    "",
                    "The token is not good for this; it takes the scope "
                            + rule.scopes().stream()
                                    .sorted()
                                    .map(Scope::word)
                                    .collect(Collectors.joining("' or '", "'", "'."))
                            + " Ask for a token that has it: POST /v1/apps/{id}/tokens.");
        }
        if (rule.names() == RouteRules.Names.THE_MALLS && !caller.app().equals(AppId.MALL)) {
            throw new ApiException(
                    ApiError.SCOPE_INSUFFICIENT,
                    "",
                    "This is the mall's own: no token of an application is good for it.");
        }
        new Admission(caller, new Tenant(caller.app(), owners), rule, guard).remember(context);
    }

    private static HttpResponse refused(RuntimeException e, ServiceRequestContext context) {
        String requestId = CouponServer.requestId(context);
        Problem problem = ErrorAnswers.of(e, requestId);
        return RouteRules.isCall(context.path())
                ? CallErrors.response(problem, requestId)
                : problem.http(requestId).toHttpResponse();
    }
}
