package dev.cutover.coupon.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import dev.cutover.coupon.operation.Answer;

/**
 * What a handler answers.
 *
 * @param replayed whether the effect was there from an earlier request with the same key
 */
record ApiAnswer(HttpStatus status, String json, boolean replayed) {
    private static final JsonMapper JSON = new JsonMapper();

    static ApiAnswer ok(JsonNode json) {
        return new ApiAnswer(HttpStatus.OK, json.toString(), false);
    }

    /** 201 the first time; what carries its own number and is there already, is shown as it stands by now. */
    static ApiAnswer ofNaturalKey(JsonNode json, boolean known) {
        return new ApiAnswer(known ? HttpStatus.OK : HttpStatus.CREATED, json.toString(), known);
    }

    static ApiAnswer recorded(String json) {
        return new ApiAnswer(HttpStatus.OK, json, false);
    }

    /** 200 whether it is the first time or not. */
    static ApiAnswer recorded(Answer answer) {
        return new ApiAnswer(HttpStatus.OK, answer.json(), answer.replayed());
    }

    /** 201 the first time, 200 with a header after that. */
    static ApiAnswer created(Answer answer) {
        return new ApiAnswer(answer.replayed() ? HttpStatus.OK : HttpStatus.CREATED, answer.json(), answer.replayed());
    }

    JsonNode tree() {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An answer is not JSON: " + json, e);
        }
    }

    /** As a response of HTTP. */
    AggregatedHttpResponse rendered(String requestId) {
        ResponseHeadersBuilder headers = ResponseHeaders.builder(status)
                .contentType(MediaType.JSON_UTF_8)
                .set(Headers.REQUEST_ID, requestId);
        if (replayed) {
            headers.set(Headers.IDEMPOTENT_REPLAYED, "true");
        }
        return AggregatedHttpResponse.of(headers.build(), HttpData.ofUtf8(json));
    }
}
