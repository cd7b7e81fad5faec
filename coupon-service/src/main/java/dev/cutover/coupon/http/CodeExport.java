package dev.cutover.coupon.http;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.v1.CodeChunk;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Iterator;

/**
 * The export of a batch of codes as a call: the bytes of the route in parts, each made when the client has taken those before. Who goes away is
 * not written to. Safe for many threads.
 */
record CodeExport(CodesApi codes) implements CallStream {
    @Override
    public void begin(ApiRequest request, ServerCallStreamObserver<Message> observer) {
        CodeBatches.Export export = codes.export(request);
        request.tell(Headers.CONTENT_SHA256, export.sha256());
        Iterator<String> parts = export.parts().iterator();
        observer.setOnCancelHandler(() -> {
            // Nobody asks for the next part then.
        });
        observer.setOnReadyHandler(() -> write(parts, observer));
    }

    private static void write(Iterator<String> parts, ServerCallStreamObserver<Message> observer) {
        while (observer.isReady() && parts.hasNext()) {
            observer.onNext(CodeChunk.newBuilder()
                    .setData(ByteString.copyFromUtf8(parts.next()))
                    .build());
            if (!parts.hasNext()) {
                observer.onCompleted();
            }
        }
    }
}
