package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.tag.TagContext;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reads what a request comes with: through whom, and the field {@code context} of texts, of which {@code consent} names tags with commas
 * between.
 */
final class CircumstancesFields {
    static final String CHANNEL = "channel";
    static final String PARTNER = "partner_id";

    private static final Pattern CHANNEL_TEXT = Pattern.compile("[a-z0-9_-]{1,32}");
    private static final Pattern PARTNER_TEXT = Pattern.compile("[A-Za-z0-9._:-]{1,64}");
    private static final String CONTEXT = "context";
    private static final String CONSENT = "consent";
    private static final int MOST = 20;
    private static final int LONGEST = 500;

    private CircumstancesFields() {}

    static Circumstances read(ApiRequest request, RequestBody body) {
        return new Circumstances(request.tenant().visible(), context(body), via(body));
    }

    /** Through whom a request says it came. */
    static Channel via(RequestBody body) {
        if (!body.has(CHANNEL)) {
            if (body.has(PARTNER)) {
                throw ApiException.missing(body.path(CHANNEL));
            }
            return Channel.NONE;
        }
        return new Channel(
                body.text(CHANNEL, CHANNEL_TEXT, "1 to 32 of a-z, 0-9, '_' and '-'"),
                body.has(PARTNER)
                        ? body.text(PARTNER, PARTNER_TEXT, "1 to 64 letters, digits, '.', '_', ':' and '-'")
                        : "");
    }

    private static TagContext context(RequestBody body) {
        if (!body.has(CONTEXT)) {
            return TagContext.NOTHING;
        }
        RequestBody fields = body.child(CONTEXT);
        JsonNode node = fields.json();
        if (node.size() > MOST) {
            throw ApiException.invalid(CONTEXT, "an object of at most " + MOST + " fields");
        }
        Map<String, String> values = new HashMap<>();
        for (String name : fields.unknown(List.of())) {
            String field = name.substring(CONTEXT.length() + 1);
            String text = fields.text(field);
            if (text.length() > LONGEST) {
                throw ApiException.invalid(name, "a text of at most " + LONGEST + " characters");
            }
            values.put(field, text);
        }
        String consent = values.remove(CONSENT);
        Set<String> consents = consent == null
                ? Set.of()
                : Arrays.stream(consent.split(",", -1)).map(String::strip).collect(Collectors.toSet());
        return new TagContext(values, consents);
    }
}
