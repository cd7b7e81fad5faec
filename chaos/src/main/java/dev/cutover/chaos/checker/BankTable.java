package dev.cutover.chaos.checker;

import dev.cutover.chaos.history.Side;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tables that application transactions write, and where their columns stand; the same places on both sides. */
enum BankTable {
    /** id, user_id, template_id, status, version, last_op, epoch. */
    COUPON(1, 5, 6),
    /** user_id, k, seq, hist, last_op, epoch. */
    PROBE(0, 4, 5),
    /** user_id, order_id, coupon_id, last_op, epoch. */
    REDEMPTION(0, 3, 4),
    /** user_id, op_id, kind, result, epoch. */
    OPERATION(0, 1, 4);

    private static final Pattern PHYSICAL = Pattern.compile("(coupon|probe|redemption|operation)_([0-9]{3})");

    private final int user;
    private final int op;
    private final int epoch;

    BankTable(int user, int op, int epoch) {
        this.user = user;
        this.op = op;
        this.epoch = epoch;
    }

    /** A table of the bank by the name it has on a side. */
    record Physical(BankTable table, int number) {}

    static Optional<Physical> named(Side side, String name) {
        if (side == Side.OLD) {
            for (BankTable table : values()) {
                if (name.equals("bank_" + table.word())) {
                    return Optional.of(new Physical(table, 0));
                }
            }
            return Optional.empty();
        }
        Matcher matcher = PHYSICAL.matcher(name);
        return matcher.matches()
                ? Optional.of(new Physical(
                        valueOf(matcher.group(1).toUpperCase(Locale.ROOT)), Integer.parseInt(matcher.group(2))))
                : Optional.empty();
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    long user(RowImage row) {
        return row.number(user);
    }

    String op(RowImage row) {
        return row.text(op);
    }

    long epoch(RowImage row) {
        return row.number(epoch);
    }

    /** The key of a row as both sides spell it. */
    String key(Side side, RowImage row) {
        return switch (this) {
            case COUPON -> "coupon " + (side == Side.OLD ? row.number(0) : row.number(0) >> 10);
            case PROBE -> "probe " + row.number(0) + "/" + row.number(1);
            case REDEMPTION -> "redemption " + row.number(0) + "/" + row.text(1);
            case OPERATION -> "operation " + row.number(0) + "/" + row.text(1);
        };
    }
}
