package dev.cutover.coupon.shape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.store.ClaimOrder;
import dev.cutover.coupon.store.Claimed;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.Terms;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ClaimShapesTest {
    private static final int RECORDED = 4000;
    private static final Template TEMPLATE = new Template(
            new TemplateId(1),
            "n",
            new Discount(1, 1, 500L, null, 0, null),
            null,
            null,
            0,
            3L,
            null,
            null,
            0,
            1,
            null,
            Terms.OF_THE_MALL);

    @Test
    void theLongestAnswerFitsWhereItIsRecorded() {
        int each = Claims.MOST_COUPONS / Claims.MOST_TEMPLATES;
        List<ClaimOrder.Item> asked = new ArrayList<>();
        List<Claimed.Item> items = new ArrayList<>();
        for (int i = 0; i < Claims.MOST_TEMPLATES; i++) {
            ClaimOrder.Item item = new ClaimOrder.Item(
                    i, new TemplateId(Long.MAX_VALUE - i), Collections.nCopies(each, "W".repeat(16)));
            asked.add(item);
            items.add(new Claimed.Item(
                    item,
                    TEMPLATE,
                    new Template.Validity(1_000, 2_000),
                    Collections.nCopies(each, new CouponId(Long.MAX_VALUE))));
        }
        ClaimOrder order = new ClaimOrder(
                new Operation(Integer.MAX_VALUE, "claim:" + "k".repeat(64), "f"),
                ClaimOrder.Source.CLAIMED,
                asked,
                Channel.NONE);
        String json = ClaimShapes.claim(new Claimed(order, 0, items), order, Map.of(), "k".repeat(64))
                .toString();
        assertThat(json.length()).isLessThanOrEqualTo(RECORDED);
    }
}
