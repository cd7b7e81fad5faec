package dev.cutover.chaos.history;

import java.util.List;

/** What a client asks the bank for. */
public sealed interface Request {
    /** The word under {@code f} in the history. */
    String f();

    /** Whether an effect is written when it succeeds. */
    default boolean writes() {
        return true;
    }

    /** Appends the op id to the lists of these probes of one user, in one transaction. */
    record Append(List<Integer> keys) implements Request {
        public Append {
            keys = List.copyOf(keys);
            if (keys.isEmpty()) {
                throw new IllegalArgumentException("An append names at least one probe.");
            }
        }

        @Override
        public String f() {
            return "append";
        }
    }

    /** Reads all probes of the user. */
    record Read(ReadMode mode) implements Request {
        @Override
        public String f() {
            return "read";
        }

        @Override
        public boolean writes() {
            return false;
        }
    }

    /** Takes a coupon of a template. */
    record Claim(int template) implements Request {
        @Override
        public String f() {
            return "claim";
        }
    }

    /** Redeems a coupon, by its legacy id, for an order. */
    record Redeem(long coupon, String order) implements Request {
        @Override
        public String f() {
            return "redeem";
        }
    }

    /** Gives the coupon of an order back. */
    record Release(long coupon, String order) implements Request {
        @Override
        public String f() {
            return "release";
        }
    }
}
