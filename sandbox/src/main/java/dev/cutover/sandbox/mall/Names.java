package dev.cutover.sandbox.mall;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Names of people and coupons, some of them damaged as years of wrong charsets damage them. */
final class Names {
    private static final String[] PEOPLE = {
        "小明", "阿芳", "老王", "Lily", "大海", "晨曦", "Tom Li", "王小二", "悠悠", "静水流深", "Ümit", "O'Brien", "back\\slash", "木木"
    };
    private static final String[] EMOJI = {"🐼", "🌸", "👨‍👩‍👧", "🧧"};
    private static final String[] COUPONS = {"满100减20", "新人券", "全场85折", "包邮券", "双十一红包", "VIP 会员券", "Spring sale", "周末特惠"
    };

    private Names() {}

    /** The nickname of a user: always the same one. */
    static @Nullable String nickname(int user) {
        int mixed = (int) ((user * 2_654_435_761L >>> 8) % 10_000);
        String name = PEOPLE[mixed % PEOPLE.length];
        if (mixed < 500) {
            return name + EMOJI[mixed % EMOJI.length];
        }
        if (mixed < 600) {
            // what an emoji became while the table was utf8mb3
            return name + "????";
        }
        if (mixed < 700) {
            return encodedTwice(name);
        }
        if (mixed < 750) {
            return name + " ";
        }
        if (mixed < 800) {
            return "";
        }
        return mixed < 900 ? null : name + user % 1000;
    }

    /** The name of the n-th template. */
    static @Nullable String coupon(int n) {
        String name = COUPONS[n % COUPONS.length];
        return switch (n % 25) {
            case 7 -> name + "????";
            case 11 -> encodedTwice(name);
            case 17 -> null;
            case 19 -> name + " ";
            default -> name + " #" + n;
        };
    }

    private static String encodedTwice(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }
}
