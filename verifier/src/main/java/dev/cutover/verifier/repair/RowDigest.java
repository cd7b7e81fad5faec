package dev.cutover.verifier.repair;

import dev.cutover.core.row.StoredTable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Salted SHA-256 over values, each with its length, NULL apart from everything. Immutable, safe for many threads. */
final class RowDigest {
    static final String NOTHING = "-";

    private final String salt;

    RowDigest(String salt) {
        this.salt = salt;
    }

    String salt() {
        return salt;
    }

    String of(Optional<StoredTable.Row> row) {
        return row.map(found -> of(found.values())).orElse(NOTHING);
    }

    String of(byte[] @Nullable [] values) {
        MessageDigest digest = sha256();
        digest.update(salt.getBytes(StandardCharsets.UTF_8));
        for (byte[] value : values) {
            digest.update(ByteBuffer.allocate(4)
                    .putInt(value == null ? -1 : value.length)
                    .array());
            if (value != null) {
                digest.update(value);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    String of(Iterable<String> texts) {
        MessageDigest digest = sha256();
        digest.update(salt.getBytes(StandardCharsets.UTF_8));
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(4).putInt(bytes.length).array());
            digest.update(bytes);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256.", e);
        }
    }
}
