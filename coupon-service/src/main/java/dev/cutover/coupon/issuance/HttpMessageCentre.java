package dev.cutover.coupon.issuance;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A message centre that takes a POST a message: 2xx is taken, everything else is not. Safe for many threads. */
public final class HttpMessageCentre implements MessageCentre {
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final int SUCCESS = 2;
    private static final int HUNDRED = 100;

    private final URI address;
    private final Duration patience;
    private final HttpClient client;

    public HttpMessageCentre(URI address) {
        this(address, PATIENCE);
    }

    /** @param patience how long one delivery may take in all */
    HttpMessageCentre(URI address, Duration patience) {
        this.address = address;
        this.patience = patience;
        this.client = HttpClient.newBuilder().connectTimeout(patience).build();
    }

    @Override
    public String where() {
        return address.getHost() + ":" + address.getPort();
    }

    @Override
    public boolean present() {
        return true;
    }

    // The client ends an exchange, and closes its connection, only when it is told so; no thread is interrupted by it.
    @SuppressWarnings("Interruption")
    @Override
    public void deliver(Message message) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("object", "coupons_issued");
        body.put("issuance_id", message.issuance().toString());
        body.put("template_id", message.template().toString());
        ArrayNode users = body.putArray("user_ids");
        message.users().forEach(users::add);
        HttpRequest request = HttpRequest.newBuilder(address)
                .timeout(patience)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", message.key())
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        CompletableFuture<HttpResponse<Void>> call = client.sendAsync(request, HttpResponse.BodyHandlers.discarding());
        try {
            // The request's own timeout ends with the headers; a body can hang as well.
            int status = call.get(patience.toNanos(), TimeUnit.NANOSECONDS).statusCode();
            if (status / HUNDRED != SUCCESS) {
                throw new AwayException("The message centre answered " + status, null);
            }
        } catch (ExecutionException | TimeoutException e) {
            throw new AwayException("The message centre did not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AwayException("The delivery was interrupted", e);
        } finally {
            call.cancel(true);
        }
    }
}
