package dev.cutover.coupon.issuance;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * User ids as bytes: ascending, each as the distance to the one before in groups of seven bits. A chunk of one database holds about every
 * n-th user of its range, so an id takes one to four bytes; a row a user would be a table to write, and to purge, of the audience's size.
 */
final class UserSet {
    private static final int GROUP = 7;
    private static final int MORE = 0x80;

    private UserSet() {}

    /** @param ascending without repetitions */
    static byte[] encode(long[] ascending) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(ascending.length * 3);
        long before = 0;
        for (long user : ascending) {
            long distance = user - before;
            if (distance <= 0) {
                throw new IllegalArgumentException("User " + user + " does not come after " + before + ".");
            }
            before = user;
            while (distance >= MORE) {
                bytes.write((int) (distance & (MORE - 1)) | MORE);
                distance >>>= GROUP;
            }
            bytes.write((int) distance);
        }
        return bytes.toByteArray();
    }

    static long[] decode(byte[] bytes) {
        long[] users = new long[bytes.length];
        int count = 0;
        long user = 0;
        long distance = 0;
        int shift = 0;
        for (byte one : bytes) {
            distance |= (long) (one & (MORE - 1)) << shift;
            if ((one & MORE) != 0) {
                shift += GROUP;
            } else {
                user += distance;
                users[count++] = user;
                distance = 0;
                shift = 0;
            }
        }
        return Arrays.copyOf(users, count);
    }
}
