package dev.cutover.coupon.token;

import dev.cutover.coupon.id.TokenId;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A token as its holder has it: {@code cpt_}, its number, 32 random bytes, and a tag that only the service can make.
 *
 * <p>The tag turns made-up tokens away without a look at the database; the random bytes, of which only a keyed hash is kept, are what a
 * reader of the database or of a key alone cannot make up. All comparisons take the same time wherever texts differ.
 */
final class TokenText {
    private static final Pattern TEXT =
            Pattern.compile("(cpt_([1-9][0-9]{0,14})_[A-Za-z0-9_-]{43})_([A-Za-z0-9_-]{16})");
    private static final int RANDOM_BYTES = 32;
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final TokenId id;
    private final String text;
    private final int key;

    private TokenText(TokenId id, String text, int key) {
        this.id = id;
        this.text = text;
        this.key = key;
    }

    static TokenText make(TokenId id, TokenSecrets secrets, SecureRandom random) {
        byte[] bytes = new byte[RANDOM_BYTES];
        random.nextBytes(bytes);
        String body = "cpt_" + id.number() + "_" + BASE64.encodeToString(bytes);
        return new TokenText(id, body + "_" + BASE64.encodeToString(secrets.tag(0, body)), 0);
    }

    /** Empty for what this service did not make. */
    static Optional<TokenText> parse(String text, TokenSecrets secrets) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        // Sixteen symbols are twelve bytes exactly: no two texts of a tag mean the same.
        byte[] tag = Base64.getUrlDecoder().decode(matcher.group(3));
        for (int key = 0; key < secrets.keys(); key++) {
            if (MessageDigest.isEqual(tag, secrets.tag(key, matcher.group(1)))) {
                return Optional.of(new TokenText(new TokenId(Long.parseLong(matcher.group(2))), text, key));
            }
        }
        return Optional.empty();
    }

    TokenId id() {
        return id;
    }

    /** The secret itself, for whoever ordered it and nobody else. */
    String secret() {
        return text;
    }

    byte[] hash(TokenSecrets secrets) {
        return secrets.hash(key, text);
    }

    @Override
    public String toString() {
        return id.toString();
    }
}
