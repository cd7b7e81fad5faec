package dev.cutover.coupon.http;

import com.google.protobuf.Message;
import io.grpc.stub.ServerCallStreamObserver;

/** What a call answers bit by bit. Safe for many threads. */
@FunctionalInterface
interface CallStream {
    /**
     * Sends the first of it, and the rest when the client takes it; what it throws ends the call.
     *
     * @param observer called by one thread at a time
     */
    void begin(ApiRequest request, ServerCallStreamObserver<Message> observer);
}
