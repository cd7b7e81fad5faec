package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Gives every call a deadline: its own where it says a shorter one, else that of all requests. A call without one would by the rules of gRPC
 * be waited for without end, as those are that answer bit by bit. Safe for many threads.
 */
record CallDeadline(Duration longest) implements DecoratingHttpServiceFunction {
    static final String HEADER = "grpc-timeout";
    private static final Pattern TIMEOUT = Pattern.compile("([0-9]{1,8})([HMSmun])");
    private static final Map<String, TimeUnit> UNITS = Map.of(
            "H", TimeUnit.HOURS,
            "M", TimeUnit.MINUTES,
            "S", TimeUnit.SECONDS,
            "m", TimeUnit.MILLISECONDS,
            "u", TimeUnit.MICROSECONDS,
            "n", TimeUnit.NANOSECONDS);

    @Override
    public HttpResponse serve(HttpService delegate, ServiceRequestContext context, HttpRequest request)
            throws Exception {
        if (!RouteRules.isCall(context.path())
                || RouteRules.isStream(context.path())
                || shorter(request.headers().get(HEADER))) {
            return delegate.serve(context, request);
        }
        HttpRequest bounded = request.mapHeaders(headers ->
                headers.toBuilder().set(HEADER, longest.toMillis() + "m").build());
        context.updateRequest(bounded);
        return delegate.serve(context, bounded);
    }

    private boolean shorter(@Nullable String told) {
        if (told == null) {
            return false;
        }
        Matcher parts = TIMEOUT.matcher(told);
        if (!parts.matches()) {
            // Refused by the service itself.
            return true;
        }
        long amount = Long.parseLong(parts.group(1));
        TimeUnit unit = UNITS.getOrDefault(parts.group(2), TimeUnit.SECONDS);
        return amount > 0 && unit.toMillis(amount) <= longest.toMillis();
    }
}
