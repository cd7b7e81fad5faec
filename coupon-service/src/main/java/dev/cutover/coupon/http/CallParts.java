package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Message;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.RequestHeaders;
import io.netty.util.AsciiString;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A call of gRPC as the request of the route that does the same: fields named in the route's path are that part of it, the others are the
 * query of a GET or DELETE and the body of anything else, and {@code request_no} is the idempotency key where the path does not name it.
 */
final class CallParts implements RequestParts {
    private static final String REQUEST_NO = "request_no";

    private final RouteRules.Rule route;
    private final RequestHeaders metadata;
    private final ObjectNode path;
    private final ObjectNode rest;
    private final @Nullable String requestNo;

    CallParts(RouteRules.Rule route, RequestHeaders metadata, Message request) {
        this.route = route;
        this.metadata = metadata;
        this.rest = CallMessages.json(request);
        this.path = rest.objectNode();
        for (String name : route.pathNames()) {
            JsonNode value = rest.remove(name);
            if (value != null) {
                path.set(name, value);
            }
        }
        JsonNode key = rest.remove(REQUEST_NO);
        this.requestNo = key == null ? null : key.textValue();
    }

    @Override
    public String path(String name) {
        return path.path(name).asText("");
    }

    private boolean fieldsAreQuery() {
        return route.method() == HttpMethod.GET || route.method() == HttpMethod.DELETE;
    }

    @Override
    public Set<String> queryNames() {
        Set<String> names = new HashSet<>();
        if (fieldsAreQuery()) {
            rest.fieldNames().forEachRemaining(names::add);
        }
        return names;
    }

    @Override
    public @Nullable String query(String name) {
        return fieldsAreQuery() && rest.has(name) ? rest.get(name).asText() : null;
    }

    @Override
    public @Nullable String header(AsciiString name) {
        String given = metadata.get(name);
        if (!name.equals(Headers.IDEMPOTENCY_KEY) || requestNo == null) {
            return given;
        }
        if (given != null && !given.equals(requestNo)) {
            throw ApiException.invalid(REQUEST_NO, "what the metadata idempotency-key says; one of both is enough");
        }
        return requestNo;
    }

    @Override
    public boolean hasBody() {
        return !fieldsAreQuery() && !rest.isEmpty();
    }

    @Override
    public RequestBody body() {
        return RequestBody.of(rest);
    }

    @Override
    public byte[] bytes() {
        throw new IllegalStateException("A call has no upload; " + route.path() + " is for requests only.");
    }
}
