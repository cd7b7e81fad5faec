package dev.cutover.coupon.code;

/** What the databases hold of a code, for tests that look there themselves. */
public final class CodeHashes {
    private CodeHashes() {}

    /** The hash of a code under the first of these keys. */
    public static byte[] of(CodeKeys keys, String code) {
        return keys.cipher(keys.current()).hash(code);
    }
}
