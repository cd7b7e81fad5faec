package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.linecorp.armeria.common.HttpStatus;
import dev.cutover.coupon.operation.Answer;

/**
 * What a handler answers.
 *
 * @param replayed whether the effect was there from an earlier request with the same key
 */
record ApiAnswer(HttpStatus status, String json, boolean replayed) {
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
}
