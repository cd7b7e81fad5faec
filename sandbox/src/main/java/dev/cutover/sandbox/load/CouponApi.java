package dev.cutover.sandbox.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;

/**
 * Asks the coupon service until it answers: what has no answer yet (no connection, a timeout, 5xx, 429, "in progress") is sent
 * again, to the next instance, under the same idempotency key. Safe for many threads.
 */
final class CouponApi implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    private static final int MOST_CONNECTIONS = 64;
    private static final long FIRST_BACK_OFF_MILLIS = 10;
    private static final long LONGEST_BACK_OFF_MILLIS = 160;

    private final List<URI> instances;
    private final Duration deadline;
    private final Pace pace;
    private final CloseableHttpClient client;
    private final Map<String, LongAdder> retries = new ConcurrentHashMap<>();

    CouponApi(List<URI> instances, Duration requestTimeout, Duration deadline, Pace pace) {
        this.instances = List.copyOf(instances);
        this.client = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setMaxConnPerRoute(MOST_CONNECTIONS)
                        .setMaxConnTotal(MOST_CONNECTIONS * instances.size())
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(Timeout.of(CONNECT_TIMEOUT))
                                .setSocketTimeout(Timeout.of(requestTimeout))
                                .build())
                        .build())
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setResponseTimeout(Timeout.of(requestTimeout))
                        .build())
                // What is sent again is sent again here, where it is counted.
                .disableAutomaticRetries()
                .disableRedirectHandling()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableContentCompression()
                .disableDefaultUserAgent()
                .build();
        this.deadline = deadline;
        this.pace = pace;
    }

    /** @param first the instance to ask first; retries go round */
    Answer post(int first, String path, String body, String key) throws InterruptedException {
        return ask(first, instance -> {
            HttpPost request = new HttpPost(instance.resolve(path));
            request.setHeader("Idempotency-Key", key);
            request.setEntity(new StringEntity(body, ContentType.APPLICATION_JSON));
            return request;
        });
    }

    Answer get(int first, String path) throws InterruptedException {
        return ask(first, instance -> new HttpGet(instance.resolve(path)));
    }

    Map<String, Long> retries() {
        Map<String, Long> counts = new TreeMap<>();
        retries.forEach((reason, count) -> counts.put(reason, count.sum()));
        return counts;
    }

    private Answer ask(int first, Function<URI, ClassicHttpRequest> request) throws InterruptedException {
        long end = System.nanoTime() + deadline.toNanos();
        for (int attempt = 1; ; attempt++) {
            URI instance = instances.get(Math.floorMod(first + attempt - 1, instances.size()));
            int now = attempt;
            String open;
            try {
                Answer answer = client.execute(
                        request.apply(instance),
                        response -> answer(response.getCode(), EntityUtils.toString(response.getEntity()), now));
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

    @Override
    public void close() {
        client.close(CloseMode.IMMEDIATE);
    }

    private static Answer answer(int status, String text, int attempt) {
        JsonNode body = body(text);
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
