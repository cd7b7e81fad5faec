package dev.cutover.core.row;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The key of one row as text: decimal for integers, the text itself for strings, {@code 0x…} for binary columns.
 *
 * @param parts one text a key column
 */
public record RowKey(List<String> parts) {
    private static final int LONGEST_TEXT = 255;

    public RowKey {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("A row key has at least one part.");
        }
    }

    public static RowKey of(String... parts) {
        return new RowKey(List.of(parts));
    }

    public static RowKey of(long part) {
        return new RowKey(List.of(Long.toString(part)));
    }

    /**
     * One text for the whole key, at most 255 characters, as {@code cutover_quarantine} stores it: parts joined by {@code |}, with
     * {@code \\} in front of a {@code |} or {@code \\} inside a part; a longer key keeps its start and ends in its SHA-256.
     */
    public String text() {
        String text = whole();
        if (text.length() <= LONGEST_TEXT) {
            return text;
        }
        int kept = LONGEST_TEXT - 65;
        // Half a surrogate pair is no text.
        kept -= Character.isHighSurrogate(text.charAt(kept - 1)) ? 1 : 0;
        return text.substring(0, kept) + "#" + sha256(text);
    }

    /** The same text, however long it is. */
    public String whole() {
        return parts.stream()
                .map(part -> part.replace("\\", "\\\\").replace("|", "\\|"))
                .collect(Collectors.joining("|"));
    }

    /** The key behind such a text; empty where its end was cut off, or it has another number of parts. */
    public static Optional<RowKey> ofText(String text, int width) {
        RowKey key = ofWhole(text);
        // A text of full length may end in a hash.
        return key.parts().size() == width && text.length() < LONGEST_TEXT - 1 ? Optional.of(key) : Optional.empty();
    }

    /** The key behind a text of {@link #whole}. */
    public static RowKey ofWhole(String text) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char one = text.charAt(i);
            if (one == '\\' && i + 1 < text.length()) {
                part.append(text.charAt(++i));
            } else if (one == '|') {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(one);
            }
        }
        parts.add(part.toString());
        return new RowKey(parts);
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256.", e);
        }
    }
}
