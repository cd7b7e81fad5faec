package dev.cutover.sandbox.load;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All coupons of a user as the API lists them, page by page.
 *
 * @param complete false when a page was not answered, or when a page after the first began where the one before did
 */
record CouponPages(List<JsonNode> coupons, boolean complete, Answer lastAnswer) {
    static final int LIMIT = 100;
    private static final int MOST_PAGES = 1_000;

    static CouponPages of(CouponApi api, int instance, long user) throws InterruptedException {
        List<JsonNode> coupons = new ArrayList<>();
        String first = "/v1/users/" + user + "/coupons?limit=" + LIMIT;
        String path = first;
        for (int page = 1; ; page++) {
            Answer answer = api.get(instance, path);
            JsonNode data = answer.body().path("data");
            data.forEach(coupons::add);
            boolean more = answer.body().path("has_more").asBoolean();
            if (!answer.done() || !data.isArray() || more && data.isEmpty() || page > MOST_PAGES) {
                return new CouponPages(coupons, false, answer);
            }
            if (!more) {
                return new CouponPages(coupons, true, answer);
            }
            path = first + "&starting_after="
                    + data.get(data.size() - 1).path("id").asText();
        }
    }

    static Map<String, String> statuses(JsonNode page) {
        Map<String, String> statuses = new HashMap<>();
        page.path("data")
                .forEach(coupon -> statuses.put(
                        coupon.path("id").asText(), coupon.path("status").asText()));
        return statuses;
    }
}
