package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.plan.Sequence;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Raises the id counters of the side being switched to above every number the other side has ever given out, plus a gap. */
final class SequenceHandover {
    private final StepContext context;
    private final Epoch replicaEpoch;

    SequenceHandover(StepContext context, Epoch replicaEpoch) {
        this.context = context;
        this.replicaEpoch = replicaEpoch;
    }

    List<String> toNew() throws SQLException {
        List<String> lines = new ArrayList<>();
        try (Connection old = context.topology().database(DatabaseId.OLD).getConnection();
                Connection meta = context.topology().database(DatabaseId.META).getConnection()) {
            meta.setAutoCommit(false);
            Fence.requireReplica(meta, replicaEpoch);
            for (Sequence sequence : context.plan().handover().sequences()) {
                long next = autoIncrement(old, sequence) + sequence.gap();
                try (PreparedStatement raise =
                        meta.prepareStatement("INSERT INTO id_sequence (name, next_value) VALUES (?, ?)"
                                + " ON DUPLICATE KEY UPDATE next_value = GREATEST(next_value, VALUES(next_value))")) {
                    raise.setString(1, sequence.name());
                    raise.setLong(2, next);
                    raise.executeUpdate();
                }
                lines.add("sequence " + sequence.name() + " goes on at " + nextValue(meta, sequence));
            }
            meta.commit();
            meta.setAutoCommit(true);
        }
        return lines;
    }

    List<String> toOld() throws SQLException {
        List<String> lines = new ArrayList<>();
        try (Connection old = context.topology().database(DatabaseId.OLD).getConnection();
                Connection meta = context.topology().database(DatabaseId.META).getConnection()) {
            for (Sequence sequence : context.plan().handover().sequences()) {
                long next = nextValue(meta, sequence) + sequence.gap();
                if (autoIncrement(old, sequence) < next) {
                    raiseAutoIncrement(old, sequence, next - 1);
                }
                long reached = autoIncrement(old, sequence);
                if (reached < next) {
                    throw new SwitchStoppedException("AUTO_INCREMENT of " + sequence.table() + " on old is " + reached
                            + " and could not be raised to " + next + ".");
                }
                lines.add("AUTO_INCREMENT of " + sequence.table() + " goes on at " + reached);
            }
        }
        return lines;
    }

    // An insert with an explicit id moves the counter, and the counter does not move back on ROLLBACK (InnoDB logs it
    // since 8.0):
    // no DDL, nothing in the binlog, no row. Implicit defaults for the other columns, because the row never exists.
    private void raiseAutoIncrement(Connection old, Sequence sequence, long highest) throws SQLException {
        String mode;
        try (Statement statement = old.createStatement();
                ResultSet row = statement.executeQuery("SELECT @@SESSION.sql_mode")) {
            row.next();
            mode = String.valueOf(row.getString(1));
        }
        old.setAutoCommit(false);
        try (Statement statement = old.createStatement()) {
            Fence.requireReplica(old, replicaEpoch);
            statement.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
            statement.execute("INSERT INTO " + Identifier.quote(sequence.table()) + " ("
                    + Identifier.quote(sequence.column()) + ") VALUES (" + highest + ")");
        } finally {
            old.rollback();
            old.setAutoCommit(true);
            try (PreparedStatement restore = old.prepareStatement("SET SESSION sql_mode = ?")) {
                restore.setString(1, mode);
                restore.execute();
            }
        }
    }

    // information_schema answers from a cache that may be a day old unless told otherwise.
    private static long autoIncrement(Connection old, Sequence sequence) throws SQLException {
        try (Statement statement = old.createStatement()) {
            statement.execute("SET SESSION information_schema_stats_expiry = 0");
        }
        try (PreparedStatement select = old.prepareStatement("SELECT AUTO_INCREMENT FROM information_schema.TABLES"
                + " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?")) {
            select.setString(1, sequence.table());
            try (ResultSet row = select.executeQuery()) {
                if (!row.next() || row.getString(1) == null) {
                    throw new SwitchStoppedException("The table " + sequence.table()
                            + " on old has no AUTO_INCREMENT, but the plan hands one over.");
                }
                return row.getLong(1);
            }
        }
    }

    private static long nextValue(Connection meta, Sequence sequence) throws SQLException {
        try (PreparedStatement select = meta.prepareStatement("SELECT next_value FROM id_sequence WHERE name = ?")) {
            select.setString(1, sequence.name());
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new SwitchStoppedException(
                            "The sequence " + sequence.name() + " is not in meta.id_sequence.");
                }
                return row.getLong(1);
            }
        }
    }
}
