package dev.cutover.sandbox.mall;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Who holds which coupon and what became of it: mall_coupon_user, and mall_order_coupon beside it.
 *
 * <p>Users come by Zipf. A planted defect sits on its own row, so each row has at most one reason to be kept out. Owned by
 * one thread.
 */
final class CouponRows {
    private static final int SPENDERS = 1_000;
    private static final double EXPONENT = 0.75;
    private static final long YEARS = 3 * 365 * MallTime.DAY;

    private final MallData.Options options;
    private final Templates templates;
    private final Bookkeeping books;
    private final SplittableRandom random;
    private final long now;
    private final Zipf users;
    private final Zipf ranks;
    private final List<Template> ranked = new ArrayList<>();
    private final Map<Integer, Defect> defects = new HashMap<>();
    private final Map<Long, Integer> held = new HashMap<>();
    private final Set<Integer> spenders = new LinkedHashSet<>();
    private final Set<Integer> troubled = new HashSet<>();
    private int position;
    private UserCoupon atItsLimit = new UserCoupon(0, 0, new Template(0));
    private UserCoupon lastUsed = atItsLimit;

    CouponRows(MallData.Options options, Templates templates, Bookkeeping books, SplittableRandom random) {
        this.options = options;
        this.templates = templates;
        this.books = books;
        this.random = random;
        this.now = options.now().getEpochSecond();
        this.users = new Zipf(options.users(), EXPONENT);
        ranked.addAll(templates.claimable());
        ranked.add(templates.hot());
        ranked.addAll(templates.ordinary());
        this.ranks = new Zipf(ranked.size(), EXPONENT);
        placeDefects();
    }

    int highestUser() {
        return options.users();
    }

    List<Integer> spenders() {
        return spenders.stream()
                .filter(user -> !troubled.contains(user))
                .limit(SPENDERS)
                .toList();
    }

    void write(Connection connection, Map<String, Long> rows) throws SQLException {
        try (MultiRowInsert coupons = new MultiRowInsert(
                        connection,
                        "mall_coupon_user",
                        "id",
                        "user_id",
                        "coupon_id",
                        "coupon_sn",
                        "member_nickname",
                        "get_type",
                        "status",
                        "used_time",
                        "start_time",
                        "end_time",
                        "order_id",
                        "order_sn",
                        "add_time",
                        "update_time",
                        "deleted");
                OrderRows orders = new OrderRows(connection, books, options.userCoupons(), random.split())) {
            int id = 0;
            for (position = 0; position < options.userCoupons(); position++) {
                // gaps: an operator deletes rows for good
                id += random.nextInt(200) == 0 ? 2 : 1;
                UserCoupon coupon = next(id);
                coupons.row(coupon.values());
                orders.of(coupon, coupon.fiveOrders ? 5 : 1);
                remember(coupon);
            }
            rows.put("mall_coupon_user", coupons.written());
            rows.put("mall_order_coupon", orders.written());
        }
    }

    private UserCoupon next(int id) {
        Defect defect = defects.get(position);
        if (defect == null) {
            return ordinary(id);
        }
        UserCoupon coupon = switch (defect) {
            case MISSING_TEMPLATE -> {
                UserCoupon orphan = ordinary(id).of(new Template(templates.missing(random.nextInt(10))));
                yield keptOut(orphan, "missing_template");
            }
            case MISSING_TEMPLATE_AND_UNKNOWN_STATUS -> {
                UserCoupon orphan = ordinary(id).of(new Template(templates.missing(random.nextInt(10))));
                orphan.status = 9;
                yield keptOut(orphan, "missing_template");
            }
            case UNMAPPED_TEMPLATE -> {
                List<Template> unmappable = templates.unmappable();
                UserCoupon unmapped = ordinary(id).of(unmappable.get(random.nextInt(unmappable.size())));
                yield keptOut(unmapped, "unmapped_template");
            }
            case UNKNOWN_STATUS -> {
                UserCoupon unknown = ordinary(id);
                unknown.status = random.nextInt(2) == 0 ? -1 : random.nextInt(4, 10);
                yield keptOut(unknown, "unknown_status");
            }
            case ZERO_END -> {
                UserCoupon zero = ordinary(id);
                zero.end = Template.ZERO_DATE;
                yield keptOut(zero, "zero_date");
            }
            case ZERO_START -> {
                UserCoupon zero = ordinary(id);
                zero.start = Template.ZERO_DATE;
                yield keptOut(zero, "zero_date");
            }
            case ZERO_USED -> {
                UserCoupon zero = used(id);
                zero.usedAt = Template.ZERO_DATE;
                yield keptOut(zero, "zero_date");
            }
            case CLAIMED_ONCE_TOO_OFTEN -> {
                // The second of two requests that both counted before either inserted.
                UserCoupon twin = new UserCoupon(id, atItsLimit.user, atItsLimit.template);
                live(twin, atItsLimit.added);
                yield twin;
            }
            case OVERSOLD -> {
                UserCoupon one = new UserCoupon(id, 1 + templates.oversold().issued, templates.oversold());
                live(one, now - 50 * MallTime.DAY);
                yield one;
            }
            case USED_WITHOUT_ORDER -> {
                UserCoupon coupons = used(id);
                coupons.order = 0;
                yield coupons;
            }
            case TWO_COUPONS_ONE_ORDER -> {
                UserCoupon second = new UserCoupon(id, lastUsed.user, withoutLimit());
                second.claim(addedAt());
                use(second);
                second.order = lastUsed.order;
                yield second;
            }
            case ONE_COUPON_FIVE_ORDERS -> {
                UserCoupon popular = used(id);
                popular.fiveOrders = true;
                yield popular;
            }
            case UNUSED_AFTER_ITS_END -> {
                UserCoupon late = unused(id);
                late.end = Math.min(late.end, MallTime.endOfDay(now - 3 * MallTime.DAY));
                yield late;
            }
            case DELETED_TWO -> {
                UserCoupon gone = ordinary(id);
                gone.deleted = 2;
                yield gone;
            }
            case FOR_EVER -> {
                UserCoupon forever = unused(id);
                forever.end = MallTime.FOREVER;
                yield forever;
            }
        };
        books.defect(defect.name().toLowerCase(Locale.ROOT));
        return coupon;
    }

    private UserCoupon keptOut(UserCoupon coupon, String reason) {
        books.exception("user_coupon", reason, coupon.id);
        troubled.add(coupon.user);
        return coupon;
    }

    private UserCoupon ordinary(int id) {
        UserCoupon coupon = claimed(id);
        live(coupon, addedAt());
        if (random.nextInt(300) == 0) {
            coupon.deleted = 1;
        }
        return coupon;
    }

    private UserCoupon used(int id) {
        UserCoupon coupon = claimed(id);
        coupon.claim(addedAt());
        use(coupon);
        return coupon;
    }

    private UserCoupon unused(int id) {
        UserCoupon coupon = claimed(id);
        coupon.claim(addedAt());
        return coupon;
    }

    /** A user who may have one more of the template; where not, one without a limit. */
    private UserCoupon claimed(int id) {
        // Odd and beyond any size in use, so that the busiest users are spread over all numbers.
        int user = (int) (users.draw(random) * 1_000_003L % options.users()) + 1;
        Template template = ranked.get(ranks.draw(random));
        if (template.perUser > 0 && held.getOrDefault(holding(user, template), 0) >= template.perUser) {
            template = templates
                    .claimable()
                    .get(random.nextInt(templates.claimable().size()));
        }
        return new UserCoupon(id, user, template);
    }

    private Template withoutLimit() {
        return templates.claimable().get(random.nextInt(templates.claimable().size()));
    }

    /** Lets the coupon live from its claim to now: used, refunded, expired, off the shelf or still there. */
    private void live(UserCoupon coupon, long added) {
        coupon.claim(added);
        int fate = random.nextInt(100);
        if (fate < 30) {
            use(coupon);
            if (fate == 0) {
                coupon.refunded = true;
                coupon.status = coupon.end < now ? 2 : 0;
                coupon.usedAt = UserCoupon.NEVER;
            }
        } else if (coupon.end < now) {
            coupon.status = 2;
        } else if (coupon.template.status == 2 && fate < 50) {
            coupon.status = 3;
        }
    }

    private void use(UserCoupon coupon) {
        long last = Math.min(coupon.end, now);
        coupon.status = 1;
        coupon.usedAt = coupon.added + (last > coupon.added ? random.nextLong(last - coupon.added) : 0);
        coupon.order = 100_000 + coupon.id;
    }

    /** Claims go on for years and become more. */
    private long addedAt() {
        double share = Math.sqrt((position + random.nextDouble()) / options.userCoupons());
        return now - 120 - (long) ((1 - share) * YEARS);
    }

    private void remember(UserCoupon coupon) {
        Template template = coupon.template;
        template.issued++;
        if (coupon.order != 0 && coupon.status == 1) {
            template.used++;
            lastUsed = coupon;
        }
        if (template.perUser > 0 && template != templates.oversold()) {
            int count = held.merge(holding(coupon.user, template), 1, Integer::sum);
            if (count == template.perUser) {
                atItsLimit = coupon;
            }
        }
        if (spenders.size() < 2 * SPENDERS
                && template.id <= templates.claimable().size()
                && coupon.status == 0
                && coupon.deleted == 0
                && !coupon.refunded
                && coupon.end > now + MallTime.DAY) {
            spenders.add(coupon.user);
        }
    }

    private static long holding(int user, Template template) {
        return (long) user << 20 | template.id;
    }

    /** Every defect gets rows of its own; none near the beginning, where nobody is at a limit and nothing is used yet. */
    private void placeDefects() {
        int first = options.userCoupons() / 2;
        for (Defect defect : Defect.values()) {
            for (int n = defect.among(options.userCoupons()); n > 0; n--) {
                int place;
                do {
                    place = random.nextInt(first, options.userCoupons());
                } while (defects.containsKey(place));
                defects.put(place, defect);
            }
        }
    }
}
