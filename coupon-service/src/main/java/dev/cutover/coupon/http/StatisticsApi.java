package dev.cutover.coupon.http;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.StatisticsShapes;
import dev.cutover.coupon.statistics.Statistics;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;

/** What became of a template's coupons. Blocks; safe for many threads. */
final class StatisticsApi {
    private static final LocalDate FIRST = LocalDate.EPOCH;
    private static final LocalDate LAST = LocalDate.of(9999, 12, 31);
    // An answer has a line a day.
    private static final long MOST_DAYS = 400;

    private final Statistics statistics;

    StatisticsApi(Statistics statistics) {
        this.statistics = statistics;
    }

    ApiAnswer template(ApiRequest request) {
        request.allowQuery("from", "to", "group");
        String text = request.path("id");
        TemplateId id = TemplateId.parse(text)
                .orElseThrow(
                        () -> new Refusal(Reason.TEMPLATE_NOT_FOUND, "id", "There is no template '" + text + "'."));
        LocalDate from = request.query("from").map(day -> day("from", day)).orElse(FIRST);
        LocalDate to = request.query("to").map(day -> day("to", day)).orElse(LAST);
        if (from.isAfter(to)) {
            throw ApiException.invalid("to", "a day that is not before 'from'");
        }
        Statistics.Group group = switch (request.query("group").orElse("source")) {
            case "day" -> Statistics.Group.DAY;
            case "source" -> Statistics.Group.SOURCE;
            case "product" -> Statistics.Group.PRODUCT;
            case "channel" -> Statistics.Group.CHANNEL;
            default -> throw ApiException.invalid("group", "'day', 'source', 'product' or 'channel'");
        };
        if (group == Statistics.Group.DAY && ChronoUnit.DAYS.between(from, to) >= MOST_DAYS) {
            throw ApiException.invalid(
                    "from", "at most " + MOST_DAYS + " days before 'to' when the answer has a line a day");
        }
        return ApiAnswer.ok(StatisticsShapes.report(statistics.report(id, from, to, group), group));
    }

    private static LocalDate day(String param, String text) {
        try {
            LocalDate day = LocalDate.parse(text);
            if (!day.isBefore(FIRST) && !day.isAfter(LAST)) {
                return day;
            }
        } catch (DateTimeParseException e) {
            throw ApiException.invalid(param, "a day such as 2026-11-22");
        }
        throw ApiException.invalid(param, "a day from " + FIRST + " to " + LAST);
    }
}
