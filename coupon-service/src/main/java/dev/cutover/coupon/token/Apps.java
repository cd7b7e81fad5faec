package dev.cutover.coupon.token;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.TokenId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Applications and their tokens, made, replaced and revoked; the text of a token is told once. Safe for many threads. */
public final class Apps {
    private static final String APP = "SELECT app_id, name, disabled_at, created_by, created_at, per_second, burst"
            + " FROM client_app LEFT JOIN app_quota USING (app_id) ";
    private static final String TOKEN =
            "SELECT token_id, app_id, scopes, expires_at, revoked_at, created_by, created_at FROM app_token ";

    private final MetaDatabase meta;
    private final TokenSecrets secrets;
    private final InstantSource clock;
    private final SecureRandom random;

    public Apps(MetaDatabase meta, TokenSecrets secrets, InstantSource clock, SecureRandom random) {
        this.meta = meta;
        this.secrets = secrets;
        this.clock = clock;
        this.random = random;
    }

    /** What became of an order. */
    public record Created(App app, boolean known) {}

    /** One application for each name. */
    public Created create(String name, Operator operator) {
        if (name.equals(App.MALL.name())) {
            return new Created(App.MALL, true);
        }
        return meta.own(connection -> {
            int inserted = Sql.update(
                    connection,
                    "INSERT IGNORE INTO client_app (name, created_by, created_at) VALUES (?, ?, ?)",
                    name,
                    operator.name(),
                    clock.millis());
            App app = Sql.first(connection, Apps::app, APP + "WHERE name = ?", name)
                    .orElseThrow();
            if (inserted == 1) {
                audit(connection, app.id(), operator, "create_app", null, node().put("name", name));
            }
            return new Created(app, inserted == 0);
        });
    }

    /** In the order of their ids, the mall first. */
    public List<App> page(Optional<AppId> after, int limit) {
        List<App> apps = new ArrayList<>(after.isEmpty() ? List.of(App.MALL) : List.of());
        apps.addAll(meta.read(connection -> Sql.list(
                connection,
                Apps::app,
                APP + "WHERE app_id > ? ORDER BY app_id LIMIT ?",
                after.orElse(AppId.MALL).number(),
                limit)));
        return apps.subList(0, Math.min(limit, apps.size()));
    }

    public Optional<App> find(AppId id) {
        return id.equals(AppId.MALL)
                ? Optional.of(App.MALL)
                : meta.read(connection -> Sql.first(connection, Apps::app, APP + "WHERE app_id = ?", id.number()));
    }

    /** Shuts an application out, or lets it in again; its tokens stay what they are. */
    public void disable(AppId id, boolean disabled, Operator operator) {
        var unused = meta.own(connection -> {
            int changed = Sql.update(
                    connection,
                    "UPDATE client_app SET disabled_at = ? WHERE app_id = ? AND (disabled_at IS NULL) = ?",
                    disabled ? clock.millis() : null,
                    id.number(),
                    disabled);
            if (changed == 1) {
                audit(connection, id, operator, disabled ? "disable_app" : "enable_app", null, null);
            }
            return changed;
        });
    }

    /**
     * A new token and its text, which nobody can be told a second time.
     *
     * @param secret the text
     */
    public record Issued(Token token, String secret) {
        @Override
        public String toString() {
            return token.toString();
        }
    }

    /**
     * What a new token is to be.
     *
     * @param replaces whose place it takes; empty for nobody's
     * @param overlap how long those are good for beside it
     */
    public record Order(
            AppId app,
            Set<Scope> scopes,
            Duration lifetime,
            Set<TokenId> replaces,
            Duration overlap,
            Operator operator) {
        public Order {
            scopes = Set.copyOf(scopes);
            replaces = Set.copyOf(replaces);
        }
    }

    /** Makes a token and lets those end that it replaces, all in one. */
    public Issued issue(Order order) {
        return meta.own(connection -> {
            long now = clock.millis();
            long until = now + order.lifetime().toMillis();
            byte[] nobodys = new byte[32];
            random.nextBytes(nobodys);
            long number = Sql.insert(
                            connection,
                            "INSERT INTO app_token (app_id, token_hash, scopes, expires_at, created_by, created_at)"
                                    + " VALUES (?, ?, ?, ?, ?, ?)",
                            order.app().number(),
                            nobodys,
                            Scope.text(order.scopes()),
                            until,
                            order.operator().name(),
                            now)
                    .get(0);
            // The number is part of the text, so the row is there before its hash is.
            TokenText text = TokenText.make(new TokenId(number), secrets, random);
            Sql.update(
                    connection, "UPDATE app_token SET token_hash = ? WHERE token_id = ?", text.hash(secrets), number);
            for (TokenId replaced : order.replaces()) {
                Sql.update(
                        connection,
                        "UPDATE app_token SET expires_at = LEAST(expires_at, ?) WHERE token_id = ? AND app_id = ?",
                        now + order.overlap().toMillis(),
                        replaced.number(),
                        order.app().number());
            }
            Token token = new Token(
                    text.id(),
                    order.app(),
                    order.scopes(),
                    until,
                    null,
                    order.operator().name(),
                    now);
            ObjectNode became = node().put("token", token.id().toString())
                    .put("scopes", Scope.text(order.scopes()))
                    .put("expires_at", Instant.ofEpochMilli(until).toString());
            if (!order.replaces().isEmpty()) {
                ArrayNode replaced = became.putArray("replaces");
                order.replaces().stream().map(TokenId::toString).sorted().forEach(replaced::add);
                became.put("overlap_seconds", order.overlap().toSeconds());
            }
            audit(connection, order.app(), order.operator(), "issue_token", null, became);
            return new Issued(token, text.secret());
        });
    }

    /** The tokens of an application that are good for anything, or were of late. */
    public List<Token> tokens(AppId app, Optional<TokenId> after, int limit) {
        return meta.read(connection -> Sql.list(
                connection,
                Apps::token,
                TOKEN + "WHERE app_id = ? AND token_id < ? ORDER BY token_id DESC LIMIT ?",
                app.number(),
                after.map(TokenId::number).orElse(Long.MAX_VALUE),
                limit));
    }

    public Optional<Token> token(AppId app, TokenId id) {
        return meta.read(connection -> Sql.first(
                connection, Apps::token, TOKEN + "WHERE app_id = ? AND token_id = ?", app.number(), id.number()));
    }

    /** Ends a token now; every instance knows it within {@link Tokens#BOUND}. */
    public void revoke(AppId app, TokenId id, Operator operator) {
        var unused = meta.own(connection -> {
            int changed = Sql.update(
                    connection,
                    "UPDATE app_token SET revoked_at = ? WHERE app_id = ? AND token_id = ? AND revoked_at IS NULL",
                    clock.millis(),
                    app.number(),
                    id.number());
            if (changed == 1) {
                audit(connection, app, operator, "revoke_token", null, node().put("token", id.toString()));
            }
            return changed;
        });
    }

    private void audit(
            Connection connection,
            AppId app,
            Operator operator,
            String action,
            @Nullable ObjectNode was,
            @Nullable ObjectNode became)
            throws SQLException {
        AuditLog.append(connection, Subject.of(app), operator.name(), action, clock.millis(), was, became);
    }

    private static ObjectNode node() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static App app(ResultSet row) throws SQLException {
        return new App(
                new AppId(row.getLong("app_id")),
                row.getString("name"),
                row.getObject("disabled_at") != null,
                quota(row),
                row.getString("created_by"),
                row.getLong("created_at"));
    }

    private static Optional<Quota> quota(ResultSet row) throws SQLException {
        int perSecond = row.getInt("per_second");
        return row.wasNull() ? Optional.empty() : Optional.of(new Quota(perSecond, row.getInt("burst")));
    }

    /** Gives an application a limit, or takes it away; every instance knows it within {@link Tokens#BOUND}. */
    public void limit(AppId id, Optional<Quota> quota, Operator operator) {
        var unused = meta.own(connection -> {
            // The application's row is locked: what stood before is what the change before left.
            var locked = Sql.first(
                    connection,
                    row -> row.getLong(1),
                    "SELECT app_id FROM client_app WHERE app_id = ? FOR UPDATE",
                    id.number());
            Optional<Quota> before = Sql.first(connection, Apps::app, APP + "WHERE app_id = ?", id.number())
                    .flatMap(App::quota);
            if (before.equals(quota)) {
                return 0;
            }
            audit(connection, id, operator, "limit_app", quotaNode(before), quotaNode(quota));
            return quota.isEmpty()
                    ? Sql.update(connection, "DELETE FROM app_quota WHERE app_id = ?", id.number())
                    : Sql.update(
                            connection,
                            "REPLACE INTO app_quota (app_id, per_second, burst) VALUES (?, ?, ?)",
                            id.number(),
                            quota.get().perSecond(),
                            quota.get().burst());
        });
    }

    private static @Nullable ObjectNode quotaNode(Optional<Quota> quota) {
        return quota.map(limit -> node().put("per_second", limit.perSecond()).put("burst", limit.burst()))
                .orElse(null);
    }

    private static Token token(ResultSet row) throws SQLException {
        long revoked = row.getLong("revoked_at");
        boolean never = row.wasNull();
        return new Token(
                new TokenId(row.getLong("token_id")),
                new AppId(row.getLong("app_id")),
                Scope.read(row.getString("scopes")),
                row.getLong("expires_at"),
                never ? null : revoked,
                row.getString("created_by"),
                row.getLong("created_at"));
    }

    /** A token with what only {@link Tokens} needs of it. */
    record Kept(Token token, byte[] hash, boolean disabled, Optional<Quota> quota) {}

    /** The tokens that may still be good for something, or have ended so lately that their holders are told so. */
    static List<Kept> kept(Connection connection, long endedSince) throws SQLException {
        return Sql.list(
                connection,
                row -> new Kept(
                        token(row), row.getBytes("token_hash"), row.getObject("disabled_at") != null, quota(row)),
                "SELECT t.token_id, t.app_id, t.scopes, t.expires_at, t.revoked_at, t.created_by, t.created_at, t.token_hash,"
                        + " a.disabled_at, q.per_second, q.burst FROM app_token t LEFT JOIN client_app a ON a.app_id = t.app_id"
                        + " LEFT JOIN app_quota q ON q.app_id = t.app_id"
                        + " WHERE t.expires_at > ?",
                endedSince);
    }
}
