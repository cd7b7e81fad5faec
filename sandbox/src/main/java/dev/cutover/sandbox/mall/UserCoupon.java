package dev.cutover.sandbox.mall;

import org.jspecify.annotations.Nullable;

/** One row of mall_coupon_user in the making. Owned by one thread. */
final class UserCoupon {
    static final long NEVER = Long.MAX_VALUE;

    final int id;
    int user;
    Template template;
    int status;
    long added;
    long start;
    long end;
    long usedAt = NEVER;
    int deleted;

    /** 0 for none. */
    int order;

    boolean refunded;
    boolean fiveOrders;

    UserCoupon(int id, int user, Template template) {
        this.id = id;
        this.user = user;
        this.template = template;
    }

    /** The same row pointing at another template: its dates stay. */
    UserCoupon of(Template other) {
        template = other;
        return this;
    }

    /** Sets the moment of the claim and with it the time the coupon is good for. */
    void claim(long moment) {
        added = moment;
        if (template.timeType == 1 && template.start != Template.ZERO_DATE && template.end != Template.ZERO_DATE) {
            start = template.start;
            end = template.end;
        } else {
            start = moment;
            end = MallTime.endOfDay(moment + Math.max(1, template.days) * MallTime.DAY);
        }
    }

    String orderNumber(int nth) {
        return "O" + (20_230_000_000L + order) + (nth == 0 ? "" : "-" + nth);
    }

    @Nullable
    Object[] values() {
        boolean hasOrder = order != 0 && !refunded;
        return new @Nullable Object[] {
            id,
            user,
            template.id,
            id % 500 == 0 ? null : "C" + (100_000_000_000L + id * 7_919L),
            Names.nickname(user),
            id % 700 == 0 ? null : id % 3,
            status,
            time(usedAt),
            time(start),
            time(end),
            hasOrder ? order : null,
            hasOrder ? orderNumber(0) : null,
            MallTime.text(added),
            // set by hand for some, and never by ON UPDATE here: the rows must not depend on the moment they are made
            id % 450 == 0 ? null : MallTime.text(usedAt > 0 && usedAt != NEVER ? usedAt : added),
            deleted
        };
    }

    private static @Nullable String time(long epochSecond) {
        return epochSecond == NEVER
                ? null
                : epochSecond == Template.ZERO_DATE ? MallTime.ZERO : MallTime.text(epochSecond);
    }
}
