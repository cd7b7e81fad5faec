package dev.cutover.coupon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Any;
import com.google.protobuf.Descriptors;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.cutover.coupon.v1.CouponProto;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;

/** gRPC, with the client of grpc-java, which shares no code with the server. */
final class GrpcTransport implements Transport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ManagedChannel channel;

    GrpcTransport(int port) {
        channel = OkHttpChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .build();
    }

    Channel channel() {
        return channel;
    }

    @Override
    public Reply call(Call call) {
        return call(call, CallOptions.DEFAULT);
    }

    Reply call(Call call, CallOptions options) {
        String[] parts = call.name().split("/", -1);
        Descriptors.MethodDescriptor described =
                CouponProto.getDescriptor().findServiceByName(parts[0]).findMethodByName(parts[1]);
        MethodDescriptor<DynamicMessage, DynamicMessage> method =
                MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                        .setType(
                                described.isServerStreaming()
                                        ? MethodDescriptor.MethodType.SERVER_STREAMING
                                        : MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(described.getService().getFullName() + "/" + described.getName())
                        .setRequestMarshaller(
                                ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(described.getInputType())))
                        .setResponseMarshaller(
                                ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(described.getOutputType())))
                        .build();
        Metadata sent = new Metadata();
        call.metadata().forEach((name, value) -> sent.put(key(name), value));
        AtomicReference<Metadata> headers = new AtomicReference<>();
        AtomicReference<Metadata> trailers = new AtomicReference<>();
        Channel intercepted = ClientInterceptors.intercept(
                channel,
                MetadataUtils.newAttachHeadersInterceptor(sent),
                MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
        try {
            DynamicMessage request = message(described.getInputType(), call.fields());
            // Of a stream the first.
            DynamicMessage answer = described.isServerStreaming()
                    ? ClientCalls.blockingServerStreamingCall(intercepted, method, options, request)
                            .next()
                    : ClientCalls.blockingUnaryCall(intercepted, method, options, request);
            return new Reply(
                    "OK",
                    "",
                    "",
                    "",
                    0,
                    seen(headers).get(key("idempotent-replayed")) != null,
                    String.valueOf(seen(headers).get(key("request-id"))),
                    JSON.readTree(
                            JsonFormat.printer().preservingProtoFieldNames().print(answer)));
        } catch (StatusRuntimeException e) {
            return failed(e, seen(trailers));
        } catch (IOException e) {
            throw new AssertionError(call.name(), e);
        }
    }

    private static Reply failed(StatusRuntimeException e, Metadata trailers) throws AssertionError {
        com.google.rpc.Status status = StatusProto.fromThrowable(e);
        ErrorInfo info = ErrorInfo.getDefaultInstance();
        List<String> fields = new ArrayList<>();
        long retry = 0;
        try {
            for (Any detail : status == null ? List.<Any>of() : status.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    info = detail.unpack(ErrorInfo.class);
                } else if (detail.is(RetryInfo.class)) {
                    retry = detail.unpack(RetryInfo.class).getRetryDelay().getSeconds();
                } else {
                    detail.unpack(BadRequest.class).getFieldViolationsList().forEach(one -> fields.add(one.getField()));
                }
            }
        } catch (IOException malformed) {
            throw new AssertionError(malformed);
        }
        String id = String.valueOf(trailers.get(key("request-id")));
        return new Reply(
                e.getStatus().getCode().name(),
                info.getReason().toLowerCase(Locale.ROOT),
                info.getMetadataOrDefault("param", ""),
                fields + " " + info.getMetadataMap(),
                retry,
                false,
                info.getMetadataOrDefault("request_id", id),
                JSON.createObjectNode()
                        .put("message", String.valueOf(e.getStatus().getDescription())));
    }

    private static Metadata seen(AtomicReference<Metadata> captured) {
        Metadata metadata = captured.get();
        return metadata == null ? new Metadata() : metadata;
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name.toLowerCase(Locale.ROOT), Metadata.ASCII_STRING_MARSHALLER);
    }

    private static DynamicMessage message(Descriptors.Descriptor type, String fields) throws IOException {
        DynamicMessage.Builder builder = DynamicMessage.newBuilder(type);
        JsonFormat.parser().merge(translated(type, JSON.readTree(fields)).toString(), builder);
        return builder.build();
    }

    /** Words of REST as those of enums, times as milliseconds. */
    private static ObjectNode translated(Descriptors.Descriptor type, JsonNode fields) {
        ObjectNode node = JSON.createObjectNode();
        fields.fields().forEachRemaining(one -> {
            FieldDescriptor field = type.findFieldByName(one.getKey());
            if (field == null) {
                node.put(
                        one.getKey() + "_ms",
                        Instant.parse(one.getValue().asText()).toEpochMilli());
            } else if (field.getJavaType() == FieldDescriptor.JavaType.ENUM) {
                String prefix = field.getEnumType().getName().replaceAll("(?<=[a-z])(?=[A-Z])", "_");
                node.put(one.getKey(), (prefix + "_" + one.getValue().asText()).toUpperCase(Locale.ROOT));
            } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && !field.isMapField()) {
                if (field.isRepeated()) {
                    var list = node.putArray(one.getKey());
                    one.getValue().forEach(item -> list.add(translated(field.getMessageType(), item)));
                } else {
                    node.set(one.getKey(), translated(field.getMessageType(), one.getValue()));
                }
            } else {
                node.set(one.getKey(), one.getValue());
            }
        });
        return node;
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
