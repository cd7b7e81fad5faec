package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Message;
import dev.cutover.coupon.v1.Issuance;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How far an issuance is, told again whenever it has changed, until it is over or the client goes. Between two looks no thread waits. Safe for
 * many threads.
 *
 * @param one what the route that shows an issuance answers
 */
record IssuanceWatch(Function<ApiRequest, ApiAnswer> one) implements CallStream {
    private static final Duration PACE = Duration.ofSeconds(1);
    private static final Set<String> OVER = Set.of("DONE", "CANCELLED");

    @Override
    public void begin(ApiRequest request, ServerCallStreamObserver<Message> observer) {
        observer.setOnCancelHandler(() -> {
            // The next look sees it.
        });
        look(request, observer, null);
    }

    private void look(ApiRequest request, ServerCallStreamObserver<Message> observer, @Nullable JsonNode told) {
        if (observer.isCancelled()) {
            return;
        }
        JsonNode now = one.apply(request).tree();
        boolean over = OVER.contains(now.path("state").asText());
        // Who is slow is told the last of it, not all that was.
        boolean tell = over || (observer.isReady() && !now.equals(told));
        if (tell) {
            observer.onNext(CallMessages.message(Issuance.getDefaultInstance(), now));
        }
        if (over) {
            observer.onCompleted();
        } else {
            request.later(PACE, () -> lookAgain(request, observer, tell ? now : told));
        }
    }

    private void lookAgain(ApiRequest request, ServerCallStreamObserver<Message> observer, @Nullable JsonNode told) {
        try {
            look(request, observer, told);
        } catch (RuntimeException e) {
            observer.onError(CallErrors.exception(ErrorAnswers.of(e, request.id()), request.id()));
        }
    }
}
