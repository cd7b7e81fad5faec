package dev.cutover.coupon.http;

import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.netty.util.AsciiString;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A request of REST: its parts are where HTTP has them. */
record HttpParts(ServiceRequestContext context, AggregatedHttpRequest request) implements RequestParts {
    @Override
    public String path(String name) {
        String value = context.pathParam(name);
        return value == null ? "" : value;
    }

    @Override
    public Set<String> queryNames() {
        return context.queryParams().names();
    }

    @Override
    public @Nullable String query(String name) {
        return context.queryParam(name);
    }

    @Override
    public @Nullable String header(AsciiString name) {
        return request.headers().get(name);
    }

    @Override
    public boolean hasBody() {
        return !request.content().isEmpty();
    }

    @Override
    public RequestBody body() {
        return RequestBody.parse(request.contentUtf8());
    }

    @Override
    public byte[] bytes() {
        return request.content().array();
    }
}
