package dev.cutover.coupon;

import java.util.Map;

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
    Map<String, String> outOfReach() {
        return Map.of("overloaded", LANES);
    }
}
