package dev.cutover.coupon.token;

import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a token is good for. */
public enum Scope {
    /** Claims, and codes exchanged for coupons. */
    CLAIM,
    /** Holds, redemptions and refunds. */
    USE,
    /** Reading. */
    READ,
    /** Templates, stock, products, issuances, batches of codes, recalls. */
    BACKOFFICE,
    /** Applications and their tokens; only of the mall. */
    ADMIN;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Scope> ofWord(String word) {
        return Arrays.stream(values())
                .filter(scope -> scope.word().equals(word))
                .findFirst();
    }

    static String text(Collection<Scope> scopes) {
        return scopes.stream().sorted().map(Scope::word).collect(Collectors.joining(","));
    }

    /** Words that this version does not know are of no use to it. */
    static Set<Scope> read(String text) {
        EnumSet<Scope> scopes = EnumSet.noneOf(Scope.class);
        for (String word : text.split(",", -1)) {
            ofWord(word).ifPresent(scopes::add);
        }
        return scopes;
    }
}
