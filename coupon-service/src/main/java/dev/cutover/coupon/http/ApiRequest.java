package dev.cutover.coupon.http;

import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.server.ServiceRequestContext;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** One request with everything that can be asked of it; what is missing or malformed is a 400 that names it. Owned by one thread. */
final class ApiRequest {
    static final long MOST_USER_ID = Integer.MAX_VALUE;

    private static final Pattern USER_ID = Pattern.compile("[1-9][0-9]{0,9}");
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._:-]{1,64}");

    private final ServiceRequestContext context;
    private final AggregatedHttpRequest request;

    ApiRequest(ServiceRequestContext context, AggregatedHttpRequest request) {
        this.context = context;
        this.request = request;
    }

    String path(String name) {
        String value = context.pathParam(name);
        return value == null ? "" : value;
    }

    void allowQuery(String... names) {
        Set<String> known = Set.of(names);
        for (String name : context.queryParams().names()) {
            if (!known.contains(name)) {
                throw new ApiException(ApiError.PARAMETER_UNKNOWN, name, "'" + name + "' is not a known parameter.");
            }
        }
    }

    Optional<String> query(String name) {
        return Optional.ofNullable(context.queryParam(name));
    }

    /** A user id as the mall has them: 31 bits. */
    static long userId(String param, String text) {
        if (!USER_ID.matcher(text).matches() || Long.parseLong(text) > MOST_USER_ID) {
            throw ApiException.invalid(param, "a user id from 1 to " + MOST_USER_ID);
        }
        return Long.parseLong(text);
    }

    String idempotencyKey() {
        String key = request.headers().get(Headers.IDEMPOTENCY_KEY);
        if (key == null) {
            throw new ApiException(
                    ApiError.IDEMPOTENCY_KEY_MISSING,
                    "Idempotency-Key",
                    "A request that changes something needs an Idempotency-Key header; repeat it with the same key.");
        }
        return key("Idempotency-Key", key);
    }

    static String key(String param, String key) {
        if (!KEY.matcher(key).matches()) {
            throw ApiException.invalid(param, "a key of 1 to 64 letters, digits, '.', '_', ':' and '-'");
        }
        return key;
    }

    RequestBody body() {
        return RequestBody.parse(request.contentUtf8());
    }
}
