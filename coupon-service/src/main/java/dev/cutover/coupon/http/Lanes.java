package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.util.BlockingTaskExecutor;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keeps lanes apart: each has threads of its own, so what is slow in one has nobody of another wait behind it; and of browsing only so much is
 * let in, the rest is told so at once, before it costs anything. Calls share the threads of the server, and count as browsing like requests do.
 *
 * <p>Safe for many threads.
 */
final class Lanes implements DecoratingHttpServiceFunction, AutoCloseable {
    /** As many requests that browse may be here at once, worked on or waiting. */
    static final int MOST_BROWSING = 64;

    private final Map<Lane, BlockingTaskExecutor> threads = new EnumMap<>(Lane.class);
    private final AtomicInteger browsing = new AtomicInteger();
    private final Counter shed;

    Lanes(MeterRegistry meters) {
        for (Lane lane : Lane.values()) {
            threads.put(
                    lane,
                    BlockingTaskExecutor.builder()
                            .numThreads(lane.threads())
                            .threadNamePrefix("coupon-" + lane.name())
                            .build());
        }
        this.shed = Counter.builder("coupon.requests.shed")
                .description("Requests that browse, refused because enough others do")
                .register(meters);
        Gauge.builder("coupon.requests.browsing", browsing, AtomicInteger::get)
                .description("Requests that browse, worked on or waiting")
                .register(meters);
    }

    /** The threads of a lane. */
    BlockingTaskExecutor threads(Lane lane) {
        return Objects.requireNonNull(threads.get(lane));
    }

    @Override
    public HttpResponse serve(HttpService delegate, ServiceRequestContext context, HttpRequest request)
            throws Exception {
        boolean browses = RouteRules.of(context.config().route(), context.method(), context.path())
                .map(rule -> rule.lane() == Lane.BROWSE)
                .orElse(false);
        if (!browses) {
            return delegate.serve(context, request);
        }
        if (browsing.incrementAndGet() > MOST_BROWSING) {
            browsing.decrementAndGet();
            shed.increment();
            return refused(context);
        }
        HttpResponse response;
        try {
            response = delegate.serve(context, request);
        } catch (Exception e) {
            browsing.decrementAndGet();
            throw e;
        }
        var unused = response.whenComplete().handle((done, failure) -> browsing.decrementAndGet());
        return response;
    }

    private static HttpResponse refused(ServiceRequestContext context) {
        String requestId = CouponServer.requestId(context);
        Problem problem = new Problem(
                ApiError.OVERLOADED,
                "",
                "More look at coupons than this instance can serve; send the same request again.");
        return RouteRules.isCall(context.path())
                ? CallErrors.response(problem, requestId)
                : problem.http(requestId).toHttpResponse();
    }

    @Override
    public void close() {
        threads.values().forEach(BlockingTaskExecutor::shutdownNow);
    }
}
