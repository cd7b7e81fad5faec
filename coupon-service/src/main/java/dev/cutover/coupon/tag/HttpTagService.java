package dev.cutover.coupon.tag;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A service that knows tags: {@code POST {"user_id": 7, "tags": ["vip"]}}, answered with {@code {"tags": {"vip": "true"}}}; a tag that the
 * answer leaves out is unknown.
 *
 * <p>It may hang: whoever asks waits for the deadline at most, no more than a few ask at once, and after some failures nobody asks for a
 * while. Safe for many threads.
 */
public final class HttpTagService implements TagSource {
    /** After so many failures, most of the last calls, nobody asks for {@link #REST}. */
    static final int LEAST_CALLS = 10;

    static final Duration REST = Duration.ofSeconds(2);

    private static final JsonMapper JSON = new JsonMapper();
    private static final int WINDOW = 20;
    private static final int HALF_PERCENT = 50;
    private static final int TRIALS = 3;
    // Of the 64 threads of requests: the others go on when this one hangs.
    private static final int MOST_AT_ONCE = 32;
    private static final int OK = 200;

    private final URI address;
    private final Duration deadline;
    private final HttpClient client;
    private final CircuitBreaker breaker;
    private final Bulkhead bulkhead;
    private final MeterRegistry meters;

    public HttpTagService(URI address, Duration deadline, MeterRegistry meters) {
        this.address = address;
        this.deadline = deadline;
        this.meters = meters;
        this.client = HttpClient.newBuilder().connectTimeout(deadline).build();
        this.breaker = CircuitBreaker.of(
                "tags",
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(WINDOW)
                        .minimumNumberOfCalls(LEAST_CALLS)
                        .failureRateThreshold(HALF_PERCENT)
                        .waitDurationInOpenState(REST)
                        .permittedNumberOfCallsInHalfOpenState(TRIALS)
                        .build());
        this.bulkhead = Bulkhead.of(
                "tags",
                BulkheadConfig.custom()
                        .maxConcurrentCalls(MOST_AT_ONCE)
                        .maxWaitDuration(Duration.ZERO)
                        .build());
        meters.gauge("coupon.tags.service.open", breaker, one -> one.getState() == CircuitBreaker.State.OPEN ? 1 : 0);
    }

    /** Whether nobody asks the service at the moment. */
    boolean resting() {
        return breaker.getState() == CircuitBreaker.State.OPEN;
    }

    @Override
    public Map<String, Reading> read(long userId, Collection<Tag> tags) {
        if (!bulkhead.tryAcquirePermission()) {
            return unknown(tags, "busy", "too many ask the service of tags at once");
        }
        try {
            if (!breaker.tryAcquirePermission()) {
                return unknown(tags, "resting", "the service of tags is not asked after its failures");
            }
            return ask(userId, tags);
        } finally {
            bulkhead.releasePermission();
        }
    }

    // The client ends an exchange, and closes its connection, only when it is told so; no thread is interrupted by it.
    @SuppressWarnings("Interruption")
    private Map<String, Reading> ask(long userId, Collection<Tag> tags) {
        ObjectNode body = JSON.createObjectNode().put("user_id", userId);
        ArrayNode names = body.putArray("tags");
        tags.forEach(tag -> names.add(tag.name()));
        HttpRequest request = HttpRequest.newBuilder(address)
                .timeout(deadline)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        long began = System.nanoTime();
        CompletableFuture<HttpResponse<String>> call = client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
        try {
            // The request's own timeout ends with the headers; a body can hang as well.
            HttpResponse<String> response = call.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
            if (response.statusCode() != OK) {
                throw new ExecutionException("The service of tags answered " + response.statusCode(), null);
            }
            Map<String, Reading> readings =
                    readings(JSON.readTree(response.body()).path("tags"), tags);
            breaker.onSuccess(System.nanoTime() - began, TimeUnit.NANOSECONDS);
            count("answered");
            return readings;
        } catch (TimeoutException e) {
            return failed(began, e, tags, "late");
        } catch (ExecutionException | JsonProcessingException e) {
            return failed(began, e, tags, "failed");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(began, e, tags, "failed");
        } finally {
            call.cancel(true);
        }
    }

    private static Map<String, Reading> readings(JsonNode found, Collection<Tag> tags) {
        Map<String, Reading> readings = new HashMap<>();
        for (Tag tag : tags) {
            JsonNode value = found.path(tag.name());
            readings.put(
                    tag.name(),
                    value.isValueNode() && !value.isNull()
                            ? Reading.of(value.asText())
                            : tag.unknown("the service of tags does not know it"));
        }
        return readings;
    }

    private Map<String, Reading> failed(long began, Exception cause, Collection<Tag> tags, String outcome) {
        breaker.onError(System.nanoTime() - began, TimeUnit.NANOSECONDS, cause);
        return unknown(tags, outcome, "the service of tags did not answer");
    }

    private Map<String, Reading> unknown(Collection<Tag> tags, String outcome, String why) {
        count(outcome);
        return TagSource.allUnknown(tags, why);
    }

    private void count(String outcome) {
        meters.counter("coupon.tags.service", "outcome", outcome).increment();
    }
}
