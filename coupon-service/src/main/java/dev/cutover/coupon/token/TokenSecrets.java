package dev.cutover.coupon.token;

import dev.cutover.core.CutoverException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The secrets behind tokens: the keys that sign and hash them, and the text of the first administrator's token. The first key makes new
 * tokens, the others still know theirs. Never shown, not even by {@link #toString}. Immutable, safe for many threads.
 */
public final class TokenSecrets {
    private static final Pattern LINE = Pattern.compile("(key|admin)\\s+([A-Za-z0-9+/=_-]{1,512})");
    private static final int LEAST_BYTES = 32;
    private static final int LEAST_ADMIN = 32;
    private static final String ALGORITHM = "HmacSHA256";
    private static final int TAG_BYTES = 12;
    private static final int KEY_ID_BYTES = 8;

    private final List<byte[]> keys;
    private final byte @Nullable [] admin;

    private TokenSecrets(List<byte[]> keys, Optional<String> adminText) {
        this.keys = List.copyOf(keys);
        this.admin = adminText.map(text -> mac(keys.get(0), "admin", text)).orElse(null);
    }

    /** The file of secrets is none. */
    public static final class UnreadableException extends CutoverException {
        private static final long serialVersionUID = 1L;

        UnreadableException(String what) {
            super(what + ": COUPON_TOKENS names a file with a line 'key' and at least " + LEAST_BYTES
                    + " bytes in base64, and maybe a line 'admin' and a text of at least " + LEAST_ADMIN
                    + " letters and digits");
        }
    }

    /** Lines {@code key BASE64} and at most one {@code admin TEXT}; {@code #} begins a comment. */
    public static TokenSecrets read(Path file) {
        List<byte[]> keys = new ArrayList<>();
        Optional<String> admin = Optional.empty();
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UnreadableException("The secrets of tokens cannot be read from " + file);
        }
        for (int number = 1; number <= lines.size(); number++) {
            String line = lines.get(number - 1).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Matcher matcher = LINE.matcher(line);
            // The line is a secret: only its number is told.
            if (!matcher.matches()) {
                throw new UnreadableException("Line " + number + " of " + file + " is neither a key nor an admin");
            }
            if (matcher.group(1).equals("key")) {
                keys.add(decoded(matcher.group(2), number));
            } else if (admin.isPresent() || matcher.group(2).length() < LEAST_ADMIN) {
                throw new UnreadableException(
                        "The admin in line " + number + " of " + file + " is short or the second");
            } else {
                admin = Optional.of(matcher.group(2));
            }
        }
        return of(keys, admin);
    }

    private static byte[] decoded(String text, int line) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new UnreadableException("The key in line " + line + " is not base64");
        }
    }

    static TokenSecrets of(List<byte[]> keys, Optional<String> admin) {
        if (keys.isEmpty()) {
            throw new UnreadableException("There is no key of tokens");
        }
        if (keys.stream().anyMatch(key -> key.length < LEAST_BYTES)) {
            throw new UnreadableException("A key of tokens has fewer than " + LEAST_BYTES + " bytes");
        }
        return new TokenSecrets(keys, admin);
    }

    /** Whether a text is that of the first administrator's token. */
    boolean isAdmin(String text) {
        return admin != null && MessageDigest.isEqual(admin, mac(keys.get(0), "admin", text));
    }

    int keys() {
        return keys.size();
    }

    /** What only this service can put behind a token's number and random part. */
    byte[] tag(int key, String body) {
        return java.util.Arrays.copyOf(mac(keys.get(key), "tag", body), TAG_BYTES);
    }

    /** What is kept of a token. */
    byte[] hash(int key, String text) {
        return mac(keys.get(key), "hash", text);
    }

    /** Names the key that new secrets come from, without telling anything of it. */
    public byte[] keyId() {
        return keyId(keys.get(0));
    }

    private static byte[] keyId(byte[] key) {
        return java.util.Arrays.copyOf(mac(key, "id", ""), KEY_ID_BYTES);
    }

    /** A secret of 32 bytes for this use and text, the same each time; empty when the file does not have that key any more. */
    public Optional<byte[]> derived(byte[] keyId, String use, String text) {
        return keys.stream()
                .filter(key -> MessageDigest.isEqual(keyId(key), keyId))
                .map(key -> mac(key, use, text))
                .findFirst();
    }

    private static byte[] mac(byte[] key, String use, String text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            return mac.doFinal((use + '\n' + text).getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has " + ALGORITHM + ".", e);
        }
    }

    @Override
    public String toString() {
        return "TokenSecrets[" + keys.size() + " keys" + (admin == null ? "" : ", an admin") + "]";
    }
}
