package dev.cutover.coupon.http;

import com.google.protobuf.Message;
import com.linecorp.armeria.common.ContentTooLargeException;
import com.linecorp.armeria.common.RequestContext;
import com.linecorp.armeria.common.TimeoutException;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.GrpcService;
import com.linecorp.armeria.server.grpc.GrpcServiceBuilder;
import dev.cutover.coupon.v1.ClaimServiceGrpc;
import dev.cutover.coupon.v1.CodeServiceGrpc;
import dev.cutover.coupon.v1.IssuanceServiceGrpc;
import dev.cutover.coupon.v1.RedemptionServiceGrpc;
import dev.cutover.coupon.v1.StatsServiceGrpc;
import dev.cutover.coupon.v1.TemplateServiceGrpc;
import dev.cutover.coupon.v1.UserCouponServiceGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Every call of coupon.proto, answered by the handler of the route that does the same, on the same threads and behind the same gate: there
 * is nothing of a call's own but its messages. Safe for many threads.
 */
final class CallServices {
    private static final List<ServiceDescriptor> SERVICES = List.of(
            ClaimServiceGrpc.getServiceDescriptor(),
            UserCouponServiceGrpc.getServiceDescriptor(),
            RedemptionServiceGrpc.getServiceDescriptor(),
            CodeServiceGrpc.getServiceDescriptor(),
            TemplateServiceGrpc.getServiceDescriptor(),
            IssuanceServiceGrpc.getServiceDescriptor(),
            StatsServiceGrpc.getServiceDescriptor());

    private final Map<String, Function<ApiRequest, ApiAnswer>> handlers;
    private final Map<String, CallStream> streams;

    private CallServices(Map<String, Function<ApiRequest, ApiAnswer>> handlers, Map<String, CallStream> streams) {
        this.handlers = handlers;
        this.streams = streams;
    }

    /**
     * All calls, and that of health.
     *
     * @param handlers under method and path of their routes
     * @param codes for the call that exports them
     * @param reflection whether anybody may ask which calls there are
     */
    static GrpcService build(
            Map<String, Function<ApiRequest, ApiAnswer>> handlers,
            CodesApi codes,
            ServiceState state,
            boolean reflection) {
        Function<ApiRequest, ApiAnswer> issuance = Objects.requireNonNull(handlers.get("GET /v1/issuances/{id}"));
        CallServices calls = new CallServices(
                handlers,
                Map.of(
                        "/coupon.v1.CodeService/ExportCodes",
                        new CodeExport(codes),
                        "/coupon.v1.IssuanceService/WatchIssuance",
                        new IssuanceWatch(issuance)));
        GrpcServiceBuilder builder = GrpcService.builder()
                .useBlockingTaskExecutor(true)
                .maxRequestMessageLength((int) TemplatesApi.LONGEST_LIST)
                .exceptionHandler((context, status, cause, metadata) -> {
                    CallErrors.Failure failure = failure(context, status, cause);
                    metadata.merge(failure.metadata());
                    return failure.status();
                });
        SERVICES.forEach(service -> builder.addService(calls.definition(service)));
        builder.addService(new Health(state));
        if (reflection) {
            builder.addService(ProtoReflectionServiceV1.newInstance());
        }
        return builder.build();
    }

    /** What no handler has said: the deadline has passed, the message is too long or is none. */
    private static CallErrors.Failure failure(RequestContext context, Status status, Throwable cause) {
        if (status.getCode() != Status.Code.UNKNOWN
                && status.getCode() != Status.Code.INTERNAL
                && !(cause instanceof ContentTooLargeException)
                && !(cause instanceof TimeoutException)) {
            return new CallErrors.Failure(status, new io.grpc.Metadata());
        }
        String requestId = CouponServer.requestId((ServiceRequestContext) context);
        if (cause instanceof ContentTooLargeException) {
            return CallErrors.failure(
                    new Problem(ApiError.BODY_TOO_LARGE, "body", "The message is too large."), requestId);
        }
        if (cause instanceof TimeoutException) {
            return CallErrors.failure(late(), requestId);
        }
        return CallErrors.failure(ErrorAnswers.of(cause, requestId), requestId);
    }

    private static Problem late() {
        return new Problem(
                ApiError.OUTCOME_UNKNOWN,
                "",
                "The deadline has passed. Whether the call had its effect is not known; send it again with the same key to learn it.");
    }

    private ServerServiceDefinition definition(ServiceDescriptor service) {
        ServerServiceDefinition.Builder definition = ServerServiceDefinition.builder(service);
        for (MethodDescriptor<?, ?> method : service.getMethods()) {
            add(definition, method);
        }
        return definition.build();
    }

    // The descriptors of generated services are of messages on both sides.
    @SuppressWarnings("unchecked")
    private void add(ServerServiceDefinition.Builder definition, MethodDescriptor<?, ?> descriptor) {
        MethodDescriptor<Message, Message> method = (MethodDescriptor<Message, Message>) descriptor;
        String path = "/" + method.getFullMethodName();
        RouteRules.Rule route = RouteRules.ofCall(path)
                .orElseThrow(() -> new IllegalStateException("Nobody has said which route does the same as " + path));
        CallStream stream = streams.get(path);
        if (stream != null) {
            definition.addMethod(
                    method,
                    ServerCalls.asyncServerStreamingCall((request, observer) ->
                            stream(route, stream, request, (ServerCallStreamObserver<Message>) observer)));
            return;
        }
        Function<ApiRequest, ApiAnswer> handler = handlers.get(route.route());
        if (handler == null) {
            throw new IllegalStateException("There is no " + route.route() + ", which does the same as " + path);
        }
        Message answer =
                ((MethodDescriptor.PrototypeMarshaller<Message>) method.getResponseMarshaller()).getMessagePrototype();
        definition.addMethod(
                method,
                ServerCalls.asyncUnaryCall((request, observer) -> call(route, handler, request, answer, observer)));
    }

    private static void stream(
            RouteRules.Rule route, CallStream stream, Message message, ServerCallStreamObserver<Message> observer) {
        ServiceRequestContext context = ServiceRequestContext.current();
        String requestId = CouponServer.requestId(context);
        context.setAdditionalResponseHeader(Headers.REQUEST_ID, requestId);
        if (!context.request().headers().contains(CallDeadline.HEADER)) {
            context.clearRequestTimeout();
        }
        try {
            stream.begin(
                    new ApiRequest(
                            context, new CallParts(route, context.request().headers(), message)),
                    observer);
        } catch (RuntimeException e) {
            observer.onError(CallErrors.exception(ErrorAnswers.of(e, requestId), requestId));
        }
    }

    private static void call(
            RouteRules.Rule route,
            Function<ApiRequest, ApiAnswer> handler,
            Message message,
            Message kind,
            StreamObserver<Message> observer) {
        ServiceRequestContext context = ServiceRequestContext.current();
        String requestId = CouponServer.requestId(context);
        context.setAdditionalResponseHeader(Headers.REQUEST_ID, requestId);
        try {
            ApiRequest request = new ApiRequest(
                    context, new CallParts(route, context.request().headers(), message));
            ApiAnswer answer = request.told(handler.apply(request));
            if (answer.replayed()) {
                context.setAdditionalResponseHeader(Headers.IDEMPOTENT_REPLAYED, "true");
            }
            observer.onNext(CallMessages.message(kind, answer.tree()));
            observer.onCompleted();
        } catch (RuntimeException e) {
            observer.onError(CallErrors.exception(ErrorAnswers.of(e, requestId), requestId));
        }
    }

    /** Whether this instance can serve, as /readyz says it. */
    private static final class Health extends HealthGrpc.HealthImplBase {
        private final ServiceState state;

        Health(ServiceState state) {
            this.state = state;
        }

        @Override
        public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> observer) {
            observer.onNext(HealthCheckResponse.newBuilder()
                    .setStatus(state.notReady().isEmpty() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING)
                    .build());
            observer.onCompleted();
        }
    }
}
