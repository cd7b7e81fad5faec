package dev.cutover.coupon.token;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TokenId;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of a token; times are epoch milliseconds.
 *
 * @param expiresAt exclusive
 * @param revokedAt null when nobody did
 */
public record Token(
        TokenId id,
        AppId app,
        Set<Scope> scopes,
        long expiresAt,
        @Nullable Long revokedAt,
        String createdBy,
        long createdAt) {
    public Token {
        scopes = Set.copyOf(scopes);
    }
}
