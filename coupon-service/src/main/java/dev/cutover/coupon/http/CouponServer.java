package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.github.benmanes.caffeine.cache.Ticker;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.RequestId;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.logging.RequestLogProperty;
import com.linecorp.armeria.common.metric.MeterIdPrefixFunction;
import com.linecorp.armeria.server.RequestTimeoutException;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerErrorHandler;
import com.linecorp.armeria.server.ServiceConfig;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.docs.DocService;
import com.linecorp.armeria.server.metric.MetricCollectingService;
import com.linecorp.armeria.server.prometheus.PrometheusExpositionService;
import dev.cutover.coupon.backoffice.BackOffice;
import dev.cutover.coupon.cachebuild.CacheBuilds;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.code.Codes;
import dev.cutover.coupon.detail.StoreCoupons;
import dev.cutover.coupon.hold.Holds;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.redeem.Redemptions;
import dev.cutover.coupon.statistics.Statistics;
import dev.cutover.coupon.token.Apps;
import dev.cutover.coupon.token.Owners;
import dev.cutover.coupon.token.RateLimits;
import dev.cutover.coupon.token.Tokens;
import dev.cutover.coupon.wallet.Wallet;
import dev.cutover.coupon.webhook.Webhooks;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The coupon API on a socket, as requests of REST and calls of gRPC.
 *
 * <p>Handlers block on databases, so they run on their own threads and never on an event loop; each answer carries the request's id, also
 * those that the server itself gives. Safe for many threads.
 */
public final class CouponServer implements AutoCloseable {
    private static final Pattern REQUEST_ID = Pattern.compile("[A-Za-z0-9._:-]{1,64}");
    private static final long LONGEST_BODY = 64 * 1024;
    private static final int BLOCKING_THREADS = 64;
    // Beyond the write budget and the wait for a session; a handler that is still at work then is lost to its client.
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration UPLOAD_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final Server server;
    private final Lanes lanes;

    private CouponServer(Server server, Lanes lanes) {
        this.server = server;
        this.lanes = lanes;
    }

    /** What the routes lead to. */
    public record Rooms(
            Claims claims,
            Redemptions redemptions,
            Holds holds,
            Wallet wallet,
            Statistics statistics,
            BackOffice backOffice,
            Issuances issuances,
            Codes codes,
            CodeBatches codeBatches,
            CacheBuilds cacheBuilds,
            StoreCoupons storeCoupons) {}

    /**
     * Who may enter.
     *
     * @param owners whose templates are
     */
    public record Entry(Tokens tokens, Apps apps, Owners owners, Webhooks webhooks) {}

    /**
     * Listens on all interfaces; port 0 is any free one.
     *
     * @param entry empty where nobody asks for tokens
     * @param docs whether anybody may browse what there is: Armeria's pages under /docs/ and the reflection of gRPC
     * @param proxies who may say on whose behalf it asks
     */
    public static CouponServer start(
            int port,
            Rooms rooms,
            Optional<Entry> entry,
            ServiceState state,
            PrometheusMeterRegistry meters,
            boolean docs,
            TrustedProxies proxies) {
        CouponApi api = new CouponApi(rooms.claims(), rooms.wallet());
        StatisticsApi statistics = new StatisticsApi(rooms.statistics());
        ServerBuilder builder = Server.builder()
                .http(new InetSocketAddress(port))
                .maxRequestLength(LONGEST_BODY)
                .requestTimeout(REQUEST_TIMEOUT)
                .gracefulShutdownTimeout(Duration.ofMillis(200), GRACE)
                .blockingTaskExecutor(BLOCKING_THREADS)
                .meterRegistry(meters)
                .requestIdGenerator(request -> RequestId.random())
                .errorHandler(new Errors());

        Lanes lanes = new Lanes(meters);
        Routes routes = new Routes(builder, lanes);
        new TemplatesApi(rooms.backOffice()).register(routes);
        new AuditApi(rooms.backOffice()).register(routes);
        new RecallsApi(rooms.backOffice().recalls()).register(routes);
        routes.post("/v1/claims", api::claim);
        routes.get("/v1/claims/{request_no}", api::findClaim);
        routes.get("/v1/claim_limits", api::limits);
        routes.add(HttpMethod.PUT, "/v1/claim_limits", api::limit);
        routes.get("/v1/users/{user_id}/coupons", api::page);
        routes.get("/v1/coupons/{id}", api::coupon);
        routes.post("/v1/coupons/batch", api::coupons);
        UseApi use = new UseApi(rooms.redemptions());
        routes.post("/v1/validations", use::validate);
        routes.post("/v1/coupons/available", use::offers);
        routes.post("/v1/coupons/{id}/void", use::voidCoupon);
        routes.post("/v1/redemptions", use::redeem);
        routes.get("/v1/redemptions/{id}", use::redemption);
        routes.post("/v1/redemptions/{id}/refunds", use::refund);
        routes.get("/v1/users/{user_id}/redemptions", use::redemptions);
        HoldsApi holds = new HoldsApi(rooms.holds());
        routes.post("/v1/holds", holds::hold);
        routes.get("/v1/holds/{id}", holds::get);
        routes.add(HttpMethod.DELETE, "/v1/holds/{id}", holds::release);
        routes.post("/v1/holds/{id}/confirm", holds::confirm);
        routes.get("/v1/templates/{id}/stats", statistics::template);
        IssuancesApi issuances = new IssuancesApi(rooms.issuances());
        routes.post("/v1/issuances", issuances::order);
        routes.get("/v1/issuances", issuances::list);
        routes.get("/v1/issuances/{id}", issuances::one);
        routes.add(HttpMethod.PATCH, "/v1/issuances/{id}", issuances::tune);
        routes.get("/v1/issuances/{id}/failures", issuances::failures);
        routes.post("/v1/issuances/{id}/pause", issuances::pause);
        routes.post("/v1/issuances/{id}/resume", issuances::resume);
        routes.post("/v1/issuances/{id}/cancel", issuances::cancel);
        routes.add(
                HttpMethod.PUT,
                "/v1/issuances/{id}/audience",
                binding -> binding.maxRequestLength(IssuancesApi.LONGEST_UPLOAD).requestTimeout(UPLOAD_TIMEOUT),
                issuances::upload);
        CodesApi codes = new CodesApi(rooms.codes(), rooms.codeBatches());
        routes.post("/v1/codes/redeem", codes::redeem);
        routes.post("/v1/codes/validate", codes::validate);
        routes.post("/v1/code_batches", codes::order);
        routes.get("/v1/code_batches/{id}", codes::batch);
        routes.addRaw(
                HttpMethod.GET,
                "/v1/code_batches/{id}/export",
                binding -> binding.requestTimeout(UPLOAD_TIMEOUT),
                (request, requestId) -> csv(codes.export(request), requestId, request.executor()));
        routes.add(
                HttpMethod.POST,
                "/v1/code_batches/{id}/import",
                binding -> binding.maxRequestLength(CodesApi.LONGEST_UPLOAD).requestTimeout(UPLOAD_TIMEOUT),
                codes::upload);
        routes.post("/v1/code_batches/{id}/void", codes::voidBatch);
        routes.post("/v1/codes/void", codes::voidCode);
        new CacheBuildsApi(rooms.cacheBuilds()).register(routes);
        new StoreCouponsApi(rooms.storeCoupons()).register(routes);
        OperationsApi operations = new OperationsApi(
                rooms.issuances(), rooms.codeBatches(), rooms.backOffice().recalls());
        routes.get("/v1/operations/{id}", operations::one);
        routes.post("/v1/operations/{id}/cancel", operations::cancel);
        routes.get("/v1/migration", request -> ApiAnswer.ok(state.migration()));
        routes.get("/healthz", request -> status("ok", HttpStatus.OK));
        routes.get("/readyz", request -> {
            String reason = state.notReady();
            return reason.isEmpty()
                    ? status("ready", HttpStatus.OK)
                    : status("not ready: " + reason, HttpStatus.SERVICE_UNAVAILABLE);
        });
        builder.service("/metrics", PrometheusExpositionService.of(meters.getPrometheusRegistry()));
        entry.ifPresent(one -> {
            new AppsApi(one.apps(), one.tokens()).register(routes);
            new WebhooksApi(one.webhooks(), one.apps()).register(routes);
        });
        builder.route().get(OpenApi.PATH).build(OpenApi.service());
        builder.route().get(ErrorPage.PATH).build(ErrorPage.service());
        Map<String, Function<ApiRequest, ApiAnswer>> handlers = routes.handlers();
        if (docs) {
            builder.service(CallServices.build(handlers, codes, state, true)).serviceUnder("/docs/", new DocService());
        } else {
            new LazyCalls(() -> CallServices.build(handlers, codes, state, false)).register(builder);
        }
        entry.ifPresent(one -> {
            builder.decorator(new TokenGate(
                    one.tokens(), one.owners(), new TenantGuard(rooms), new RateLimits(Ticker.systemTicker())));
        });
        builder.decorator(lanes);
        builder.decorator(new CallDeadline(REQUEST_TIMEOUT));
        builder.decorator(MetricCollectingService.newDecorator(MeterIdPrefixFunction.ofDefault("coupon.http")));
        TrustedProxies.Memory clients = proxies.memory();
        builder.decorator((delegate, context, request) -> {
            RequestIds.remember(context, request.headers());
            clients.remember(context, request.headers());
            return delegate.serve(context, request);
        });
        Server server = builder.build();
        List<String> open = entry.isPresent() ? RouteRules.missing(server) : List.of();
        if (!open.isEmpty()) {
            throw new IllegalStateException("Nobody has said who may call " + open + ": add them to RouteRules.");
        }
        server.start().join();
        return new CouponServer(server, lanes);
    }

    private static ApiAnswer status(String word, HttpStatus status) {
        return new ApiAnswer(
                status,
                JsonNodeFactory.instance.objectNode().put("status", word).toString(),
                false);
    }

    private static HttpResponse csv(CodeBatches.Export export, String requestId, Executor executor) {
        HttpResponseWriter writer = HttpResponse.streaming();
        writer.write(ResponseHeaders.builder(HttpStatus.OK)
                .contentType(MediaType.CSV_UTF_8)
                .set(Headers.REQUEST_ID, requestId)
                .set(Headers.CONTENT_SHA256, export.sha256())
                .build());
        write(export.parts().iterator(), writer, executor);
        return writer;
    }

    /** One part after the other, each when the client has taken the one before; who goes away is not written to. */
    private static void write(Iterator<String> parts, HttpResponseWriter writer, Executor executor) {
        if (!parts.hasNext()) {
            writer.close();
            return;
        }
        if (writer.tryWrite(HttpData.ofUtf8(parts.next()))) {
            var unused = writer.whenConsumed()
                    .thenRunAsync(() -> write(parts, writer, executor), executor)
                    .whenComplete((done, failure) -> {
                        if (failure != null) {
                            writer.close(failure);
                        }
                    });
        }
    }

    /** Every route, as method and path; those of all methods with {@code *}. */
    public List<String> routes() {
        return server.serviceConfigs().stream()
                .map(ServiceConfig::route)
                .filter(route -> !route.isFallback())
                .map(RouteRules::named)
                .sorted()
                .toList();
    }

    /** The id that the answer to a request carries. */
    static String requestId(ServiceRequestContext context) {
        return RequestIds.of(context);
    }

    /** How long the caller whose request this thread answers still waits for it; empty on a thread that answers none. */
    public static Optional<Duration> callerListens() {
        return Optional.ofNullable(ServiceRequestContext.currentOrNull())
                .filter(context -> context.requestTimeoutMillis() > 0)
                .map(context -> Duration.ofMillis(context.requestTimeoutMillis())
                        .minusNanos(System.nanoTime()
                                - context.log()
                                        .ensureAvailable(RequestLogProperty.REQUEST_START_TIME)
                                        .requestStartTimeNanos()));
    }

    public int port() {
        return server.activeLocalPort();
    }

    /** Finishes the requests that are under way, takes no more. */
    @Override
    public void close() {
        server.stop().join();
        lanes.close();
    }

    /** The caller's id of a request when it is fit to be logged, else one of ours. */
    private static final class RequestIds {
        private static final io.netty.util.AttributeKey<String> ID =
                io.netty.util.AttributeKey.valueOf(CouponServer.class, "REQUEST_ID");

        private RequestIds() {}

        static void remember(ServiceRequestContext context, RequestHeaders headers) {
            context.setAttr(ID, chosen(headers));
        }

        static String of(ServiceRequestContext context) {
            String id = context.attr(ID);
            return id == null ? chosen(context.request().headers()) : id;
        }

        static String chosen(@Nullable RequestHeaders headers) {
            String given = headers == null ? null : headers.get(Headers.REQUEST_ID);
            return given != null && REQUEST_ID.matcher(given).matches() ? given : "req_" + UUID.randomUUID();
        }
    }

    /** Answers of the server itself: no such path, no such method, body too large, ending. */
    private static final class Errors implements ServerErrorHandler {
        @Override
        public @Nullable HttpResponse onServiceException(ServiceRequestContext context, Throwable cause) {
            return null;
        }

        @Override
        public AggregatedHttpResponse renderStatus(
                @Nullable ServiceRequestContext context,
                ServiceConfig config,
                @Nullable RequestHeaders headers,
                HttpStatus status,
                @Nullable String description,
                @Nullable Throwable cause) {
            String id = context == null ? RequestIds.chosen(headers) : RequestIds.of(context);
            Problem problem = cause instanceof RequestTimeoutException && headers != null
                    ? ErrorAnswers.ofTimeout(headers.method())
                    : ErrorAnswers.ofStatus(status);
            return problem.http(id);
        }
    }
}
