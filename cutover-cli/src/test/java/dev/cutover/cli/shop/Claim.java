package dev.cutover.cli.shop;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.Unit;
import dev.cutover.proxy.UnitOfWork;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/** One piece of the limited item for a user, under an operation id. */
final class Claim implements UnitOfWork<Long> {
    private final Topology topology;
    private final long user;
    private final String operation;

    Claim(Topology topology, long user, String operation) {
        this.topology = topology;
        this.user = user;
        this.operation = operation;
    }

    @Override
    public Optional<Long> replay(Unit unit) throws SQLException {
        try (PreparedStatement select = unit.connection()
                .prepareStatement(
                        "SELECT result FROM " + unit.table("operation") + " WHERE user_id = ? AND op_id = ?")) {
            select.setLong(1, user);
            select.setString(2, operation);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
            }
        }
    }

    @Override
    public Long run(Unit unit) throws SQLException {
        long id = unit.side() == Side.OLD ? onOld(unit) : onNew(unit);
        try (PreparedStatement insert = unit.connection()
                .prepareStatement(
                        "INSERT INTO " + unit.table("operation") + " (user_id, op_id, result) VALUES (?, ?, ?)")) {
            insert.setLong(1, user);
            insert.setString(2, operation);
            insert.setLong(3, id);
            insert.executeUpdate();
        }
        unit.touched("operation", RowKey.of(Long.toString(user), operation));
        return id;
    }

    private long onOld(Unit unit) throws SQLException {
        long id;
        try (PreparedStatement insert = unit.connection()
                .prepareStatement(
                        "INSERT INTO " + unit.table("note") + " (user_id, item_id, body) VALUES (?, 1, ?)",
                        Statement.RETURN_GENERATED_KEYS)) {
            insert.setLong(1, user);
            insert.setString(2, operation);
            insert.executeUpdate();
            try (ResultSet key = insert.getGeneratedKeys()) {
                key.next();
                id = key.getLong(1);
            }
        }
        take(unit, "UPDATE shop_item SET stock = stock - 1 WHERE id = 1 AND stock > 0");
        unit.touched("note", RowKey.of(id));
        return id;
    }

    private long onNew(Unit unit) throws SQLException {
        long id = nextId();
        long key = id << 10 | unit.slot();
        try (PreparedStatement insert = unit.connection()
                .prepareStatement("INSERT INTO " + unit.table("note")
                        + " (note_id, user_id, item_id, body) VALUES (?, ?, 1, ?)")) {
            insert.setLong(1, key);
            insert.setLong(2, user);
            insert.setString(3, operation);
            insert.executeUpdate();
        }
        take(
                unit,
                "UPDATE stock_slice SET remaining = remaining - 1 WHERE template_id = 1 AND slice_no = " + user % 2
                        + " AND remaining > 0");
        unit.touched("note", RowKey.of(key));
        return id;
    }

    private void take(Unit unit, String sql) throws SQLException {
        try (Statement statement = unit.connection().createStatement()) {
            if (statement.executeUpdate(sql) != 1) {
                throw new IllegalStateException("Sold out on " + unit.side() + ", which cannot be: " + sql);
            }
        }
    }

    private long nextId() throws SQLException {
        try (Connection meta = topology.database(DatabaseId.META).getConnection();
                Statement statement = meta.createStatement()) {
            statement.executeUpdate(
                    "UPDATE id_sequence SET next_value = LAST_INSERT_ID(next_value) + 1 WHERE name = 'note'");
            try (ResultSet row = statement.executeQuery("SELECT LAST_INSERT_ID()")) {
                row.next();
                return row.getLong(1);
            }
        }
    }
}
