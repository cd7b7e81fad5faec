package dev.cutover.chaos.bank;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for; JSON on the wire.
 *
 * @param op names the operation: asked for twice, it happens once
 * @param kind append, read, claim, redeem or release
 * @param user the shard key
 * @param keys append: the probes of the user
 * @param fresh read: from the truth, under its fence
 * @param template claim
 * @param coupon redeem: the legacy id
 * @param order redeem and release
 */
public record Call(
        String op,
        String kind,
        int user,
        List<Integer> keys,
        boolean fresh,
        int template,
        long coupon,
        @Nullable String order) {
    public Call {
        keys = List.copyOf(keys);
    }

    public static Call append(String op, int user, List<Integer> keys) {
        return new Call(op, "append", user, keys, false, 0, 0, null);
    }

    public static Call read(String op, int user, boolean fresh) {
        return new Call(op, "read", user, List.of(), fresh, 0, 0, null);
    }

    public static Call claim(String op, int user, int template) {
        return new Call(op, "claim", user, List.of(), false, template, 0, null);
    }

    public static Call redeem(String op, int user, long coupon, String order) {
        return new Call(op, "redeem", user, List.of(), false, 0, coupon, order);
    }

    public static Call release(String op, int user, String order) {
        return new Call(op, "release", user, List.of(), false, 0, 0, order);
    }

    public boolean writes() {
        return !kind.equals("read");
    }
}
