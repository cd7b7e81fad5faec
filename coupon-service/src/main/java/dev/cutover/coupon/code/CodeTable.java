package dev.cutover.coupon.code;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.SlotUsers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The rows of {@code coupon_code}, each in the shard database that its hash tells. Safe for many threads. */
final class CodeTable {
    // The batch of a code may be void; what was taken before goes on.
    private static final String VOID_BATCH =
            "EXISTS (SELECT 1 FROM coupon_code_void v WHERE v.batch_id = coupon_code.batch_id)";
    private static final String ROW = "SELECT code_hash, template_id, IF(status = 0 AND " + VOID_BATCH
            + ", 3, status), user_id, request_no, attempt,"
            + " (SELECT o.user_id FROM coupon_code_owner o WHERE o.code_hash = coupon_code.code_hash) FROM coupon_code ";
    private static final String SOMEBODY_ELSES =
            "EXISTS (SELECT 1 FROM coupon_code_owner o WHERE o.code_hash = coupon_code.code_hash AND o.user_id <> ?)";

    private final Topology topology;
    private final CouponDatabases databases;
    private final SlotUsers users;
    private final Duration budget;

    CodeTable(Topology topology, CouponDatabases databases, SlotUsers users, Duration budget) {
        this.topology = topology;
        this.databases = databases;
        this.users = users;
        this.budget = budget;
    }

    /** Where a code stands; the numbers are those of the column. */
    enum Status {
        NEW,
        /** A user is being issued its coupon. */
        CLAIMING,
        USED,
        VOID
    }

    /**
     * One code.
     *
     * @param user who takes it or has used it, 0 for nobody
     * @param attempt how often it was taken
     * @param owner whose alone it is, 0 when it is nobody's
     */
    record Row(
            CodeHash hash,
            TemplateId template,
            Status status,
            long user,
            @Nullable String requestNo,
            int attempt,
            long owner) {
        boolean isFor(long asking) {
            return owner == 0 || owner == asking;
        }
    }

    int databases() {
        return users.databases();
    }

    private <T> T write(int database, Work<T> work) {
        return databases.write(
                users.ofDatabase(database),
                budget,
                CouponDatabases.again(database, unit -> work.run(unit.connection())));
    }

    @FunctionalInterface
    private interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    /** A code that is one user's alone. */
    record Owned(CodeHash hash, long serial, long user) {}

    /** Codes of a batch, as a batch is made: those that are there already stay as they are, and whose they are. */
    void insert(int database, List<byte[]> hashes, List<Long> serials, CodeBatch batch, List<Owned> owned) {
        write(database, connection -> {
            List<@Nullable Object> values = new ArrayList<>();
            for (int i = 0; i < hashes.size(); i++) {
                values.add(hashes.get(i));
                values.add(batch.id());
                values.add(serials.get(i));
                values.add(batch.template().number());
            }
            int inserted = Sql.update(
                    connection,
                    "INSERT INTO coupon_code (code_hash, batch_id, serial, template_id) VALUES "
                            + Sql.tuples(hashes.size(), 4) + " ON DUPLICATE KEY UPDATE batch_id = batch_id",
                    values.toArray());
            own(connection, batch, owned);
            return inserted;
        });
    }

    /** Only codes that this list has brought: another's stay as they are. */
    private static void own(Connection connection, CodeBatch batch, List<Owned> owned) throws SQLException {
        if (owned.isEmpty()) {
            return;
        }
        Map<CodeHash, Origin> there = origins(
                connection, owned.stream().map(one -> one.hash().bytes()).toList());
        Object[] values = owned.stream()
                .filter(one -> new Origin(batch.id(), one.serial()).equals(there.get(one.hash())))
                .flatMap(one -> Stream.of(one.hash().bytes(), (Object) one.user()))
                .toArray();
        if (values.length > 0) {
            Sql.update(
                    connection,
                    "INSERT INTO coupon_code_owner (code_hash, user_id) VALUES " + Sql.tuples(values.length / 2, 2)
                            + " ON DUPLICATE KEY UPDATE code_hash = VALUES(code_hash)",
                    values);
        }
    }

    /** Where a code came from. */
    record Origin(long batch, long serial) {}

    Map<CodeHash, Origin> origins(int database, List<byte[]> hashes) {
        return write(database, connection -> origins(connection, hashes));
    }

    private static Map<CodeHash, Origin> origins(Connection connection, List<byte[]> hashes) throws SQLException {
        Map<CodeHash, Origin> origins = new HashMap<>();
        var unused = Sql.list(
                connection,
                row -> origins.put(CodeHash.of(row.getBytes(1)), new Origin(row.getLong(2), row.getLong(3))),
                "SELECT code_hash, batch_id, serial FROM coupon_code WHERE code_hash IN "
                        + Sql.tuples(1, hashes.size()),
                hashes.toArray());
        return origins;
    }

    /** Takes a code that nobody has for this user; tells how it stands then, empty when there is none. */
    Optional<Row> take(CodeHash hash, long user, String requestNo, long leaseUntil) {
        return write(hash.database(databases()), connection -> {
            Sql.update(
                    connection,
                    "UPDATE coupon_code SET status = 1, user_id = ?, request_no = ?, lease_until = ?, attempt = attempt + 1"
                            + " WHERE code_hash = ? AND status = 0 AND NOT " + VOID_BATCH + " AND NOT "
                            + SOMEBODY_ELSES,
                    user,
                    requestNo,
                    leaseUntil,
                    hash.bytes(),
                    user);
            return Sql.first(connection, CodeTable::row, ROW + "WHERE code_hash = ?", hash.bytes());
        });
    }

    private static Row row(ResultSet row) throws SQLException {
        return new Row(
                CodeHash.of(row.getBytes(1)),
                new TemplateId(row.getLong(2)),
                Status.values()[row.getInt(3)],
                row.getLong(4),
                row.getString(5),
                row.getInt(6),
                row.getLong(7));
    }

    void used(Row code, long couponId, long now) {
        write(
                code.hash().database(databases()),
                connection -> Sql.update(
                        connection,
                        "UPDATE coupon_code SET status = 2, coupon_id = ?, used_at = ? WHERE code_hash = ? AND status = 1"
                                + " AND user_id = ? AND attempt = ?",
                        couponId,
                        now,
                        code.hash().bytes(),
                        code.user(),
                        code.attempt()));
    }

    void free(Row code) {
        write(
                code.hash().database(databases()),
                connection -> Sql.update(
                        connection,
                        "UPDATE coupon_code SET status = 0, user_id = NULL, request_no = NULL WHERE code_hash = ?"
                                + " AND status = 1 AND user_id = ? AND attempt = ?",
                        code.hash().bytes(),
                        code.user(),
                        code.attempt()));
    }

    /**
     * Voids a code that nobody has; tells how it stands then, empty when there is none.
     *
     * @param condition that nobody has it
     */
    Optional<Row> voidCode(CodeHash hash, String condition) {
        return write(hash.database(databases()), connection -> {
            Sql.update(connection, "UPDATE coupon_code SET status = 3 WHERE code_hash = ?" + condition, new Object[] {
                hash.bytes()
            });
            return Sql.first(connection, CodeTable::row, ROW + "WHERE code_hash = ?", hash.bytes());
        });
    }

    /** Voids all codes of a batch in one database that nobody has; done again it changes nothing. */
    void voidBatch(int database, long batch) {
        write(
                database,
                connection -> Sql.update(
                        connection,
                        "INSERT INTO coupon_code_void (batch_id) VALUES (?) ON DUPLICATE KEY UPDATE batch_id = batch_id",
                        batch));
    }

    Optional<Row> find(CodeHash hash) {
        return read(hash.database(databases()), ROW + "WHERE code_hash = ?", new Object[] {hash.bytes()}).stream()
                .findFirst();
    }

    /** Codes whose taking nobody has ended in time. */
    List<Row> abandoned(int database, long now) {
        return read(database, ROW + "WHERE status = 1 AND lease_until <= ? LIMIT 100", new Object[] {now});
    }

    /** How many codes a batch has with numbers from {@code from} to before {@code to}; reads every code, without a deadline. */
    long count(int database, long batch, long from, long to) {
        return read(
                        database,
                        row -> row.getLong(1),
                        "SELECT COUNT(*) FROM coupon_code WHERE batch_id = ? AND serial >= ? AND serial < ?",
                        new Object[] {batch, from, to})
                .get(0);
    }

    private List<Row> read(int database, String sql, Object[] values) {
        return read(database, CodeTable::row, sql, values);
    }

    private <T> List<T> read(int database, Sql.RowReader<T> row, String sql, Object[] values) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return Sql.list(connection, row, sql, values);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading codes of shard-" + database, e);
        }
    }
}
