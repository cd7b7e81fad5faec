package dev.cutover.coupon.webhook;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.WebhookId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who is told of coupons, and where; every change has its line in the audit log. Safe for many threads. */
public final class Webhooks {
    /** How long a secret is good behind another one, when nothing is said. */
    public static final Duration USUAL_OVERLAP = Duration.ofDays(1);

    private final MetaDatabase meta;
    private final WebhookTables tables;
    private final Signature signature;
    private final WebhookAddress addresses;
    private final InstantSource clock;

    Webhooks(
            MetaDatabase meta,
            WebhookTables tables,
            Signature signature,
            WebhookAddress addresses,
            InstantSource clock) {
        this.meta = meta;
        this.tables = tables;
        this.signature = signature;
        this.addresses = addresses;
        this.clock = clock;
    }

    /**
     * A webhook with its secret, which is told once.
     *
     * @param secret {@code whsec_} and base64
     */
    public record Told(Webhook webhook, String secret) {}

    /** Why nothing can be sent to this address; empty when it can. */
    public Optional<String> problem(URI url) {
        return addresses.problem(url);
    }

    public Told create(AppId app, URI url, Set<EventType> types, Operator operator) {
        return meta.own(connection -> {
            WebhookId id = WebhookTables.insert(
                    connection, app, url, types, signature.keyId(), operator.name(), clock.millis());
            Webhook webhook = WebhookTables.find(connection, app, id, "").orElseThrow();
            audit(connection, webhook, operator, "create_webhook", null, shape(webhook));
            return told(webhook);
        });
    }

    private Told told(Webhook webhook) {
        return new Told(webhook, signature.secret(webhook).orElseThrow());
    }

    public List<Webhook> of(AppId app) {
        return tables.of(app);
    }

    public Webhook require(AppId app, WebhookId id) {
        return meta.read(connection -> require(connection, app, id, ""));
    }

    private static Webhook require(Connection connection, AppId app, WebhookId id, String lock) throws SQLException {
        return WebhookTables.find(connection, app, id, lock)
                .orElseThrow(() ->
                        new Refusal(Reason.WEBHOOK_NOT_FOUND, "webhook", "The application has no webhook " + id + "."));
    }

    /** From now on nothing more is sent to it. */
    public void delete(AppId app, WebhookId id, Operator operator) {
        var unused = meta.own(connection -> {
            Webhook webhook = require(connection, app, id, " FOR UPDATE");
            audit(connection, webhook, operator, "delete_webhook", shape(webhook), null);
            return Sql.update(
                    connection, "UPDATE webhook SET deleted_at = ? WHERE webhook_id = ?", clock.millis(), id.number());
        });
    }

    /** Another secret; the one before signs too until the overlap is over. */
    public Told rotate(AppId app, WebhookId id, Duration overlap, Operator operator) {
        return meta.own(connection -> {
            Webhook before = require(connection, app, id, " FOR UPDATE");
            Sql.update(
                    connection,
                    "UPDATE webhook SET generation = generation + 1, previous_until = ? WHERE webhook_id = ?",
                    clock.millis() + overlap.toMillis(),
                    id.number());
            Webhook after = require(connection, app, id, "");
            audit(connection, after, operator, "rotate_webhook", shape(before), shape(after));
            return told(after);
        });
    }

    public List<Delivery> deliveries(
            AppId app, WebhookId id, Optional<Delivery.State> state, Optional<EventId> after, int limit) {
        return tables.page(require(app, id).id(), state, after, limit);
    }

    /** Sends one event again, or all that are dead; how many. */
    public int replay(AppId app, WebhookId id, Optional<EventId> event, Operator operator) {
        return meta.own(connection -> {
            Webhook webhook = require(connection, app, id, "");
            int replayed = WebhookTables.replay(connection, webhook.id(), event, clock.millis());
            audit(
                    connection,
                    webhook,
                    operator,
                    "replay_webhook",
                    null,
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("event_id", event.map(EventId::toString).orElse(null))
                            .put("replayed", replayed));
            return replayed;
        });
    }

    private void audit(
            Connection connection,
            Webhook webhook,
            Operator operator,
            String action,
            @Nullable ObjectNode was,
            @Nullable ObjectNode became)
            throws SQLException {
        AuditLog.append(
                connection,
                Subject.ofWebhook(webhook.id().number()),
                operator.name(),
                action,
                clock.millis(),
                was,
                became);
    }

    private static ObjectNode shape(Webhook webhook) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("app_id", webhook.app().toString())
                .put("url", webhook.url().toString())
                .put("generation", webhook.generation());
    }
}
