package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpHeaderNames;
import io.netty.util.AsciiString;

/** Header names of the API. */
final class Headers {
    static final AsciiString IDEMPOTENCY_KEY = HttpHeaderNames.of("idempotency-key");
    static final AsciiString IDEMPOTENT_REPLAYED = HttpHeaderNames.of("idempotent-replayed");
    static final AsciiString OPERATOR = HttpHeaderNames.of("x-operator");
    static final AsciiString REQUEST_ID = HttpHeaderNames.of("request-id");

    static final AsciiString CONTENT_SHA256 = HttpHeaderNames.of("x-content-sha256");

    static final AsciiString RATE_LIMIT = HttpHeaderNames.of("ratelimit-limit");
    static final AsciiString RATE_LIMIT_REMAINING = HttpHeaderNames.of("ratelimit-remaining");
    static final AsciiString RATE_LIMIT_RESET = HttpHeaderNames.of("ratelimit-reset");

    private Headers() {}
}
