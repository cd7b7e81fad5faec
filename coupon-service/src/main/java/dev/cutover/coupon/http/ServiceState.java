package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What operators ask of an instance. Safe for many threads. */
public interface ServiceState {
    /** Mode, epoch and register version as this instance sees them. */
    ObjectNode migration();

    /** Why this instance cannot serve at the moment; empty when it can. */
    String notReady();
}
