package dev.cutover.coupon.http;

/** The request is answered with an error of the vocabulary. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ApiError error;
    private final String param;

    ApiException(ApiError error, String param, String message) {
        super(message, null, false, false);
        this.error = error;
        this.param = param;
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

    /** The part of the request, empty for none. */
    String param() {
        return param;
    }
}
