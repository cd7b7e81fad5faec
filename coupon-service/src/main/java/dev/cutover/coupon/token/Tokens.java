package dev.cutover.coupon.token;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TokenId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.token.Apps.Kept;
import dev.cutover.coupon.token.TokenRefusedException.Why;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows callers by their tokens without a statement for a request.
 *
 * <p>Idea: all tokens are read once a second and kept. Invariant: nobody is let in by what was read longer than {@link #BOUND} ago, so a
 * revocation is seen by then, also by an instance that hears nothing more of the database: that one refuses everybody but the
 * administrator of its file. A token made a moment ago on another instance is not among those kept; its tag says that it was made here,
 * so it is worth a look, once. Made-up ones are turned away before that.
 *
 * <p>Safe for many threads.
 */
public final class Tokens {
    /** How long a revoked token may still be let in, on any instance. */
    public static final Duration BOUND = Duration.ofSeconds(5);

    /** How often all are read. */
    public static final Duration PACE = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);
    private static final Duration TOLD_AS_EXPIRED = Duration.ofDays(30);
    private static final long MOST_NOBODYS = 10_000;
    private static final String SCHEME = "bearer ";

    private final Source source;
    private final TokenSecrets secrets;
    private final InstantSource clock;
    private final Ticker ticker;
    private final ReentrantLock reading = new ReentrantLock();
    // Numbers are given once: one that is not there behind a reading will never be.
    private final Cache<TokenId, Boolean> nobodys =
            Caffeine.newBuilder().maximumSize(MOST_NOBODYS).build();
    private volatile @Nullable Seen seen;

    private record Seen(Map<TokenId, Kept> tokens, long at) {}

    /** Reads the tokens that ended behind a moment, or have not ended. */
    @FunctionalInterface
    interface Source {
        List<Kept> read(long endedSince);
    }

    public Tokens(MetaDatabase meta, TokenSecrets secrets, InstantSource clock, Ticker ticker) {
        this(since -> meta.read(connection -> Apps.kept(connection, since)), secrets, clock, ticker);
    }

    Tokens(Source source, TokenSecrets secrets, InstantSource clock, Ticker ticker) {
        this.source = source;
        this.secrets = secrets;
        this.clock = clock;
        this.ticker = ticker;
    }

    /** Reads all tokens; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            refresh();
        } catch (RuntimeException e) {
            LOG.warn("Tokens could not be read, trying again: {}", e.toString());
        }
    }

    /** Reads all tokens: what was committed before is known to this instance behind it. */
    public void refresh() {
        long asked = ticker.read();
        reading.lock();
        try {
            Seen before = seen;
            if (before != null && before.at() - asked > 0) {
                return;
            }
            long at = ticker.read();
            Map<TokenId, Kept> tokens = new HashMap<>();
            source.read(clock.millis() - TOLD_AS_EXPIRED.toMillis())
                    .forEach(kept -> tokens.put(kept.token().id(), kept));
            seen = new Seen(tokens, at);
        } finally {
            reading.unlock();
        }
    }

    /** The caller, without a statement; empty when only {@link #looked} can tell. Throws {@link TokenRefusedException}. */
    public Optional<Caller> known(@Nullable String authorization) {
        return judged(authorization, false);
    }

    /** The caller, behind a look at the database. Blocks; throws {@link TokenRefusedException}. */
    public Caller looked(@Nullable String authorization) {
        try {
            refresh();
        } catch (DatabaseTroubleException e) {
            LOG.warn("Tokens could not be read: {}", e.toString());
            throw unknown();
        }
        return judged(authorization, true).orElseThrow(Tokens::invalid);
    }

    private Optional<Caller> judged(@Nullable String authorization, boolean looked) {
        String text = text(authorization);
        if (secrets.isAdmin(text)) {
            return Optional.of(new Caller(AppId.MALL, EnumSet.allOf(Scope.class)));
        }
        TokenText token = TokenText.parse(text, secrets).orElseThrow(Tokens::invalid);
        Seen now = seen;
        if (now == null || ticker.read() - now.at() > BOUND.toNanos()) {
            throw unknown();
        }
        Kept kept = now.tokens().get(token.id());
        if (kept == null) {
            if (looked) {
                nobodys.put(token.id(), true);
            } else if (nobodys.getIfPresent(token.id()) == null) {
                return Optional.empty();
            }
            throw invalid();
        }
        return Optional.of(admitted(kept, token));
    }

    private Caller admitted(Kept kept, TokenText token) {
        if (!MessageDigest.isEqual(kept.hash(), token.hash(secrets))
                || kept.token().revokedAt() != null) {
            throw invalid();
        }
        if (clock.millis() >= kept.token().expiresAt()) {
            throw new TokenRefusedException(
                    Why.EXPIRED, "The token has expired; ask for another one: POST /v1/apps/{id}/tokens.");
        }
        if (kept.disabled()) {
            throw new TokenRefusedException(
                    Why.APP_DISABLED, "Application " + kept.token().app() + " is disabled.");
        }
        return new Caller(kept.token().app(), kept.token().scopes(), kept.quota());
    }

    private static String text(@Nullable String authorization) {
        if (authorization == null || authorization.isBlank()) {
            throw new TokenRefusedException(Why.MISSING, "Send the header 'Authorization: Bearer' with a token.");
        }
        if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            throw invalid();
        }
        return authorization.substring(SCHEME.length()).strip();
    }

    private static TokenRefusedException invalid() {
        return new TokenRefusedException(Why.INVALID, "The token is not one of this service, or it was revoked.");
    }

    private static TokenRefusedException unknown() {
        return new TokenRefusedException(
                Why.UNKNOWN, "Which tokens are good is not known at the moment. Send the same request again.");
    }
}
