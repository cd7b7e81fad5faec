package dev.cutover.coupon.code;

import dev.cutover.core.CutoverException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The secrets that codes are made of: the first makes new ones, the others still know theirs. Never shown, not even by {@link #toString}.
 * Immutable, safe for many threads.
 */
public final class CodeKeys {
    /** No key at all: there are no codes. */
    public static final CodeKeys NONE = new CodeKeys(Map.of());

    private static final Pattern LINE = Pattern.compile("([A-Za-z0-9_-]{1,16}) ([A-Za-z0-9+/=]+)");
    private static final int LEAST_BYTES = 32;

    private final Map<String, byte[]> secrets;

    private CodeKeys(Map<String, byte[]> secrets) {
        this.secrets = new LinkedHashMap<>(secrets);
    }

    /** There is no key, or not this one. */
    public static final class MissingException extends CutoverException {
        private static final long serialVersionUID = 1L;

        MissingException(String what) {
            super(what + ": name a file of keys in COUPON_CODE_KEYS and start the service again");
        }
    }

    /** Lines of a name, a space and at least 32 bytes in base64; {@code #} begins a comment. */
    public static CodeKeys read(Path file) {
        Map<String, byte[]> secrets = new LinkedHashMap<>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                number++;
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                Matcher matcher = LINE.matcher(line.strip());
                // The line is a secret: only its number is told.
                if (!matcher.matches() || secrets.put(matcher.group(1), secret(matcher.group(2), number)) != null) {
                    throw new MissingException("Line " + number + " of " + file + " is not a new name and a secret");
                }
            }
        } catch (IOException e) {
            throw new MissingException("The keys of codes cannot be read from " + file);
        }
        return of(secrets);
    }

    private static byte[] secret(String text, int line) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new MissingException("The secret in line " + line + " of the keys of codes is not base64");
        }
    }

    public static CodeKeys of(Map<String, byte[]> secrets) {
        secrets.forEach((id, secret) -> {
            if (secret.length < LEAST_BYTES) {
                throw new MissingException("The key '" + id + "' of codes has fewer than " + LEAST_BYTES + " bytes");
            }
        });
        return new CodeKeys(secrets);
    }

    /** The name of the key that makes new codes. */
    String current() {
        return secrets.keySet().stream()
                .findFirst()
                .orElseThrow(() -> new MissingException("There is no key of codes"));
    }

    /** Whether no code can be known. */
    boolean isEmpty() {
        return secrets.isEmpty();
    }

    Iterable<String> ids() {
        current();
        return secrets.keySet();
    }

    CodeCipher cipher(String id) {
        byte[] secret = secrets.get(id);
        if (secret == null) {
            throw new MissingException("There is no key of codes named '" + id + "'");
        }
        return new CodeCipher(secret);
    }

    @Override
    public String toString() {
        return "CodeKeys" + secrets.keySet();
    }
}
