package dev.cutover.coupon.http;

import java.util.List;
import java.util.Map;

/** The request is answered with an error of the vocabulary. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ApiError error;
    private final String param;
    private final transient List<Map<String, String>> details;

    ApiException(ApiError error, String param, String message) {
        this(error, param, message, List.of());
    }

    private ApiException(ApiError error, String param, String message, List<Map<String, String>> details) {
        super(message, null, false, false);
        this.error = error;
        this.param = param;
        this.details = details;
    }

    /** @param max how many there may be, which the caller is told as a field too */
    static ApiException tooMany(String param, int max, String message) {
        return new ApiException(
                ApiError.BATCH_LIMIT_EXCEEDED,
                param,
                message,
                List.of(Map.of("param", param, "message", message, "max", Integer.toString(max))));
    }

    static ApiException missing(String param) {
        return new ApiException(ApiError.PARAMETER_MISSING, param, "'" + param + "' is missing.");
    }

    static ApiException invalid(String param, String expected) {
        return new ApiException(ApiError.PARAMETER_INVALID, param, "'" + param + "' is not " + expected + ".");
    }

    ApiError error() {
        return error;
    }

    /** What a machine wants to know besides, empty where the code says it all. */
    List<Map<String, String>> details() {
        return details;
    }

    /** The part of the request, empty for none. */
    String param() {
        return param;
    }
}
