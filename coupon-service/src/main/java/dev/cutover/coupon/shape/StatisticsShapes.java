package dev.cutover.coupon.shape;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.statistics.Statistics;
import dev.cutover.coupon.statistics.Sums;
import dev.cutover.coupon.template.Discount;

/** Statistics as the API tells them. */
public final class StatisticsShapes {
    private StatisticsShapes() {}

    public static ObjectNode report(Statistics.Report report, Statistics.Group group) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "statistics");
        node.put("template_id", report.template().toString());
        node.put("counted_at", Shapes.time(report.countedAt()));
        node.put("currency", Discount.CURRENCY);
        sums(node.putObject("total"), report.total());
        ArrayNode lines = node.putArray("data");
        for (Statistics.Line line : report.lines()) {
            ObjectNode one = lines.addObject();
            switch (group) {
                case DAY -> one.put("day", line.name());
                case SOURCE -> one.put("source", source(line.name()));
                case PRODUCT -> one.put("product", line.name());
                case CHANNEL -> {
                    one.put("channel", line.name().isEmpty() ? null : line.name());
                    one.put("partner_id", line.partner().isEmpty() ? null : line.partner());
                }
            }
            if (group == Statistics.Group.PRODUCT) {
                one.put("redeemed", line.sums().redeemed());
                one.put("redeemed_minor", line.sums().redeemedMinor());
            } else {
                sums(one, line.sums());
            }
        }
        return node;
    }

    private static void sums(ObjectNode node, Sums sums) {
        node.put("issued", sums.issued());
        node.put("redeemed", sums.redeemed());
        node.put("redeemed_minor", sums.redeemedMinor());
        node.put("refunded", sums.refunded());
        node.put("refunded_minor", sums.refundedMinor());
    }

    private static String source(String number) {
        return switch (number) {
            case "0" -> "SENT";
            case "1" -> "CLAIMED";
            case "2" -> "CODE";
            default -> number;
        };
    }
}
