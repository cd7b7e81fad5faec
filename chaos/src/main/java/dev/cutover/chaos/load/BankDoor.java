package dev.cutover.chaos.load;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.chaos.bank.Answer;
import dev.cutover.chaos.bank.Call;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The instances of the bank as clients see them: addresses that come and go. Safe for many threads. */
public final class BankDoor {
    private static final Duration PATIENCE = Duration.ofSeconds(8);

    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final AtomicReferenceArray<@Nullable URI> instances;

    /** So many instances, none of which has an address yet. */
    public BankDoor(int number) {
        this.instances = new AtomicReferenceArray<>(number);
    }

    /** An instance was started, or again and elsewhere. */
    public void moved(int number, URI address) {
        instances.set(number, address);
    }

    /** One attempt at one instance; what went wrong on the way is an {@link Answer.Status#AGAIN}. */
    public Answer ask(int number, Call call) throws InterruptedException {
        URI address = instances.get(number % instances.length());
        if (address == null) {
            return Answer.again("There is no instance " + number % instances.length() + " yet.");
        }
        try {
            HttpRequest request = HttpRequest.newBuilder(address)
                    .timeout(PATIENCE)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(json.writeValueAsBytes(call)))
                    .build();
            HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            return json.readValue(response.body(), Answer.class);
        } catch (IOException e) {
            return Answer.again(e.toString());
        }
    }
}
