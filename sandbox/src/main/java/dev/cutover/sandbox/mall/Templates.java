package dev.cutover.sandbox.mall;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All templates: those anyone can claim, one hot, the ordinary ones, one oversold, and the ones nobody can map. Owned by one thread. */
final class Templates {
    private static final int FEWEST_CLAIMABLE = 8;
    private static final int PLENTY = 10_000_000;
    private static final int GOODS_CUT_AT = 1_023;

    private final List<Template> claimable = new ArrayList<>();
    private final List<Template> ordinary = new ArrayList<>();
    private final List<Template> unmappable = new ArrayList<>();
    private final List<Template> all = new ArrayList<>();
    private final Template hot;
    private final Template oversold;
    private final SplittableRandom random;
    private final long now;

    Templates(MallData.Options options, SplittableRandom random) {
        this.random = random;
        this.now = options.now().getEpochSecond();
        // A mall has many campaigns at a time: claims do not all meet on one row.
        for (int i = 0; i < Math.max(FEWEST_CLAIMABLE, options.templates() / 4); i++) {
            claimable.add(claimable(i));
        }
        hot = add();
        hot.amount = new BigDecimal("50.00");
        hot.timeType = 1;
        hot.start = now - 30 * MallTime.DAY;
        hot.end = MallTime.endOfDay(now + 365 * MallTime.DAY);
        hot.left = options.hotStock();
        oversold = add();
        oversold.perUser = 1;
        window(oversold, 2);
        while (all.size() < options.templates() - 9) {
            ordinary.add(ordinary(ordinary.size()));
        }
        addUnmappable();
    }

    List<Template> claimable() {
        return claimable;
    }

    List<Template> ordinary() {
        return ordinary;
    }

    List<Template> unmappable() {
        return unmappable;
    }

    List<Template> all() {
        return all;
    }

    Template hot() {
        return hot;
    }

    Template oversold() {
        return oversold;
    }

    /** An id no template has: those rows were deleted by hand. */
    int missing(int n) {
        return all.size() + 1_000 + n;
    }

    /** Writes all templates with the counters of now; gives back the drift of the limited ones. */
    Map<Integer, Long> write(Connection connection, Bookkeeping books, Map<String, Long> rows) throws SQLException {
        Map<Integer, Long> drift = new TreeMap<>();
        try (MultiRowInsert insert = new MultiRowInsert(
                connection,
                "mall_coupon",
                "id",
                "coupon_name",
                "type",
                "platform",
                "amount",
                "min_point",
                "num",
                "publish_count",
                "receive_count",
                "use_count",
                "per_limit",
                "use_type",
                "goods_value",
                "time_type",
                "days",
                "start_time",
                "end_time",
                "enable_time",
                "code",
                "note",
                "status",
                "add_time",
                "update_time",
                "deleted")) {
            for (Template template : all) {
                int published = template == oversold ? 1 : template.issued + template.left;
                int num = template == oversold ? 0 : template.left - template.drift;
                if (!template.unlimited && published - template.issued != num) {
                    drift.put(template.id, (long) published - template.issued - num);
                }
                String reason = template.reason;
                if (reason != null) {
                    books.exception("coupon_template", reason, template.id);
                }
                insert.row(
                        template.id,
                        Names.coupon(template.id),
                        template.type,
                        template.id % 9 == 0 ? "1,2" : "0",
                        template.amount,
                        template.threshold,
                        template.unlimited ? -1 : num,
                        template.unlimited ? 0 : published,
                        // lost updates of a read-modify-write
                        template.issued - template.id % 4,
                        template.used,
                        template.perUser,
                        template.useType,
                        template.goods,
                        template.timeType,
                        template.days,
                        template.startText(),
                        template.endText(),
                        template.start == Template.ZERO_DATE ? null : template.startText(),
                        template.id % 13 == 0 ? "CODE" + template.id : null,
                        template.id % 5 == 0 ? "é".repeat(3) + " note" : null,
                        template.status,
                        MallTime.text(template.added),
                        MallTime.text(template.added),
                        template.deleted);
            }
            rows.put("mall_coupon", insert.written());
        }
        return drift;
    }

    private Template add() {
        Template template = new Template(all.size() + 1);
        template.added = now - (1_200 - template.id % 100) * MallTime.DAY + template.id;
        all.add(template);
        return template;
    }

    private Template claimable(int i) {
        Template template = add();
        // no percent off: what that is worth, the load would have to work out
        template.type = List.of(0, 3, 2, 3).get(i % 4);
        template.amount = BigDecimal.valueOf(500 + 100L * i, 2);
        template.threshold = i % 3 == 0 ? null : BigDecimal.ZERO;
        template.unlimited = i % 2 == 0;
        template.left = PLENTY;
        if (i < 4) {
            template.days = 30;
        } else {
            template.timeType = 1;
            template.start = now - 60 * MallTime.DAY;
            template.end = MallTime.endOfDay(now + 365 * MallTime.DAY);
        }
        return template;
    }

    private Template ordinary(int i) {
        Template template = add();
        int kind = random.nextInt(10);
        template.type = kind < 6 ? 0 : kind < 8 ? 1 : kind == 8 ? 2 : 3;
        template.amount = template.type == 1
                ? BigDecimal.valueOf(random.nextInt(100, 1_000), 2)
                : BigDecimal.valueOf(random.nextInt(100, 20_000), 2);
        template.threshold = i % 7 == 0 ? null : i % 7 == 1 ? BigDecimal.ZERO : BigDecimal.valueOf(i * 1_000L, 2);
        template.unlimited = i % 2 == 1;
        template.left = i % 6 == 0 ? 0 : random.nextInt(50, 5_000);
        // Limited ones only; never so far that the counter says -1, which would mean unlimited.
        template.drift = i % 10 == 4 ? (template.left > 30 ? random.nextInt(1, 20) : -random.nextInt(1, 20)) : 0;
        template.perUser = i % 3;
        template.useType = i % 4;
        template.goods = goods(i);
        template.timeType = i % 2;
        template.days = template.timeType == 0 ? random.nextInt(3, 90) : 0;
        if (template.timeType == 1) {
            window(template, i % 5);
        }
        template.status = i % 11 == 3 ? 2 : i % 11 == 5 ? 1 : 0;
        template.deleted = i % 29 == 8 ? 2 : i % 17 == 6 ? 1 : 0;
        return template;
    }

    private void window(Template template, int when) {
        template.timeType = 1;
        // 0 long over, 1 over, 2 and 3 open, 4 not yet
        template.start = now + (when == 4 ? 10 : when == 0 ? -900 : when == 1 ? -300 : -100) * MallTime.DAY;
        template.end = when == 3 ? MallTime.FOREVER : MallTime.endOfDay(template.start + 250 * MallTime.DAY);
    }

    private @Nullable String goods(int i) {
        return switch (i % 8) {
            case 2, 6 -> "[\"1001\",\"" + (1_002 + i) + "\"]";
            case 3 -> "1001,1002," + (1_003 + i);
            case 7 -> null;
            // cut, but a template for all goods never looks at its list
            case 4 -> longList(i);
            default -> "[]";
        };
    }

    private static String longList(int first) {
        StringBuilder list = new StringBuilder("[");
        for (int goods = first; list.length() <= GOODS_CUT_AT; goods++) {
            list.append('"').append(1_180_000 + goods).append("\",");
        }
        return list.substring(0, GOODS_CUT_AT);
    }

    /** Nine templates, each with one thing wrong; the second has two, and the first rule of the plan names it. */
    private void addUnmappable() {
        unmappable("unknown_type").type = 4;
        Template two = unmappable("unknown_type");
        two.type = 9;
        two.timeType = 1;
        for (String pays : List.of("85.00", "0.85", "10.00")) {
            Template discount = unmappable("discount_out_of_range");
            discount.type = 1;
            discount.amount = new BigDecimal(pays);
        }
        Template noStart = unmappable("zero_date");
        window(noStart, 2);
        noStart.start = Template.ZERO_DATE;
        Template noEnd = unmappable("zero_date");
        window(noEnd, 2);
        noEnd.end = Template.ZERO_DATE;
        Template cutJson = unmappable("goods_list_truncated");
        cutJson.useType = 2;
        cutJson.goods = longList(0);
        Template cutList = unmappable("goods_list_truncated");
        cutList.useType = 3;
        cutList.goods = "1001,1002,";
    }

    private Template unmappable(String reason) {
        Template template = add();
        template.reason = reason;
        template.unlimited = unmappable.size() % 2 == 0;
        template.left = 100;
        template.days = 30;
        unmappable.add(template);
        return template;
    }
}
