package dev.cutover.business.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.healthcheck.HealthCheckService;
import com.linecorp.armeria.server.prometheus.PrometheusExpositionService;
import dev.cutover.business.campaign.Campaign;
import dev.cutover.business.campaign.Campaigns;
import dev.cutover.business.campaign.Conversion;
import dev.cutover.business.campaign.CouponEvent;
import dev.cutover.business.refusal.ModuleRefusal;
import dev.cutover.business.refusal.ModuleRefusal.Reason;
import dev.cutover.business.tradein.TradeIn;
import dev.cutover.business.tradein.TradeIns;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The routes of the modules. Safe for many threads. */
public final class BusinessServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BusinessServer.class);
    private static final Pattern NUMBER = Pattern.compile("[A-Za-z0-9._:-]{1,48}");
    private static final Pattern CONVERSION = Pattern.compile("[A-Za-z0-9._:-]{1,32}");
    private static final Pattern MODEL = Pattern.compile("[\\p{L}\\p{N} ._+-]{1,64}");
    private static final Pattern GRADE = Pattern.compile("[A-D]");
    private static final Pattern SERIAL = Pattern.compile("[A-Za-z0-9-]{5,40}");
    private static final Pattern TEMPLATE = Pattern.compile("tpl_[0-9]{1,19}");
    private static final Pattern PARTNER = Pattern.compile("[A-Za-z0-9._:-]{1,64}");
    private static final Pattern NAME = Pattern.compile(".{1,100}");
    private static final Pattern ID = Pattern.compile("[0-9]{1,15}");
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long LARGEST = 64 * 1024;
    private static final String BEARER = "Bearer ";

    private final Server server;
    private final TradeIns tradeIns;
    private final Campaigns campaigns;
    private final byte[] token;
    private final WebhookSignature signature;

    private BusinessServer(
            int port,
            TradeIns tradeIns,
            Campaigns campaigns,
            String token,
            String webhookSecret,
            InstantSource clock,
            PrometheusMeterRegistry meters) {
        this.tradeIns = tradeIns;
        this.campaigns = campaigns;
        this.token = token.getBytes(StandardCharsets.UTF_8);
        this.signature = new WebhookSignature(webhookSecret, clock);
        ServerBuilder builder = Server.builder()
                .http(port)
                .requestTimeout(PATIENCE)
                .maxRequestLength(LARGEST)
                .service("/healthz", HealthCheckService.of())
                .service("/metrics", PrometheusExpositionService.of(meters.getPrometheusRegistry()));
        ofTradeIns(builder);
        ofCampaigns(builder);
        this.server = builder.build();
    }

    /** Serves when it returns. */
    public static BusinessServer start(
            int port,
            TradeIns tradeIns,
            Campaigns campaigns,
            String token,
            String webhookSecret,
            InstantSource clock,
            PrometheusMeterRegistry meters) {
        BusinessServer started = new BusinessServer(port, tradeIns, campaigns, token, webhookSecret, clock, meters);
        started.server.start().join();
        return started;
    }

    public int port() {
        return server.activeLocalPort();
    }

    @Override
    public void close() {
        server.stop().join();
    }

    /** What answers a request that was read whole, on a thread that may wait. */
    private interface Handler {
        JsonNode answer(ServiceRequestContext context, AggregatedHttpRequest request);
    }

    private static HttpService open(Handler handler) {
        return (context, request) -> HttpResponse.of(request.aggregate()
                .thenApplyAsync(whole -> answered(context, whole, handler), context.blockingTaskExecutor()));
    }

    private HttpService ofTheMall(Handler handler) {
        return open((context, request) -> {
            if (!MessageDigest.isEqual(bearer(request).getBytes(StandardCharsets.UTF_8), token)) {
                throw new ModuleRefusal(Reason.TOKEN_INVALID, "Send the mall's token as Authorization: Bearer.");
            }
            return handler.answer(context, request);
        });
    }

    private static HttpResponse answered(
            ServiceRequestContext context, AggregatedHttpRequest request, Handler handler) {
        try {
            return json(HttpStatus.OK, handler.answer(context, request));
        } catch (ModuleRefusal e) {
            return error(
                    e.reason().status(), e.reason().name().toLowerCase(Locale.ROOT), String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("{} {} failed", request.method(), request.path(), e);
            return error(500, "internal_error", "The request failed; it may be sent again.");
        }
    }

    private static HttpResponse error(int status, String code, String message) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.putObject("error").put("code", code).put("message", message);
        return json(HttpStatus.valueOf(status), node);
    }

    private static HttpResponse json(HttpStatus status, JsonNode node) {
        return HttpResponse.of(status, MediaType.JSON_UTF_8, node.toString());
    }

    private static String bearer(AggregatedHttpRequest request) {
        String header = request.headers().get("authorization", "");
        return header.startsWith(BEARER) ? header.substring(BEARER.length()) : "";
    }

    private static String path(ServiceRequestContext context, String name, Pattern pattern) {
        return JsonBody.requireText(name, Objects.requireNonNullElse(context.pathParam(name), ""), pattern);
    }

    private static long campaign(ServiceRequestContext context) {
        return Long.parseLong(path(context, "campaign", ID));
    }

    private void ofTradeIns(ServerBuilder builder) {
        builder.route().put("/v1/trade_in_prices/{model}/{grade}").build(ofTheMall((context, request) -> {
            String model = path(context, "model", MODEL);
            String grade = path(context, "grade", GRADE);
            String template =
                    JsonBody.read(request.contentUtf8(), "template_id").text("template_id", TEMPLATE);
            tradeIns.price(model, grade, template);
            return JsonNodeFactory.instance
                    .objectNode()
                    .put("object", "trade_in_price")
                    .put("model", model)
                    .put("grade", grade)
                    .put("template_id", template);
        }));
        builder.route().post("/v1/trade_ins").build(ofTheMall((context, request) -> {
            JsonBody body =
                    JsonBody.read(request.contentUtf8(), "trade_in_no", "user_id", "model", "grade", "serial_number");
            return shape(tradeIns.quote(
                    body.text("trade_in_no", NUMBER),
                    body.positive("user_id"),
                    body.text("model", MODEL),
                    body.text("grade", GRADE),
                    body.text("serial_number", SERIAL)));
        }));
        builder.route()
                .get("/v1/trade_ins/{number}")
                .build(ofTheMall((context, request) -> shape(tradeIns.require(path(context, "number", NUMBER)))));
        builder.route()
                .post("/v1/trade_ins/{number}/inspect")
                .build(ofTheMall((context, request) -> shape(tradeIns.inspect(
                        path(context, "number", NUMBER),
                        JsonBody.read(request.contentUtf8(), "grade").text("grade", GRADE)))));
        builder.route()
                .post("/v1/trade_ins/{number}/accept")
                .build(ofTheMall((context, request) -> shape(tradeIns.accept(path(context, "number", NUMBER)))));
        builder.route()
                .post("/v1/trade_ins/{number}/decline")
                .build(ofTheMall((context, request) -> shape(tradeIns.decline(path(context, "number", NUMBER)))));
    }

    private void ofCampaigns(ServerBuilder builder) {
        builder.route().post("/v1/campaigns").build(ofTheMall((context, request) -> {
            JsonBody body = JsonBody.read(
                    request.contentUtf8(), "advertiser", "name", "template_id", "price_minor", "budget_minor");
            Campaigns.Created created = campaigns.create(
                    body.text("advertiser", PARTNER),
                    body.text("name", NAME),
                    body.text("template_id", TEMPLATE),
                    body.positive("price_minor"),
                    body.positive("budget_minor"));
            return shape(created.campaign()).put("secret", created.secret());
        }));
        builder.route()
                .get("/v1/campaigns/{campaign}")
                .build(ofTheMall((context, request) -> shape(campaigns.require(campaign(context)))));
        builder.route()
                .post("/v1/campaigns/{campaign}/end")
                .build(ofTheMall((context, request) -> shape(campaigns.end(campaign(context)))));
        builder.route().post("/v1/campaigns/{campaign}/conversions").build(open((context, request) -> {
            campaigns.requireAdvertiser(campaign(context), bearer(request));
            JsonBody body = JsonBody.read(request.contentUtf8(), "conversion_no", "user_id");
            return shape(campaigns.convert(
                    campaign(context), body.text("conversion_no", CONVERSION), body.positive("user_id")));
        }));
        builder.route().get("/v1/campaigns/{campaign}/conversions/{number}").build(open((context, request) -> {
            campaigns.requireAdvertiser(campaign(context), bearer(request));
            return shape(campaigns.require(campaign(context), path(context, "number", CONVERSION)));
        }));
        builder.route().post("/v1/coupon_events").build(open((context, request) -> hear(request)));
    }

    private JsonNode hear(AggregatedHttpRequest request) {
        String id = request.headers().get("webhook-id", "");
        if (!signature.holds(
                id,
                request.headers().get("webhook-timestamp", ""),
                request.contentUtf8(),
                request.headers().get("webhook-signature", ""))) {
            throw new ModuleRefusal(
                    Reason.SIGNATURE_INVALID, "The delivery is not signed by the coupon service, or old.");
        }
        JsonNode event = JsonBody.read(request.contentUtf8()).node();
        campaigns.hear(new CouponEvent(
                id,
                event.path("type").asText(),
                event.at("/data/coupon_id").asText(),
                event.at("/data/user_id").asLong(),
                event.at("/data/template_id").asText()));
        return JsonNodeFactory.instance.objectNode().put("heard", true);
    }

    private static ObjectNode shape(TradeIn tradeIn) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("object", "trade_in")
                .put("trade_in_no", tradeIn.number())
                .put("user_id", tradeIn.userId())
                .put("model", tradeIn.model())
                .put("grade", tradeIn.grade())
                .put("state", tradeIn.state().name())
                .put("template_id", tradeIn.templateId())
                .put("coupon_id", tradeIn.couponId())
                .put("refusal", tradeIn.refusal());
    }

    private static ObjectNode shape(Campaign campaign) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("object", "campaign")
                .put("id", campaign.id())
                .put("advertiser", campaign.advertiser())
                .put("name", campaign.name())
                .put("template_id", campaign.templateId())
                .put("price_minor", campaign.priceMinor())
                .put("budget_minor", campaign.budgetMinor())
                .put("reserved_minor", campaign.reservedMinor())
                .put("charged_minor", campaign.chargedMinor())
                .put("ended", campaign.ended());
    }

    private static ObjectNode shape(Conversion conversion) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("object", "conversion")
                .put("conversion_no", conversion.number())
                .put("user_id", conversion.userId())
                .put("state", conversion.state().name())
                .put("coupon_id", conversion.couponId())
                .put("refusal", conversion.refusal());
    }
}
