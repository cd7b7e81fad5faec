package dev.cutover.coupon.statistics;

import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.operation.Channel;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Sums under way, by what they are told apart by. Owned by one thread. */
final class Tally {
    private static final long MALL_OFFSET = Duration.ofHours(8).toMillis();
    private static final long DAY = Duration.ofDays(1).toMillis();

    /** Turns a column of epoch milliseconds into the day of {@link #dayOf}. */
    static final String DAY_SQL = "(COALESCE(%s, 0) + " + MALL_OFFSET + ") DIV " + DAY;

    private final Map<Key, Sums> sums = new HashMap<>();
    private final Map<GoodsKey, GoodsSums> goods = new HashMap<>();
    private final Map<ChannelKey, Sums> channels = new HashMap<>();

    /** @param day days since 1970-01-01 on the wall clock of the mall */
    record Key(long template, int day, int source) {}

    record ChannelKey(long template, int day, Channel via) {}

    record GoodsKey(long template, String goodsSn, int day) {}

    record GoodsSums(long redeemed, long redeemedMinor) {
        GoodsSums plus(GoodsSums other) {
            return new GoodsSums(redeemed + other.redeemed, redeemedMinor + other.redeemedMinor);
        }
    }

    static int dayOf(long epochMillis) {
        return (int) Math.floorDiv(epochMillis + MALL_OFFSET, DAY);
    }

    static Tally of(List<Ledger.Numbered> entries) {
        Tally tally = new Tally();
        entries.forEach(one -> tally.add(one.entry()));
        return tally;
    }

    private void add(Entry entry) {
        long amount = entry.amountMinor();
        Sums act = switch (entry.act()) {
            case ISSUE -> new Sums(1, 0, 0, 0, 0);
            case REDEEM -> new Sums(0, 1, amount, 0, 0);
            case REFUND_PART -> new Sums(0, 0, 0, 0, amount);
            case REFUND -> new Sums(0, 0, 0, 1, amount);
            case NOTHING, HOLD, RELEASE, RESTORE, EXPIRE, VOID -> Sums.NOTHING;
        };
        int day = dayOf(entry.at());
        add(new Key(entry.template().number(), day, entry.source()), act);
        if (entry.via().named() && !act.equals(Sums.NOTHING)) {
            channels.merge(new ChannelKey(entry.template().number(), day, entry.via()), act, Sums::plus);
        }
        entry.goods()
                .forEach((goodsSn, minor) -> goods.merge(
                        new GoodsKey(entry.template().number(), goodsSn, day),
                        new GoodsSums(1, minor),
                        GoodsSums::plus));
    }

    void add(Key key, Sums more) {
        if (!more.equals(Sums.NOTHING)) {
            sums.merge(key, more, Sums::plus);
        }
    }

    /** Takes away what another tally has. */
    void take(Tally other) {
        other.sums.forEach((key, less) -> sums.merge(key, Sums.NOTHING.minus(less), Sums::plus));
    }

    Map<Key, Sums> sums() {
        return sums;
    }

    Map<ChannelKey, Sums> channels() {
        return channels;
    }

    Map<GoodsKey, GoodsSums> goods() {
        return goods;
    }
}
