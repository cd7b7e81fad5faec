package dev.cutover.coupon;

import java.util.Set;

/** What every transport promises, over REST. */
final class RestConformanceIT extends TransportConformance {
    @Override
    Transport open(int port) {
        return new RestTransport(port);
    }

    @Override
    int tooLarge() {
        return 100_000;
    }

    @Override
    Set<String> outOfReach() {
        // Wants a COMMIT whose answer is lost: ErrorAnswersTest has the words.
        return Set.of("outcome_unknown");
    }
}
