package dev.cutover.coupon.code;

import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.operation.Operation;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/** What is stored of a code, in hex. It tells the database that holds it, and names what is done with it. */
record CodeHash(String hex) {
    private static final int NAME = 40;

    static CodeHash of(byte[] bytes) {
        return new CodeHash(HexFormat.of().formatHex(bytes));
    }

    byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    int database(int databases) {
        return (int) (Integer.toUnsignedLong(ByteBuffer.wrap(bytes()).getInt()) % databases);
    }

    /** What a user asks for who names the code under a key. */
    Operation operation(long user, String key, Channel via) {
        return Codes.operation(user, key, hex, via);
    }

    /** The n-th taking of the code for its user, which ends with a coupon or without one. */
    Operation taking(long user, int attempt) {
        return new Operation(user, "CODE-" + hex.substring(0, NAME) + "-" + attempt, hex);
    }
}
