package dev.cutover.coupon.http;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;

/** A page with every code of the vocabulary, to which each error points. */
final class ErrorPage {
    static final String PATH = "/docs/errors";

    private ErrorPage() {}

    static HttpService service() {
        return (context, request) -> HttpResponse.of(HttpStatus.OK, MediaType.HTML_UTF_8, html());
    }

    static String html() {
        StringBuilder page = new StringBuilder("""
                <!doctype html><html lang="en"><meta charset="utf-8"><title>Errors of the coupon API</title>
                <style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto}td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}</style>
                <h1>Errors of the coupon API</h1>
                <table><tr><th>code</th><th>HTTP</th><th>gRPC</th><th>type</th><th>send it again?</th><th>what it says</th></tr>
                """);
        for (ApiError error : ApiError.values()) {
            page.append("<tr id=\"")
                    .append(error.code())
                    .append("\"><td><code>")
                    .append(error.code())
                    .append("</code></td><td>")
                    .append(error.status())
                    .append("</td><td>")
                    .append(CallErrors.code(error))
                    .append("</td><td>")
                    .append(error.type())
                    .append("</td><td>")
                    .append(error.retryable() ? "yes" : "no")
                    .append("</td><td>")
                    .append(sentence(error))
                    .append("</td></tr>\n");
        }
        return page.append("</table></html>\n").toString();
    }

    /** What a code says, and what its reader does next. */
    static String sentence(ApiError error) {
        return switch (error) {
            case PARAMETER_MISSING -> "A field, header or parameter is missing; param names it.";
            case PARAMETER_INVALID ->
                "A value is not what it may be; param names it, details name all where there are several.";
            case PARAMETER_UNKNOWN -> "Nobody knows this field: a typing error, most of the time.";
            case BATCH_LIMIT_EXCEEDED -> "Too many at once: send several requests.";
            case IDEMPOTENCY_KEY_MISSING ->
                "What changes something needs an Idempotency-Key; repeat it with the same one.";
            case CURSOR_INVALID -> "starting_after is no next_cursor of this list.";
            case CURRENCY_MISMATCH -> "Coupons are in CNY.";
            case TOKEN_MISSING -> "Send Authorization: Bearer with a token.";
            case TOKEN_INVALID -> "The token is not one of this service, or it was revoked.";
            case TOKEN_EXPIRED -> "Ask an administrator for another token.";
            case SCOPE_INSUFFICIENT -> "The token is not good for this; the message names the scopes that are.";
            case APP_DISABLED -> "The application of this token was shut out by an administrator.";
            case APP_NOT_FOUND -> "There is no such application.";
            case TOKEN_NOT_FOUND -> "The application has no such token.";
            case ROUTE_NOT_FOUND -> "There is nothing at this path.";
            case TEMPLATE_NOT_FOUND -> "There is no such template, or it is another's.";
            case COUPON_NOT_FOUND -> "There is no such coupon, or it is another's.";
            case CLAIM_NOT_FOUND -> "The user has claimed nothing under this key.";
            case REDEMPTION_NOT_FOUND -> "There is no such redemption, or it is another's.";
            case METHOD_NOT_ALLOWED -> "This path has no such method.";
            case COUPON_ALREADY_USED -> "The coupon was used for an order.";
            case COUPON_VOIDED -> "The back office has recalled the coupon.";
            case ALREADY_REFUNDED -> "The whole use was taken back already.";
            case SOLD_OUT -> "Nothing is left.";
            case PER_USER_LIMIT_REACHED -> "The user has as many as one may have.";
            case DAILY_LIMIT_REACHED -> "The user has as many as one may have on one day.";
            case BODY_TOO_LARGE -> "The body is too large: send less at once.";
            case IDEMPOTENCY_KEY_REUSED -> "The key stands for another request: take a new one.";
            case CLAIM_NOT_STARTED -> "The template cannot be claimed yet.";
            case CLAIM_ENDED -> "The template cannot be claimed any more.";
            case COUPON_NOT_STARTED -> "The coupon cannot be used yet.";
            case COUPON_EXPIRED -> "The coupon cannot be used any more.";
            case THRESHOLD_NOT_MET -> "The order comes to less than the coupon wants.";
            case TEMPLATE_NOT_PUBLISHED -> "The template is a draft.";
            case TEMPLATE_PAUSED -> "The template is paused.";
            case TEMPLATE_NOT_EDITABLE -> "The template does not take this change where it stands.";
            case VERSION_CONFLICT -> "Somebody changed it meanwhile: read it again.";
            case STOCK_BELOW_ISSUED -> "Less would be left than was issued.";
            case TEMPLATE_NOT_ISSUABLE -> "Nobody can be given coupons of this template.";
            case ISSUANCE_NOT_FOUND -> "There is no such issuance, or it is another's.";
            case ISSUANCE_STATE_CONFLICT -> "The issuance does not take this where it stands.";
            case CODE_BATCH_NOT_FOUND -> "There is no such batch of codes, or it is another's.";
            case CODE_BATCH_STATE_CONFLICT -> "The batch does not take this where it stands.";
            case RECALL_NOT_FOUND -> "There is no such recall, or it is another's.";
            case RECALL_STATE_CONFLICT -> "The recall does not take this where it stands.";
            case WEBHOOK_NOT_FOUND -> "The application has no such webhook.";
            case CACHE_BUILD_NOT_FOUND -> "There is no such cache build.";
            case CACHE_TASK_NOT_FOUND -> "There is no such cache task; those done are put away after a day.";
            case CACHE_TASK_STATE_CONFLICT -> "Only a task that is DEAD can be tried again.";
            case CODE_INVALID -> "There is no such code: unknown, recalled and foreign look the same.";
            case CODE_ALREADY_USED -> "The code was used.";
            case TOO_MANY_FAILED_ATTEMPTS -> "Too many wrong codes: wait as long as Retry-After says.";
            case RATE_LIMITED -> "The application sends more than its quota: wait as long as Retry-After says.";
            case REQUEST_REFUSED -> "The request is none that this server understands.";
            case INTERNAL_ERROR -> "The service failed; tell its operators the request id.";
            case MIGRATION_FENCE ->
                "A stage of the migration does not admit this now; send the same again after Retry-After.";
            case SHARD_UNAVAILABLE -> "A database did not answer; send the same again, it has one effect at most.";
            case OVERLOADED ->
                "More look at coupons than the instance can serve; send the same again after Retry-After.";
            case DEPENDENCY_UNAVAILABLE -> "Something the service needs did not answer; send the same again.";
            case OUTCOME_UNKNOWN ->
                "Whether it had its effect is not known: send the same again with the same key to learn it.";
            case HOLD_NOT_FOUND -> "There is no such hold, or it is another's.";
            case COUPON_HELD -> "The coupon is held for an order.";
            case HOLD_EXPIRED -> "The hold has ended: hold again.";
            case HOLD_NOT_OWNER -> "The hold is another user's.";
            case PRODUCT_NOT_APPLICABLE -> "The coupon is for none of the order's products.";
            case SUPER_BLACKLISTED -> "No coupon is for the order's products.";
            case STACKING_CONFLICT -> "These coupons do not go together on one order.";
            case REFUND_EXCEEDS_REDEEMED -> "More would be taken back than came off.";
            case BUDGET_EXHAUSTED ->
                "Less is left of the template's budget; money comes back with releases, ended holds and refunds.";
            case AUDIENCE_NOT_MATCHED -> "The template is for others; details name the tags that decided.";
        };
    }
}
