package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What went wrong with a request, in the words of the vocabulary: each transport says it its own way.
 *
 * @param status what HTTP says, where the server itself chose it
 * @param param the part of the request, empty for none
 * @param details what led to it, or every problem where there are several
 * @param retryAfter after which the same may be sent again, empty where that would change nothing
 */
record Problem(
        int status,
        ApiError error,
        String param,
        String message,
        List<Map<String, String>> details,
        Optional<Duration> retryAfter) {
    private static final Duration USUAL_WAIT = Duration.ofSeconds(1);

    Problem {
        details = List.copyOf(details);
    }

    Problem(ApiError error, String param, String message) {
        this(
                error.status(),
                error,
                param,
                message,
                List.of(),
                error.retryable() ? Optional.of(USUAL_WAIT) : Optional.empty());
    }

    Problem with(List<Map<String, String>> why) {
        return new Problem(status, error, param, message, why, retryAfter);
    }

    Problem after(Duration longer) {
        return new Problem(status, error, param, message, details, Optional.of(longer));
    }

    Problem at(HttpStatus chosen) {
        return new Problem(chosen.code(), error, param, message, details, retryAfter);
    }

    String documentation() {
        return ErrorPage.PATH + "#" + error.code();
    }

    AggregatedHttpResponse http(String requestId) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        ObjectNode node = body.putObject("error");
        node.put("type", error.type());
        node.put("code", error.code());
        node.put("message", message);
        node.put("param", param.isEmpty() ? null : param);
        node.put("retryable", error.retryable());
        node.put("request_id", requestId);
        node.put("doc_url", documentation());
        if (!details.isEmpty()) {
            ArrayNode list = node.putArray("details");
            details.forEach(detail -> detail.forEach(list.addObject()::put));
        }
        ResponseHeadersBuilder headers = ResponseHeaders.builder(HttpStatus.valueOf(status))
                .contentType(MediaType.JSON_UTF_8)
                .set(Headers.REQUEST_ID, requestId);
        retryAfter.ifPresent(time -> headers.set(HttpHeaderNames.RETRY_AFTER, Long.toString(time.toSeconds())));
        if (error.status() == HttpStatus.UNAUTHORIZED.code()) {
            headers.set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        return AggregatedHttpResponse.of(headers.build(), HttpData.ofUtf8(body.toString()));
    }
}
