package dev.cutover.coupon;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** One way to speak to the service: calls are named as coupon.proto names them, their fields as REST does. */
interface Transport extends AutoCloseable {
    Reply call(Call call);

    @Override
    void close();

    /** A call with its fields as JSON and its metadata. */
    record Call(String name, String fields, Map<String, String> metadata) {
        static Call of(String name, String fields) {
            return new Call(name, fields, Map.of());
        }

        Call with(String header, String value) {
            Map<String, String> more = new LinkedHashMap<>(metadata);
            more.put(header, value);
            return new Call(name, fields, more);
        }
    }

    /**
     * An answer or an error.
     *
     * @param status of the transport: {@code 409} or {@code FAILED_PRECONDITION}
     * @param code of the vocabulary, in small letters; empty where all went well
     * @param retrySeconds 0 where the same should not be sent again
     */
    record Reply(
            String status,
            String code,
            String param,
            String details,
            long retrySeconds,
            boolean replayed,
            String requestId,
            JsonNode body) {
        /** A field such as {@code /coupons/0/id}, empty where there is none. */
        String text(String pointer) {
            return body.at(pointer).asText("");
        }
    }
}
