package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.token.Tenant;
import io.netty.util.AsciiString;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One request with everything that can be asked of it; what is missing or malformed is a 400 that names it. Owned by one thread. */
final class ApiRequest {
    static final long MOST_USER_ID = Integer.MAX_VALUE;

    private static final Pattern USER_ID = Pattern.compile("[1-9][0-9]{0,9}");
    private static final Pattern NUMBER = Pattern.compile("[A-Za-z0-9._:-]{1,64}");
    private static final Pattern KEY = Pattern.compile("[!-~]{1,255}");

    private static final Pattern VERSION = Pattern.compile("\"?[0-9]{1,9}\"?");
    private static final Pattern PAGE_LENGTH = Pattern.compile("[1-9][0-9]{0,2}");
    private static final int USUAL_PAGE = 20;
    private static final int LONGEST_PAGE = 100;

    private final ServiceRequestContext context;
    private final RequestParts parts;
    private Optional<KeptKey> kept = Optional.empty();

    /** Refuses a request that names what is another tenant's. */
    ApiRequest(ServiceRequestContext context, RequestParts parts) {
        this.context = context;
        this.parts = parts;
        // Here, so that no transport can forget it.
        Admission admission = Admission.of(context);
        if (admission != null) {
            admission.guard().check(admission.rule().names(), admission.tenant(), this);
        }
    }

    String path(String name) {
        return parts.path(name);
    }

    void allowQuery(String... names) {
        Set<String> known = Set.of(names);
        for (String name : parts.queryNames()) {
            if (!known.contains(name)) {
                throw new ApiException(ApiError.PARAMETER_UNKNOWN, name, "'" + name + "' is not a known parameter.");
            }
        }
    }

    Optional<String> query(String name) {
        return Optional.ofNullable(parts.query(name));
    }

    /** A user id as the mall has them: 31 bits. */
    static long userId(String param, String text) {
        return readUserId(text).orElseThrow(() -> ApiException.invalid(param, "a user id from 1 to " + MOST_USER_ID));
    }

    static Optional<Long> readUserId(String text) {
        return USER_ID.matcher(text).matches() && Long.parseLong(text) <= MOST_USER_ID
                ? Optional.of(Long.parseLong(text))
                : Optional.empty();
    }

    String idempotencyKey() {
        String key = parts.header(Headers.IDEMPOTENCY_KEY);
        if (key == null) {
            throw new ApiException(
                    ApiError.IDEMPOTENCY_KEY_MISSING,
                    "Idempotency-Key",
                    "A request that changes something needs an Idempotency-Key header; repeat it with the same key.");
        }
        return keptKey("Idempotency-Key", key);
    }

    /** An idempotency key as it is kept; the answer tells it as it was given. */
    String keptKey(String param, String given) {
        if (!KEY.matcher(given).matches()) {
            throw ApiException.invalid(param, "a key of 1 to 255 visible characters of ASCII");
        }
        KeptKey key = KeptKey.of(tenant(), given);
        kept = Optional.of(key);
        return key.kept();
    }

    /** Whose objects may be named. */
    Tenant tenant() {
        Admission admission = Admission.of(context);
        return admission == null ? Tenant.ANYBODY : admission.tenant();
    }

    /** Whether a coupon is one that may be named. */
    boolean owns(CouponId coupon) {
        Admission admission = Admission.of(context);
        return admission == null || admission.guard().owns(admission.tenant(), coupon);
    }

    /** A number of the caller as it is kept: those of applications do not meet. */
    String kept(String param, String text) {
        Tenant tenant = tenant();
        if (tenant.application().isPresent() && text.length() > Tenant.LONGEST_KEY) {
            throw ApiException.invalid(param, "a number of at most " + Tenant.LONGEST_KEY + " characters");
        }
        return tenant.kept(number(param, text));
    }

    /** An answer with the caller's keys and numbers as the caller knows them. */
    ApiAnswer told(ApiAnswer answer) {
        Tenant tenant = tenant();
        boolean same =
                tenant.application().isEmpty() && kept.map(KeptKey::asGiven).orElse(true);
        return same
                ? answer
                : new ApiAnswer(answer.status(), KeptKeys.told(tenant, kept, answer.json()), answer.replayed());
    }

    /** Who asks the back office for a change: a person, and the application of their token where there are tokens. */
    Operator operator() {
        String name = parts.header(Headers.OPERATOR);
        Admission admission = Admission.of(context);
        if (admission != null) {
            return operator(admission.caller().app().toString(), name);
        }
        if (name == null) {
            throw new ApiException(
                    ApiError.PARAMETER_MISSING,
                    "X-Operator",
                    "What the back office changes is written down with who changed it: send the header X-Operator.");
        }
        if (!Operator.isName(name)) {
            throw ApiException.invalid("X-Operator", "1 to 64 letters, digits, '.', '_', '@' and '-'");
        }
        return new Operator(name);
    }

    private static Operator operator(String app, @Nullable String name) {
        if (name == null) {
            return new Operator(app);
        }
        int most = Operator.LONGEST - app.length() - 1;
        if (!Operator.isName(name) || name.length() > most) {
            throw ApiException.invalid("X-Operator", "1 to " + most + " letters, digits, '.', '_', '@' and '-'");
        }
        return new Operator(app + "/" + name);
    }

    /** Whether the caller wants nothing that was kept. */
    boolean pastCaches() {
        String header = parts.header(HttpHeaderNames.CACHE_CONTROL);
        return header != null && header.contains("no-cache");
    }

    /** The version an editor has seen: the field {@code version} or the header If-Match. */
    OptionalInt version(RequestBody body) {
        OptionalLong field = body.optionalInteger("version", 0, Integer.MAX_VALUE);
        String header = parts.header(HttpHeaderNames.IF_MATCH);
        if (header == null) {
            return field.isPresent() ? OptionalInt.of((int) field.getAsLong()) : OptionalInt.empty();
        }
        if (!VERSION.matcher(header).matches()) {
            throw ApiException.invalid("If-Match", "the version of the template");
        }
        int version = Integer.parseInt(header.replace("\"", ""));
        if (field.isPresent() && field.getAsLong() != version) {
            throw ApiException.invalid("If-Match", "the version that the body says");
        }
        return OptionalInt.of(version);
    }

    /** The length of a page, 20 when nothing is said. */
    int limit() {
        return query("limit")
                .map(text -> {
                    if (!PAGE_LENGTH.matcher(text).matches() || Integer.parseInt(text) > LONGEST_PAGE) {
                        throw ApiException.invalid("limit", "a number from 1 to " + LONGEST_PAGE);
                    }
                    return Integer.parseInt(text);
                })
                .orElse(USUAL_PAGE);
    }

    /**
     * Behind what the page begins, empty for the first one.
     *
     * @param read empty for what is none
     * @param expected what a cursor of this list is, for the refusal
     */
    <T> Optional<T> startingAfter(Function<String, Optional<T>> read, String expected) {
        return query("starting_after")
                .map(text -> read.apply(text)
                        .orElseThrow(() -> new ApiException(
                                ApiError.CURSOR_INVALID, "starting_after", "'" + text + "' is not " + expected + ".")));
    }

    /** A number that a caller gives to what it creates. */
    static String number(String param, String number) {
        if (!NUMBER.matcher(number).matches()) {
            throw ApiException.invalid(param, "a number of 1 to 64 letters, digits, '.', '_', ':' and '-'");
        }
        return number;
    }

    boolean hasBody() {
        return parts.hasBody();
    }

    /** Where the request came from. */
    String client() {
        return TrustedProxies.client(context).getHostAddress();
    }

    /** Its number, which its answer carries. */
    String id() {
        return CouponServer.requestId(context);
    }

    /** Adds a header to the answer. */
    void tell(AsciiString name, String value) {
        context.setAdditionalResponseHeader(name, value);
    }

    /** Lets this be done in a while, where it may block; no thread waits for it. */
    void later(Duration pause, Runnable task) {
        var unused =
                context.eventLoop().schedule(() -> executor().execute(task), pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Where the rest of an answer may block. */
    Executor executor() {
        return context.blockingTaskExecutor();
    }

    byte[] bytes() {
        return parts.bytes();
    }

    RequestBody body() {
        return parts.body();
    }
}
