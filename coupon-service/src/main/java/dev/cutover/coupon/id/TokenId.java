package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One token of an application; not a secret.
 *
 * @param number the value of {@code app_token.token_id}
 */
public record TokenId(long number) {
    public static Optional<TokenId> parse(String text) {
        return PrefixedNumber.parse("tok_", text).map(TokenId::new);
    }

    @Override
    public String toString() {
        return "tok_" + number;
    }
}
