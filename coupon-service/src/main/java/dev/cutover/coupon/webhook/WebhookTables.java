package dev.cutover.coupon.webhook;

import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.WebhookId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.template.TemplateRow;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The tables of webhooks. Safe for many threads and processes. */
final class WebhookTables {
    private static final String WEBHOOK =
            "SELECT webhook_id, app_id, url, acts, key_id, generation, previous_until, created_by, created_at FROM webhook"
                    + " WHERE deleted_at IS NULL";
    private static final String DELIVERY =
            "SELECT database_no, entry_id, event, state, attempts, next_at, created_at, delivered_at, error"
                    + " FROM webhook_delivery";
    private static final int LONGEST_ERROR = 200;
    private static final int ROWS_A_STATEMENT = 200;
    private static final int PART = 5_000;

    private final MetaDatabase meta;

    WebhookTables(MetaDatabase meta) {
        this.meta = meta;
    }

    List<Webhook> all() {
        return meta.read(connection -> Sql.list(connection, WebhookTables::webhook, WEBHOOK + " ORDER BY webhook_id"));
    }

    List<Webhook> of(AppId app) {
        return meta.read(connection -> Sql.list(
                connection, WebhookTables::webhook, WEBHOOK + " AND app_id = ? ORDER BY webhook_id", app.number()));
    }

    static Optional<Webhook> find(Connection connection, AppId app, WebhookId id, String lock) throws SQLException {
        return Sql.first(
                connection,
                WebhookTables::webhook,
                WEBHOOK + " AND app_id = ? AND webhook_id = ?" + lock,
                app.number(),
                id.number());
    }

    static WebhookId insert(
            Connection connection, AppId app, URI url, Set<EventType> types, byte[] keyId, String operator, long now)
            throws SQLException {
        return new WebhookId(Sql.insert(
                        connection,
                        "INSERT INTO webhook (app_id, url, acts, key_id, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                        app.number(),
                        url.toString(),
                        types.stream()
                                .map(type -> Integer.toString(type.act().number()))
                                .sorted()
                                .collect(Collectors.joining(",")),
                        keyId,
                        operator,
                        now)
                .get(0));
    }

    /** How far the ledger of a database has been told; empty before the first webhook. */
    Optional<Long> progress(int database) {
        return meta.read(connection -> Sql.first(
                connection,
                row -> row.getLong(1),
                "SELECT entry_id FROM webhook_progress WHERE database_no = ?",
                database));
    }

    void begin(int database, long entry) {
        meta.each(connection -> Sql.update(
                connection,
                "INSERT IGNORE INTO webhook_progress (database_no, entry_id) VALUES (?, ?)",
                database,
                entry));
    }

    /** @param webhook that is to be told of it */
    record Fresh(WebhookId webhook, EventId id, String event) {}

    /** Writes down what is to be delivered and how far the ledger has been told, both or neither; false when another was there first. */
    boolean advance(int database, long from, long to, List<Fresh> fresh, long now) {
        return meta.own(connection -> {
            int moved = Sql.update(
                    connection,
                    "UPDATE webhook_progress SET entry_id = ? WHERE database_no = ? AND entry_id = ?",
                    to,
                    database,
                    from);
            if (moved == 0) {
                return false;
            }
            for (int at = 0; at < fresh.size(); at += ROWS_A_STATEMENT) {
                List<Fresh> some = fresh.subList(at, Math.min(fresh.size(), at + ROWS_A_STATEMENT));
                List<@Nullable Object> values = new ArrayList<>();
                some.forEach(one -> values.addAll(List.of(
                        one.webhook().number(), one.id().database(), one.id().entry(), one.event(), now, now)));
                Sql.update(
                        connection,
                        "INSERT INTO webhook_delivery (webhook_id, database_no, entry_id, event, next_at, created_at) VALUES "
                                + Sql.tuples(some.size(), 6),
                        values.toArray());
            }
            return true;
        });
    }

    /** What a webhook is to be told next, in the order of each database's ledger. */
    List<Delivery> waiting(WebhookId webhook, int most) {
        return meta.read(connection -> Sql.list(
                connection,
                WebhookTables::delivery,
                DELIVERY + " WHERE webhook_id = ? AND state = 0 ORDER BY created_at, database_no, entry_id LIMIT ?",
                webhook.number(),
                most));
    }

    void delivered(WebhookId webhook, EventId id, long now) {
        meta.each(connection -> Sql.update(
                connection,
                "UPDATE webhook_delivery SET state = 1, attempts = attempts + 1, delivered_at = ?, error = NULL"
                        + " WHERE webhook_id = ? AND database_no = ? AND entry_id = ?",
                now,
                webhook.number(),
                id.database(),
                id.entry()));
    }

    /** @param dead whether it is not tried again by itself */
    void failed(WebhookId webhook, EventId id, String why, long nextAt, boolean dead) {
        meta.each(connection -> Sql.update(
                connection,
                "UPDATE webhook_delivery SET state = ?, attempts = attempts + 1, next_at = ?, error = ?"
                        + " WHERE webhook_id = ? AND database_no = ? AND entry_id = ? AND state = 0",
                dead ? 2 : 0,
                nextAt,
                why.substring(0, Math.min(why.length(), LONGEST_ERROR)),
                webhook.number(),
                id.database(),
                id.entry()));
    }

    List<Delivery> page(WebhookId webhook, Optional<Delivery.State> state, Optional<EventId> after, int limit) {
        EventId from = after.orElse(new EventId(0, 0));
        List<@Nullable Object> values =
                new ArrayList<>(List.of(webhook.number(), from.database(), from.database(), from.entry()));
        state.ifPresent(one -> values.add(one.ordinal()));
        values.add(limit);
        return meta.read(connection -> Sql.list(
                connection,
                WebhookTables::delivery,
                DELIVERY + " WHERE webhook_id = ? AND (database_no > ? OR database_no = ? AND entry_id > ?)"
                        + (state.isPresent() ? " AND state = ?" : "") + " ORDER BY database_no, entry_id LIMIT ?",
                values.toArray()));
    }

    /** Has what was delivered or is dead sent again; how many. */
    static int replay(Connection connection, WebhookId webhook, Optional<EventId> one, long now) throws SQLException {
        return one.isPresent()
                ? Sql.update(
                        connection,
                        "UPDATE webhook_delivery SET state = 0, attempts = 0, next_at = ?, created_at = ?"
                                + " WHERE webhook_id = ? AND database_no = ? AND entry_id = ? AND state <> 0",
                        now,
                        now,
                        webhook.number(),
                        one.get().database(),
                        one.get().entry())
                : Sql.update(
                        connection,
                        "UPDATE webhook_delivery SET state = 0, attempts = 0, next_at = ?, created_at = ?"
                                + " WHERE webhook_id = ? AND state = 2",
                        now,
                        now,
                        webhook.number());
    }

    /** Deletes of deliveries made before that moment those that were taken, and all of webhooks that are gone; a part of them, each time. */
    void putAway(long before) {
        List<Long> gone = meta.read(connection -> Sql.list(
                connection, row -> row.getLong(1), "SELECT webhook_id FROM webhook WHERE deleted_at IS NOT NULL"));
        all().forEach(webhook -> meta.each(connection -> Sql.update(
                connection,
                "DELETE FROM webhook_delivery WHERE webhook_id = ? AND state = 1 AND created_at < ? LIMIT " + PART,
                webhook.id().number(),
                before)));
        gone.forEach(webhook -> meta.each(connection ->
                Sql.update(connection, "DELETE FROM webhook_delivery WHERE webhook_id = ? LIMIT " + PART, webhook)));
    }

    private static Webhook webhook(ResultSet row) throws SQLException {
        Set<Integer> acts = Arrays.stream(row.getString("acts").split(",", -1))
                .map(Integer::parseInt)
                .collect(Collectors.toSet());
        return new Webhook(
                new WebhookId(row.getLong("webhook_id")),
                new AppId(row.getLong("app_id")),
                URI.create(row.getString("url")),
                Arrays.stream(EventType.values())
                        .filter(type -> acts.contains(type.act().number()))
                        .collect(Collectors.toSet()),
                row.getBytes("key_id"),
                row.getInt("generation"),
                row.getLong("previous_until"),
                row.getString("created_by"),
                row.getLong("created_at"));
    }

    private static Delivery delivery(ResultSet row) throws SQLException {
        return new Delivery(
                new EventId(row.getInt("database_no"), row.getLong("entry_id")),
                row.getString("event"),
                Delivery.State.values()[row.getInt("state")],
                row.getInt("attempts"),
                row.getLong("next_at"),
                row.getLong("created_at"),
                TemplateRow.number(row, "delivered_at"),
                row.getString("error"));
    }
}
