package dev.cutover.core.stage;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the history; its hash covers its fields and the hash before it.
 *
 * @param seq from 1, without gaps
 * @param at database time, whole milliseconds
 * @param prevHash the hash of event {@code seq - 1}, 64 zeros for the first
 * @param hash SHA-256 in hex
 */
public record Event(
        long seq,
        Instant at,
        String actor,
        String kind,
        String summary,
        String fromState,
        String toState,
        @Nullable String reason,
        @Nullable String detailJson,
        String prevHash,
        String hash) {

    static final String NO_HASH = "0".repeat(64);

    /** The event a draft becomes after the event with {@code prevHash}. */
    static Event of(long seq, Instant at, EventDraft draft, String prevHash) {
        return new Event(
                seq,
                at,
                draft.actor(),
                draft.kind(),
                draft.summary(),
                draft.fromState(),
                draft.toState(),
                draft.reason(),
                draft.detailJson(),
                prevHash,
                hash(seq, at, draft, prevHash));
    }

    /** Whether the hash is the one its fields have. */
    boolean intact() {
        return hash.equals(
                hash(seq, at, new EventDraft(actor, kind, summary, fromState, toState, reason, detailJson), prevHash));
    }

    private static String hash(long seq, Instant at, EventDraft draft, String prevHash) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JVM has SHA-256.", e);
        }
        digest.update(
                ByteBuffer.allocate(16).putLong(seq).putLong(at.toEpochMilli()).flip());
        add(digest, prevHash);
        add(digest, draft.actor());
        add(digest, draft.kind());
        add(digest, draft.summary());
        add(digest, draft.fromState());
        add(digest, draft.toState());
        add(digest, draft.reason());
        add(digest, draft.detailJson());
        return HexFormat.of().formatHex(digest.digest());
    }

    // Length first: otherwise text could move from one field to its neighbour under the same hash.
    private static void add(MessageDigest digest, @Nullable String text) {
        byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
        digest.update(
                ByteBuffer.allocate(4).putInt(text == null ? -1 : bytes.length).flip());
        digest.update(bytes);
    }
}
