package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls of gRPC on the port of the requests, loaded by the first of them: gRPC and its messages are some thousand classes, and an
 * instance that nobody calls should not start later for them. Safe for many threads.
 */
final class LazyCalls implements HttpService {
    // Every service of coupon.proto; the loaded ones are compared with these by a test.
    static final List<String> SERVICES = List.of(
            "coupon.v1.ClaimService",
            "coupon.v1.UserCouponService",
            "coupon.v1.RedemptionService",
            "coupon.v1.CodeService",
            "coupon.v1.TemplateService",
            "coupon.v1.IssuanceService",
            "coupon.v1.StatsService",
            "grpc.health.v1.Health");

    private final Supplier<? extends HttpService> loading;
    private volatile @Nullable HttpService loaded;

    LazyCalls(Supplier<? extends HttpService> loading) {
        this.loading = loading;
    }

    void register(ServerBuilder builder) {
        SERVICES.forEach(service -> builder.route()
                .post("/" + service + "/{method}")
                .maxRequestLength(TemplatesApi.LONGEST_LIST)
                .build(this));
    }

    @Override
    public HttpResponse serve(ServiceRequestContext context, HttpRequest request) throws Exception {
        HttpService calls = loaded;
        if (calls != null) {
            return calls.serve(context, request);
        }
        // Never on an event loop: others would wait for it.
        return HttpResponse.of(CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return load().serve(context, request);
                    } catch (Exception e) {
                        return HttpResponse.ofFailure(e);
                    }
                },
                context.blockingTaskExecutor()));
    }

    private synchronized HttpService load() {
        HttpService calls = loaded;
        if (calls == null) {
            calls = loading.get();
            loaded = calls;
        }
        return calls;
    }
}
