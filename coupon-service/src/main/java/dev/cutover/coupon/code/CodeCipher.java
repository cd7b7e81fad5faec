package dev.cutover.coupon.code;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Codes of one key. Owned by one thread.
 *
 * <p>Idea: the codes of a length are the numbers 0, 1, 2 … under a keyed permutation, so that no two are the same and each can be told
 * again from its number, and nobody without the key can tell the next one from all before. The permutation is a Feistel network of ten
 * rounds over all bits of the text, as FF1 has it, with AES as the function of a round. Three more symbols are a tag under a second key: what
 * was mistyped or guessed is told from a code without asking a database, but for one in 32,768. What is stored is the HMAC of the text
 * under a third key.
 */
final class CodeCipher {
    static final int SHORTEST = 12;
    static final int LONGEST = 24;

    /** Without I, O, 0 and 1. */
    static final String ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    private static final int TAG = 3;
    private static final int BITS = 5;
    private static final int ROUNDS = 10;
    private static final int AES_KEY = 16;

    private final Cipher round;
    private final Mac tag;
    private final Mac hash;

    CodeCipher(byte[] secret) {
        try {
            round = Cipher.getInstance("AES/ECB/NoPadding");
            round.init(
                    Cipher.ENCRYPT_MODE,
                    new SecretKeySpec(Arrays.copyOf(derived(secret, "permutation"), AES_KEY), "AES"));
            tag = mac(derived(secret, "tag"));
            hash = mac(derived(secret, "hash"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has AES and HmacSHA256.", e);
        }
    }

    private static byte[] derived(byte[] secret, String purpose) throws GeneralSecurityException {
        return mac(secret).doFinal(("coupon code " + purpose).getBytes(StandardCharsets.UTF_8));
    }

    private static Mac mac(byte[] key) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac;
    }

    /** As people type it: any case, with spaces and hyphens. */
    static String normalised(String typed) {
        StringBuilder text = new StringBuilder(typed.length());
        for (char c : typed.toUpperCase(Locale.ROOT).toCharArray()) {
            if (c != '-' && !Character.isWhitespace(c)) {
                text.append(c);
            }
        }
        return text.toString();
    }

    /** The code of this length with this number. */
    String code(long serial, int length) {
        int bits = (length - TAG) * BITS;
        int low = bits - bits / 2;
        long right = serial & mask(low);
        long left = low >= Long.SIZE ? 0 : serial >>> low;
        for (int i = 0; i < ROUNDS; i++) {
            if (i % 2 == 0) {
                left ^= function(i, length, right) & mask(bits / 2);
            } else {
                right ^= function(i, length, left) & mask(low);
            }
        }
        char[] text = new char[length];
        for (int i = 0; i < length - TAG; i++) {
            int symbol = 0;
            for (int bit = i * BITS; bit < (i + 1) * BITS; bit++) {
                long one = bit < low ? right >>> bit : left >>> (bit - low);
                symbol = symbol << 1 | (int) (one & 1);
            }
            text[i] = ALPHABET.charAt(symbol);
        }
        tag(text);
        return new String(text);
    }

    private static long mask(int bits) {
        return (1L << bits) - 1;
    }

    private long function(int number, int length, long half) {
        ByteBuffer block =
                ByteBuffer.allocate(AES_KEY).putInt(number).putInt(length).putLong(half);
        try {
            return ByteBuffer.wrap(round.doFinal(block.array())).getLong();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES refused a block.", e);
        }
    }

    private void tag(char[] text) {
        byte[] digest = tag.doFinal(new String(text, 0, text.length - TAG).getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < TAG; i++) {
            text[text.length - TAG + i] = ALPHABET.charAt(digest[i] & (ALPHABET.length() - 1));
        }
    }

    /** What is stored of a code of this key; empty for a text that is none. */
    Optional<byte[]> recognised(String normalised) {
        if (normalised.length() < SHORTEST || normalised.length() > LONGEST) {
            return Optional.empty();
        }
        for (int i = 0; i < normalised.length(); i++) {
            if (ALPHABET.indexOf(normalised.charAt(i)) < 0) {
                return Optional.empty();
            }
        }
        char[] text = normalised.toCharArray();
        tag(text);
        return new String(text).equals(normalised) ? Optional.of(hash(normalised)) : Optional.empty();
    }

    byte[] hash(String code) {
        return hash.doFinal(code.getBytes(StandardCharsets.US_ASCII));
    }
}
