package dev.cutover.coupon.http;

import java.util.Map;

/** One line of every route, for people who read the document of OpenAPI. Immutable, safe for many threads. */
final class RouteTexts {
    private static final Map<String, String> TEXTS = Map.ofEntries(
            Map.entry("POST /v1/claims", "Coupons for one user, of up to ten templates"),
            Map.entry("GET /v1/claims/{request_no}", "What a claim answered: how a broken connection is resolved"),
            Map.entry("GET /v1/claim_limits", "How much one claim may ask for"),
            Map.entry("PUT /v1/claim_limits", "Lets one claim ask for less, or for more again"),
            Map.entry("GET /v1/users/{user_id}/coupons", "The coupons of a user, a page"),
            Map.entry("GET /v1/coupons/{id}", "One coupon"),
            Map.entry("POST /v1/coupons/batch", "Several coupons by their ids; changes nothing"),
            Map.entry("POST /v1/codes/redeem", "A code for a coupon"),
            Map.entry("POST /v1/codes/validate", "Whether a code would give a coupon"),
            Map.entry("POST /v1/validations", "What coupons would take off an order"),
            Map.entry("POST /v1/coupons/available", "The coupons of a user for a cart, the best first"),
            Map.entry("POST /v1/redemptions", "Coupons for one order, all or none"),
            Map.entry("GET /v1/redemptions/{id}", "One use of a coupon"),
            Map.entry("POST /v1/redemptions/{id}/refunds", "Takes a use back, whole or in part"),
            Map.entry("GET /v1/users/{user_id}/redemptions", "What a user has used, a page"),
            Map.entry("POST /v1/holds", "Keeps coupons for an order until it is paid"),
            Map.entry("GET /v1/holds/{id}", "One hold"),
            Map.entry("DELETE /v1/holds/{id}", "Lets held coupons go"),
            Map.entry("POST /v1/holds/{id}/confirm", "Uses what was held"),
            Map.entry("POST /v1/coupons/{id}/void", "Recalls a coupon"),
            Map.entry("POST /v1/templates", "A draft of a template"),
            Map.entry("GET /v1/templates", "Templates, a page"),
            Map.entry("GET /v1/products/{product}/coupons", "What can be claimed for a product, a page"),
            Map.entry("GET /v1/templates/{id}", "One template"),
            Map.entry("GET /v1/templates/{id}/stats", "What became of a template's coupons"),
            Map.entry("PATCH /v1/templates/{id}", "Changes a template by a merge patch"),
            Map.entry("POST /v1/templates/{id}/publish", "Cuts the stock and opens a draft"),
            Map.entry("POST /v1/templates/{id}/pause", "Closes a template for a while"),
            Map.entry("POST /v1/templates/{id}/resume", "Opens a paused template"),
            Map.entry("POST /v1/templates/{id}/end", "Closes a template for good"),
            Map.entry("POST /v1/templates/{id}/archive", "Puts a template away"),
            Map.entry("POST /v1/templates/{id}/stock_adjustments", "Grows or shrinks the stock"),
            Map.entry("POST /v1/templates/{id}/budget_adjustments", "Raises or lowers the budget"),
            Map.entry("POST /v1/templates/{id}/recalls", "Makes void what a template has given out"),
            Map.entry("GET /v1/recalls/{id}", "One recall and how far it is"),
            Map.entry("GET /v1/templates/{id}/stock", "What is left and what was issued"),
            Map.entry("GET /v1/templates/{id}/products", "The list of products, a page"),
            Map.entry("GET /v1/templates/{id}/audit", "Who changed a template"),
            Map.entry("PUT /v1/templates/{id}/products", "Replaces the list of products"),
            Map.entry("GET /v1/super_blacklist/products", "The products that no coupon is for"),
            Map.entry("POST /v1/super_blacklist/products", "Forbids products"),
            Map.entry("DELETE /v1/super_blacklist/products/{product}", "Allows a product again"),
            Map.entry("GET /v1/super_blacklist/audit", "Who forbade and allowed what"),
            Map.entry("POST /v1/issuances", "Coupons for many users at once"),
            Map.entry("GET /v1/issuances", "Issuances, a page"),
            Map.entry("GET /v1/issuances/{id}", "One issuance and how far it is"),
            Map.entry("GET /v1/issuances/{id}/failures", "The users who have not been given theirs"),
            Map.entry("PATCH /v1/issuances/{id}", "Makes an issuance faster or slower"),
            Map.entry("PUT /v1/issuances/{id}/audience", "Uploads the users of an issuance"),
            Map.entry("POST /v1/issuances/{id}/pause", "Holds an issuance"),
            Map.entry("POST /v1/issuances/{id}/resume", "Lets an issuance go on"),
            Map.entry("POST /v1/issuances/{id}/cancel", "Ends an issuance; what was issued stays"),
            Map.entry("GET /v1/operations/{id}", "Whatever goes on by itself, and how far it is"),
            Map.entry("POST /v1/operations/{id}/cancel", "Ends what goes on; what was done stays"),
            Map.entry("POST /v1/code_batches", "A batch of codes"),
            Map.entry("GET /v1/code_batches/{id}", "One batch and how far it is"),
            Map.entry("GET /v1/code_batches/{id}/export", "The codes of a batch as CSV, told once"),
            Map.entry("POST /v1/code_batches/{id}/import", "Codes that were made elsewhere"),
            Map.entry("POST /v1/code_batches/{id}/void", "Recalls a batch of codes"),
            Map.entry("POST /v1/codes/void", "Recalls one code"),
            Map.entry("PUT /v1/apps/{id}/quota", "How much an application may send"),
            Map.entry("POST /v1/apps", "An application"),
            Map.entry("GET /v1/apps", "The applications"),
            Map.entry("GET /v1/apps/{id}", "One application"),
            Map.entry("POST /v1/apps/{id}/disable", "Shuts an application out"),
            Map.entry("POST /v1/apps/{id}/enable", "Lets an application in again"),
            Map.entry("POST /v1/apps/{id}/tokens", "A token, told once"),
            Map.entry("GET /v1/apps/{id}/tokens", "The tokens of an application, without their texts"),
            Map.entry("DELETE /v1/apps/{id}/tokens/{token}", "Revokes a token"),
            Map.entry("GET /v1/audit", "Who changed what, the newest first, a page"),
            Map.entry("GET /v1/migration", "Where the migration stands, as this instance sees it"),
            Map.entry("GET /healthz", "Whether the process lives"),
            Map.entry("GET /readyz", "Whether this instance can serve"),
            Map.entry("GET /metrics", "Measurements for Prometheus"),
            Map.entry("GET " + OpenApi.PATH, "This document"),
            Map.entry("GET " + ErrorPage.PATH, "Every code of an error, for people"));

    private RouteTexts() {}

    /** The line of a route, given as method and path; its own name where nobody has written one. */
    static String of(String route) {
        return TEXTS.getOrDefault(route, route);
    }

    static boolean known(String route) {
        return TEXTS.containsKey(route);
    }
}
