package dev.cutover.sandbox.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;

/**
 * Asks the coupon service until it answers: what has no answer yet (no connection, a timeout, 5xx, 429, "in progress") is sent
 * again, to the next instance, under the same idempotency key. Safe for many threads.
 */
final class CouponApi {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    private static final long FIRST_BACK_OFF_MILLIS = 10;
    private static final long LONGEST_BACK_OFF_MILLIS = 160;

    private final List<URI> instances;
    private final Duration requestTimeout;
    private final Duration deadline;
    private final Pace pace;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();
    private final Map<String, LongAdder> retries = new ConcurrentHashMap<>();

    CouponApi(List<URI> instances, Duration requestTimeout, Duration deadline, Pace pace) {
        this.instances = List.copyOf(instances);
        this.requestTimeout = requestTimeout;
        this.deadline = deadline;
        this.pace = pace;
    }

    /** @param first the instance to ask first; retries go round */
    Answer post(int first, String path, String body, String key) throws InterruptedException {
        return ask(
                first,
                path,
                HttpRequest.newBuilder()
                        .header("Content-Type", "application/json")
                        .header("Idempotency-Key", key)
                        .POST(BodyPublishers.ofString(body)));
    }

    Answer get(int first, String path) throws InterruptedException {
        return ask(first, path, HttpRequest.newBuilder().GET());
    }

    Map<String, Long> retries() {
        Map<String, Long> counts = new TreeMap<>();
        retries.forEach((reason, count) -> counts.put(reason, count.sum()));
        return counts;
    }

    private Answer ask(int first, String path, HttpRequest.Builder request) throws InterruptedException {
        long end = System.nanoTime() + deadline.toNanos();
        request.timeout(requestTimeout);
        for (int attempt = 1; ; attempt++) {
            URI instance = instances.get(Math.floorMod(first + attempt - 1, instances.size()));
            String open;
            try {
                HttpResponse<String> response =
                        client.send(request.uri(instance.resolve(path)).build(), BodyHandlers.ofString());
                Answer answer = answer(response, attempt);
                if (answer.kind() != Answer.Kind.NONE) {
                    return answer;
                }
                open = answer.code();
            } catch (IOException e) {
                // Sent again below, counted, and part of the answer should it be the last: nothing is hidden.
                open = e.getClass().getSimpleName();
            }
            if (System.nanoTime() > end) {
                return Answer.none(open, attempt);
            }
            retries.computeIfAbsent(open, reason -> new LongAdder()).increment();
            // Retry-After counts in seconds, the pause of a switch in milliseconds: it is not waited for.
            long most = Math.min(LONGEST_BACK_OFF_MILLIS, FIRST_BACK_OFF_MILLIS << Math.min(attempt, 10));
            pace.backOff(
                    Duration.ofMillis(most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1)));
        }
    }

    private static Answer answer(HttpResponse<String> response, int attempt) {
        int status = response.statusCode();
        JsonNode body = body(response.body());
        if (status / 100 == 2) {
            return body.isMissingNode()
                    ? new Answer(Answer.Kind.REFUSED, status, "not_json", body, attempt)
                    : new Answer(Answer.Kind.DONE, status, "", body, attempt);
        }
        String code = body.path("error").path("code").asText("");
        boolean again = status >= 500 || status == 429 || code.equals("idempotency_request_in_progress");
        return again
                ? Answer.none(("HTTP " + status + " " + code).strip(), attempt)
                : new Answer(Answer.Kind.REFUSED, status, code.isEmpty() ? "no_code" : code, body, attempt);
    }

    private static JsonNode body(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            // not a swallowed failure: an answer that is no JSON is one kind of wrong answer, see above
            return MissingNode.getInstance();
        }
    }
}
