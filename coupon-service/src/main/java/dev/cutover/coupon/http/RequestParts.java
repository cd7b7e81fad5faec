package dev.cutover.coupon.http;

import io.netty.util.AsciiString;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The parts of a request as a route names them, whatever transport it came by. Owned by one thread. */
interface RequestParts {
    /** Empty where the path has no such part. */
    String path(String name);

    Set<String> queryNames();

    @Nullable
    String query(String name);

    @Nullable
    String header(AsciiString name);

    boolean hasBody();

    /** Throws {@link ApiException} where the body is no object. */
    RequestBody body();

    /** The body of an upload. */
    byte[] bytes();
}
