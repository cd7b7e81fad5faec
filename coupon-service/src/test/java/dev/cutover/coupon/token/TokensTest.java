package dev.cutover.coupon.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TokenId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.token.TokenRefusedException.Why;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TokensTest {
    private static final AppId APP = new AppId(7);
    private static final long EXPIRES = 1_000_000;
    private static final String ADMIN = "0123456789abcdef0123456789abcdef";

    private final TokenSecrets secrets = TokenSecrets.of(List.of(new byte[32]), Optional.of(ADMIN));
    private final List<Apps.Kept> table = new ArrayList<>();
    private long millis = 10_000;
    private long nanos;
    private int reads;
    private boolean broken;
    private final Tokens tokens = new Tokens(this::read, secrets, clock(), () -> nanos);

    private InstantSource clock() {
        return () -> Instant.ofEpochMilli(millis);
    }

    private List<Apps.Kept> read(long endedSince) {
        reads++;
        nanos++;
        if (broken) {
            throw new DatabaseTroubleException("A read", new SQLException("gone"));
        }
        return List.copyOf(table);
    }

    private TokenText token(long number, @Nullable Long revokedAt, boolean disabled) {
        TokenText text = TokenText.make(new TokenId(number), secrets, new SecureRandom());
        table.add(new Apps.Kept(
                new Token(text.id(), APP, EnumSet.of(Scope.READ), EXPIRES, revokedAt, "ann", 0),
                text.hash(secrets),
                disabled,
                Optional.empty()));
        return text;
    }

    private static String bearer(TokenText token) {
        return "Bearer " + token.secret();
    }

    private void assertRefused(@Nullable String header, Why why) {
        assertThatThrownBy(() -> tokens.known(header))
                .isInstanceOfSatisfying(
                        TokenRefusedException.class,
                        refused -> assertThat(refused.why()).isEqualTo(why));
    }

    @Test
    void whoComesWithoutATokenOrWithNoneOfOursIsToldSo() {
        tokens.tick();
        assertRefused(null, Why.MISSING);
        assertRefused(" ", Why.MISSING);
        assertRefused("Basic YTpi", Why.INVALID);
        assertRefused("Bearer", Why.INVALID);
        assertRefused("Bearer ", Why.INVALID);
        assertRefused("Bearer cpt_1_x_y", Why.INVALID);
        assertThat(reads).isEqualTo(1);
    }

    @Test
    void aTokenIsGoodUntilItsEndAndNotAtIt() {
        TokenText text = token(1, null, false);
        tokens.tick();
        millis = EXPIRES - 1;
        assertThat(tokens.known(bearer(text))).contains(new Caller(APP, EnumSet.of(Scope.READ)));
        assertThat(tokens.known("bearer " + text.secret())).isPresent();
        millis = EXPIRES;
        assertRefused(bearer(text), Why.EXPIRED);
    }

    @Test
    void aRevokedOneAndOneOfADisabledApplicationAreRefused() {
        TokenText revoked = token(1, 5L, false);
        TokenText disabled = token(2, null, true);
        tokens.tick();
        assertRefused(bearer(revoked), Why.INVALID);
        assertRefused(bearer(disabled), Why.APP_DISABLED);
    }

    @Test
    void aNumberWithAnotherRandomPartIsNoToken() {
        token(1, null, false);
        // Made with the key, not ordered: the row has the hash of another.
        TokenText forged = TokenText.make(new TokenId(1), secrets, new SecureRandom());
        tokens.tick();
        assertRefused(bearer(forged), Why.INVALID);
    }

    @Test
    void oneMadeAMomentAgoIsLookedForOnceAndOneThatIsNotThereNeverAgain() {
        tokens.tick();
        TokenText fresh = token(1, null, false);
        assertThat(tokens.known(bearer(fresh))).isEmpty();
        assertThat(tokens.looked(bearer(fresh)).app()).isEqualTo(APP);
        assertThat(reads).isEqualTo(2);

        TokenText gone = TokenText.make(new TokenId(9), secrets, new SecureRandom());
        assertThat(tokens.known(bearer(gone))).isEmpty();
        assertThatThrownBy(() -> tokens.looked(bearer(gone))).isInstanceOf(TokenRefusedException.class);
        assertThat(reads).isEqualTo(3);
        assertRefused(bearer(gone), Why.INVALID);
        assertThat(reads).isEqualTo(3);
    }

    @Test
    void whoHearsNothingOfTheTokensForTheBoundRefusesAllButItsAdministrator() {
        TokenText text = token(1, null, false);
        tokens.tick();
        broken = true;
        nanos += Tokens.BOUND.toNanos();
        tokens.tick();
        assertRefused(bearer(text), Why.UNKNOWN);
        assertThat(tokens.known("Bearer " + ADMIN).orElseThrow().app()).isEqualTo(AppId.MALL);
        broken = false;
        tokens.tick();
        assertThat(tokens.known(bearer(text))).isPresent();
        nanos += Tokens.BOUND.minus(Duration.ofMillis(1)).toNanos();
        assertThat(tokens.known(bearer(text))).isPresent();
    }

    @Test
    void keysOfApplicationsDoNotMeetAndComeBackAsTheyWereSent() {
        Tenant mall = new Tenant(AppId.MALL, (app, template) -> true);
        Tenant first = new Tenant(APP, (app, template) -> true);
        Tenant second = new Tenant(new AppId(77), (app, template) -> true);
        assertThat(mall.kept("k")).isEqualTo("k");
        assertThat(first.kept("k")).isNotEqualTo("k").isNotEqualTo(second.kept("k"));
        assertThat(first.told(first.kept("k"))).isEqualTo("k");
        assertThat(first.told(second.kept("k"))).isEqualTo(second.kept("k"));
        assertThat(new Tenant(new AppId(2_176_782_335L), (app, template) -> true).kept("k".repeat(Tenant.LONGEST_KEY)))
                .hasSize(64);
    }
}
