package dev.cutover.proxy;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.Side;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Adds a note under an operation id; returns the note's id on the side that ran it. */
class AddNote implements UnitOfWork<Long> {
    private static final int DUPLICATE = 1062;

    private final long user;
    private final String operation;
    private final long id;
    private final int size;

    AddNote(long user, String operation, long id, int size) {
        this.user = user;
        this.operation = operation;
        this.id = id;
        this.size = size;
    }

    AddNote(long user, String operation, long id) {
        this(user, operation, id, 1);
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
        long key = unit.side() == Side.OLD ? id : id << 10 | unit.slot();
        try (PreparedStatement insert = unit.connection()
                .prepareStatement(
                        "INSERT INTO " + unit.table("operation") + " (user_id, op_id, result) VALUES (?, ?, ?)")) {
            insert.setLong(1, user);
            insert.setString(2, operation);
            insert.setLong(3, id);
            insert.executeUpdate();
        } catch (SQLException e) {
            if (e.getErrorCode() == DUPLICATE) {
                throw new ConcurrentOperationException("The operation " + operation + " is there already.", e);
            }
            throw e;
        }
        try (PreparedStatement insert =
                unit.connection().prepareStatement("INSERT INTO " + unit.table("note") + " VALUES (?, ?, 'text', ?)")) {
            insert.setLong(1, key);
            insert.setLong(2, user);
            insert.setInt(3, size);
            insert.executeUpdate();
        }
        unit.touched("operation", RowKey.of(Long.toString(user), operation));
        unit.touched("note", RowKey.of(key));
        return id;
    }
}
