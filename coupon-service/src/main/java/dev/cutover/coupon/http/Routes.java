package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServiceBindingBuilder;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Binds handlers to routes and remembers them, so that a call reaches the very handler of the route that does the same. Owned by one thread. */
final class Routes {
    /** Methods whose requests say all in their path, headers and body. */
    private static final Set<HttpMethod> IN_THE_BODY = EnumSet.of(HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH);

    private final ServerBuilder builder;
    private final Lanes lanes;
    private final Map<String, Function<ApiRequest, ApiAnswer>> handlers = new HashMap<>();

    Routes(ServerBuilder builder, Lanes lanes) {
        this.builder = builder;
        this.lanes = lanes;
    }

    void get(String path, Function<ApiRequest, ApiAnswer> handler) {
        add(HttpMethod.GET, path, handler);
    }

    void post(String path, Function<ApiRequest, ApiAnswer> handler) {
        add(HttpMethod.POST, path, handler);
    }

    void add(HttpMethod method, String path, Function<ApiRequest, ApiAnswer> handler) {
        add(method, path, binding -> binding, handler);
    }

    /** A route with limits of its own. */
    void add(
            HttpMethod method,
            String path,
            UnaryOperator<ServiceBindingBuilder> limits,
            Function<ApiRequest, ApiAnswer> handler) {
        Function<ApiRequest, ApiAnswer> strict = IN_THE_BODY.contains(method) ? withoutQuery(handler) : handler;
        handlers.put(method + " " + path, strict);
        limits.apply(route(method, path))
                .build(answering((request, requestId) ->
                        request.told(strict.apply(request)).rendered(requestId).toHttpResponse()));
    }

    // A parameter that nobody reads is a mistake that nobody would be told of.
    private static Function<ApiRequest, ApiAnswer> withoutQuery(Function<ApiRequest, ApiAnswer> handler) {
        return request -> {
            request.allowQuery();
            return handler.apply(request);
        };
    }

    /** A route whose answer is no JSON, which no call can have. */
    void addRaw(
            HttpMethod method,
            String path,
            UnaryOperator<ServiceBindingBuilder> limits,
            BiFunction<ApiRequest, String, HttpResponse> handler) {
        limits.apply(route(method, path)).build(answering(handler));
    }

    private ServiceBindingBuilder route(HttpMethod method, String path) {
        ServiceBindingBuilder binding = builder.route().methods(method).path(path);
        return RouteRules.laneOf(method, path)
                .map(lane -> binding.blockingTaskExecutor(lanes.threads(lane), false))
                .orElse(binding);
    }

    private static HttpService answering(BiFunction<ApiRequest, String, HttpResponse> handler) {
        return (context, request) -> HttpResponse.of(request.aggregate()
                .thenApplyAsync(
                        whole -> {
                            String requestId = CouponServer.requestId(context);
                            try {
                                return handler.apply(new ApiRequest(context, new HttpParts(context, whole)), requestId);
                            } catch (RuntimeException e) {
                                return ErrorAnswers.of(e, requestId)
                                        .http(requestId)
                                        .toHttpResponse();
                            }
                        },
                        context.blockingTaskExecutor()));
    }

    /** Every handler, under its method and path. */
    Map<String, Function<ApiRequest, ApiAnswer>> handlers() {
        return Map.copyOf(handlers);
    }
}
