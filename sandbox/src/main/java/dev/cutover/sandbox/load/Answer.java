package dev.cutover.sandbox.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;

/**
 * What came of a request after all its attempts.
 *
 * @param code the error code of a refusal; what was last seen, for a request nobody answered
 */
record Answer(Kind kind, int status, String code, JsonNode body, int attempts) {
    enum Kind {
        DONE,
        REFUSED,
        NONE
    }

    static Answer none(String lastSeen, int attempts) {
        return new Answer(Kind.NONE, 0, lastSeen, MissingNode.getInstance(), attempts);
    }

    boolean done() {
        return kind == Kind.DONE;
    }

    boolean refusedWith(String expected) {
        return kind == Kind.REFUSED && code.equals(expected);
    }

    String text() {
        return kind == Kind.NONE
                ? "no answer after " + attempts + " attempts, last seen: " + code
                : "HTTP " + status + (code.isEmpty() ? " " + body : " " + code) + " after " + attempts + " attempts";
    }
}
