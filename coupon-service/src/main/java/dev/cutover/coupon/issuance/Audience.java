package dev.cutover.coupon.issuance;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Who is issued to, as it was when it was given.
 *
 * @param users ascending, each once; empty for a range
 * @param from the first user of a range, 0 for a list
 * @param to the last one
 * @param named how many were named, with those named twice
 */
public record Audience(long[] users, long from, long to, long named) {
    /** A range takes rows by the chunk, not by the user. */
    public static final long LONGEST_RANGE = 200_000_000;

    /** What one upload may hold: eight bytes a user, in memory while it is cut into chunks. */
    public static final int LONGEST_LIST = 5_000_000;

    /** Users as they were named, in any order; takes over the array. */
    public static Audience of(long[] named) {
        Arrays.sort(named);
        int distinct = 0;
        for (int i = 0; i < named.length; i++) {
            if (i == 0 || named[i] != named[i - 1]) {
                distinct++;
            }
        }
        long[] users = new long[distinct];
        int next = 0;
        for (int i = 0; i < named.length; i++) {
            if (i == 0 || named[i] != named[i - 1]) {
                users[next++] = named[i];
            }
        }
        return new Audience(users, 0, 0, named.length);
    }

    /** All ids from the first to the last, both of them too. */
    public static Audience range(long from, long to) {
        if (from < 1 || to < from || to - from >= LONGEST_RANGE) {
            throw new IllegalArgumentException(
                    "A range has 1 to " + LONGEST_RANGE + " users, not " + from + " to " + to + ".");
        }
        return new Audience(new long[0], from, to, to - from + 1);
    }

    boolean isRange() {
        return from > 0;
    }

    long duplicates() {
        return isRange() ? 0 : named - users.length;
    }

    /** Tells two audiences apart, whatever order their users were named in. */
    public String sha256() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
            digest.update(number.putLong(0, from).array());
            digest.update(number.putLong(0, to).array());
            digest.update(number.putLong(0, named).array());
            for (long user : users) {
                digest.update(number.putLong(0, user).array());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}
