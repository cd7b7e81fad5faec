package dev.cutover.coupon.operation;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What one user asks for under one idempotency key.
 *
 * @param id the verb and the caller's key, such as {@code claim:k-17}; unique for the user
 * @param fingerprint SHA-256 of the canonical request in hex: the same key with another fingerprint is another request
 */
public record Operation(long userId, String id, String fingerprint) {
    private static final int LONGEST_ID = 80;

    public Operation {
        if (id.isEmpty() || id.length() > LONGEST_ID) {
            throw new IllegalArgumentException("An operation id has 1 to " + LONGEST_ID + " characters: '" + id + "'.");
        }
    }

    /** An operation of the request written as one line, each part in its place. */
    public static Operation of(long userId, String verb, String key, String... canonicalParts) {
        // The unit separator cannot occur in a validated part, so no two requests have one line.
        String canonical = verb + '\u001f' + userId + '\u001f' + String.join("\u001f", canonicalParts);
        return new Operation(userId, verb + ":" + key, sha256(canonical));
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}
