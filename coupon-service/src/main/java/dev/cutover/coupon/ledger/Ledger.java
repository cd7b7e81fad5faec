package dev.cutover.coupon.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CollisionException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The ledger of one shard database: append-only, one row an act, written in the act's transaction.
 *
 * <p>One table is both the history of a coupon and the feed of whoever counts: two would have to agree.
 */
public final class Ledger {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<TreeMap<String, Long>> GOODS = new TypeReference<>() {};
    private static final String COLUMNS =
            "entry_id, act, coupon_id, user_id, template_id, source, use_round, business_no, amount_minor, goods, created_at";

    private static final int ENTRY_COLUMNS = 10;
    private static final int CHANNEL_COLUMNS = 3;
    // Rows of a statement.
    private static final int SHORT = 64;
    private static final int LONGEST = 256;

    private Ledger() {}

    /** Adds what a unit on NEW has done to coupons of its database; with one statement when that is not very much. */
    public static void append(Connection unit, List<Entry> entries) throws SQLException {
        try {
            for (int from = 0; from < entries.size(); ) {
                int rows = part(entries.size() - from);
                appendPart(unit, entries.subList(from, from + rows));
                from += rows;
            }
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                // The feed has given the number up while this transaction stood still.
                throw new CollisionException("An entry of the ledger", e);
            }
            throw e;
        }
    }

    // Long statements are few texts, so that the driver finds them parsed: parsing one took longer than filling it.
    private static int part(int left) {
        return left < SHORT ? left : Math.min(LONGEST, Integer.highestOneBit(left));
    }

    private static void appendPart(Connection unit, List<Entry> entries) throws SQLException {
        List<@Nullable Object> values = new ArrayList<>(entries.size() * ENTRY_COLUMNS);
        for (Entry entry : entries) {
            values.add(entry.act().number());
            values.add(entry.coupon().number());
            values.add(entry.userId());
            values.add(entry.template().number());
            values.add(entry.source());
            values.add(entry.useRound());
            values.add(entry.businessNo());
            values.add(entry.amountMinor());
            values.add(entry.goods().isEmpty() ? null : text(entry.goods()));
            values.add(entry.at());
        }
        String sql = "INSERT INTO coupon_ledger (act, coupon_id, user_id, template_id, source, use_round, business_no,"
                + " amount_minor, goods, created_at) VALUES " + Sql.tuples(entries.size(), ENTRY_COLUMNS);
        if (entries.stream().anyMatch(entry -> entry.via().named())) {
            appendChannels(unit, entries, Sql.insert(unit, sql, values.toArray()));
        } else {
            Sql.update(unit, sql, values.toArray());
        }
    }

    // A table of its own because the ledger is there in older installations; most entries have none.
    private static void appendChannels(Connection unit, List<Entry> entries, List<Long> ids) throws SQLException {
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            Channel via = entries.get(i).via();
            if (via.named()) {
                values.add(ids.get(i));
                values.add(via.name());
                values.add(via.partner());
            }
        }
        Sql.update(
                unit,
                "INSERT INTO coupon_ledger_channel (entry_id, channel, partner_id) VALUES "
                        + Sql.tuples(values.size() / CHANNEL_COLUMNS, CHANNEL_COLUMNS),
                values.toArray());
    }

    /** Through whom this use of a coupon came. */
    public static Channel viaOfUse(Connection unit, CouponId coupon, int useRound) throws SQLException {
        return Sql.first(
                        unit,
                        row -> new Channel(row.getString(1), row.getString(2)),
                        "SELECT channel, partner_id FROM coupon_ledger JOIN coupon_ledger_channel USING (entry_id)"
                                + " WHERE coupon_id = ? AND act = ? AND use_round = ? ORDER BY entry_id DESC LIMIT 1",
                        coupon.number(),
                        Act.REDEEM.number(),
                        useRound)
                .orElse(Channel.NONE);
    }

    /**
     * An entry with its number.
     *
     * @param id ascending by insert, not by commit; an aborted transaction leaves a gap
     */
    public record Numbered(long id, Entry entry) {}

    /** Entries above {@code after}, as this transaction sees them, in their order. */
    static List<Numbered> above(Connection connection, long after, int most) throws SQLException {
        return entries(connection, "WHERE entry_id > ? ORDER BY entry_id LIMIT ?", after, most);
    }

    /** All that happened to one coupon, in its order. */
    public static List<Numbered> of(Connection connection, CouponId coupon) throws SQLException {
        return entries(connection, "WHERE coupon_id = ?", coupon.number());
    }

    // The entries are chosen before the join: joined first, MySQL reads all above the number and sorts them.
    private static List<Numbered> entries(Connection connection, String which, Object... values) throws SQLException {
        return Sql.list(
                connection,
                Ledger::entry,
                "SELECT " + COLUMNS + ", channel, partner_id FROM (SELECT " + COLUMNS + " FROM coupon_ledger " + which
                        + ") chosen LEFT JOIN coupon_ledger_channel USING (entry_id) ORDER BY entry_id",
                values);
    }

    /** Takes a number for nothing; false when somebody has it. Waits for a transaction that is about to. */
    static boolean close(Connection unit, long id, long now) throws SQLException {
        try {
            Sql.update(
                    unit,
                    "INSERT INTO coupon_ledger (entry_id, act, coupon_id, user_id, template_id, source, use_round, business_no,"
                            + " amount_minor, created_at) VALUES (?, ?, 0, 0, 0, 0, 0, '', 0, ?)",
                    id,
                    Act.NOTHING.number(),
                    now);
            return true;
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                return false;
            }
            throw e;
        }
    }

    private static Numbered entry(ResultSet row) throws SQLException {
        String goods = row.getString("goods");
        String channel = row.getString("channel");
        return new Numbered(
                row.getLong("entry_id"),
                new Entry(
                        Act.of(row.getInt("act")),
                        new CouponId(row.getLong("coupon_id")),
                        row.getLong("user_id"),
                        new TemplateId(row.getLong("template_id")),
                        row.getInt("source"),
                        row.getInt("use_round"),
                        row.getString("business_no"),
                        row.getLong("amount_minor"),
                        channel == null ? Channel.NONE : new Channel(channel, row.getString("partner_id")),
                        goods == null ? Map.of() : goods(goods),
                        row.getLong("created_at")));
    }

    private static String text(Map<String, Long> goods) {
        try {
            return JSON.writeValueAsString(new TreeMap<>(goods));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The goods of an order cannot be written as JSON.", e);
        }
    }

    private static Map<String, Long> goods(String text) {
        try {
            return JSON.readValue(text, GOODS);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The goods of a ledger entry are not the JSON that was written.", e);
        }
    }
}
