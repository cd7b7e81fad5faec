package dev.cutover.coupon.code;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.template.TemplateRow;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Batches of codes: ordered, made in the background, exported.
 *
 * <p>Idea: a batch owns a range of numbers that no other batch has, and its codes are those numbers under the key; so they are distinct
 * without being compared, made again after a crash they are the same, and an export needs no code in any database. Safe for many threads.
 */
public final class CodeBatches {
    public static final int MOST_CODES = 1_000_000;
    public static final int SHORTEST = CodeCipher.SHORTEST;
    public static final int LONGEST = CodeCipher.LONGEST;

    private static final Logger LOG = LoggerFactory.getLogger(CodeBatches.class);
    private static final int TOGETHER = 10_000;
    private static final int ROWS = 1_000;
    // Codes of one part of an export.
    private static final int PART = 5_000;
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final String SEQUENCE = "coupon_code";
    private static final String BATCH =
            "SELECT batch_id, batch_no, template_id, key_id, code_length, first_no, code_count, made, created_by, created_at,"
                    + " done FROM coupon_code_batch LEFT JOIN coupon_code_batch_void USING (batch_id) ";

    private final MetaDatabase meta;
    private final CodeTable table;
    private final CouponDatabases databases;
    private final TemplateCatalog templates;
    private final CodeKeys keys;
    private final InstantSource clock;

    public CodeBatches(Codes.Rooms rooms, CodeKeys keys) {
        this.meta = rooms.meta();
        this.table = new CodeTable(rooms.topology(), rooms.databases(), rooms.users(), rooms.budget());
        this.databases = rooms.databases();
        this.templates = rooms.templates();
        this.keys = keys;
        this.clock = rooms.clock();
    }

    /** What became of an order. */
    public record Ordered(CodeBatch batch, boolean known) {}

    /** Orders a batch, once for each number. */
    public Ordered order(String batchNo, TemplateId template, int count, int length, String operator) {
        requireNew();
        Optional<CodeBatch> known = find("WHERE batch_no = ?", batchNo);
        if (known.isEmpty()) {
            Template offered = templates.require(template, "template_id").template();
            var unused = offered.claimedAt(clock.millis());
            try {
                return new Ordered(create(batchNo, template, count, length, operator), false);
            } catch (DatabaseTroubleException e) {
                // A twin was faster, if its row is there now.
                known = find("WHERE batch_no = ?", batchNo);
                if (known.isEmpty()) {
                    throw e;
                }
            }
        }
        CodeBatch there = known.get();
        if (!there.template().equals(template)
                || there.length() != length
                || (there.count() != count && !there.imported())) {
            throw new Refusal(
                    Reason.IDEMPOTENCY_KEY_REUSED,
                    "batch_no",
                    "Batch '" + batchNo + "' is there already, of another template, count or length.");
        }
        return new Ordered(there, true);
    }

    /** The first of so many numbers that no other code has. */
    static long reserve(Connection connection, int count) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO id_sequence (name, next_value) VALUES (?, ?)"
                        + " ON DUPLICATE KEY UPDATE next_value = next_value + ?",
                SEQUENCE,
                count,
                count);
        return Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT next_value - ? FROM id_sequence WHERE name = ?",
                        count,
                        SEQUENCE)
                .orElseThrow();
    }

    private CodeBatch create(String batchNo, TemplateId template, int count, int length, String operator) {
        String key = keys.current();
        meta.write((connection, epoch) -> {
            long id = Sql.insert(
                            connection,
                            "INSERT INTO coupon_code_batch (batch_no, template_id, key_id, code_length, first_no,"
                                    + " code_count, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            batchNo,
                            template.number(),
                            key,
                            length,
                            reserve(connection, count),
                            count,
                            operator,
                            clock.millis())
                    .get(0);
            ObjectNode became = node().put("template_id", template.toString())
                    .put("count", count)
                    .put("imported", length == CodeBatch.IMPORTED);
            audit(connection, id, operator, "create_code_batch", became);
            return id;
        });
        return find("WHERE batch_no = ?", batchNo).orElseThrow();
    }

    /** A batch for codes that were made elsewhere, once for each number; it has none until they are imported. */
    public Ordered orderImport(String batchNo, TemplateId template, String operator) {
        return order(batchNo, template, 0, CodeBatch.IMPORTED, operator);
    }

    /** The same whatever the state of its template is: a code is refused when it is redeemed. */
    CodeBatch openImport(String batchNo, TemplateId template, String operator) {
        Optional<CodeBatch> known = find("WHERE batch_no = ?", batchNo);
        if (known.isPresent()) {
            return known.get();
        }
        try {
            return create(batchNo, template, 0, CodeBatch.IMPORTED, operator);
        } catch (DatabaseTroubleException e) {
            // A twin was faster, if its row is there now.
            return find("WHERE batch_no = ?", batchNo).orElseThrow(() -> e);
        }
    }

    public CodeBatch batch(long id) {
        requireNew();
        return find("WHERE batch_id = ?", id)
                .orElseThrow(() -> new Refusal(Reason.CODE_BATCH_NOT_FOUND, "id", "There is no batch cbt_" + id + "."));
    }

    private Optional<CodeBatch> find(String where, Object value) {
        return meta.read(connection -> Sql.first(connection, CodeBatches::batch, BATCH + where, value));
    }

    private static CodeBatch batch(ResultSet row) throws SQLException {
        return new CodeBatch(
                row.getLong("batch_id"),
                row.getString("batch_no"),
                new TemplateId(row.getLong("template_id")),
                row.getString("key_id"),
                row.getInt("code_length"),
                row.getLong("first_no"),
                row.getInt("code_count"),
                row.getInt("made"),
                row.getString("created_by"),
                row.getLong("created_at"),
                voiding(TemplateRow.number(row, "done")));
    }

    private static CodeBatch.Voiding voiding(@Nullable Long done) {
        return done == null ? CodeBatch.Voiding.NOT : done == 1 ? CodeBatch.Voiding.DONE : CodeBatch.Voiding.BEGUN;
    }

    /**
     * Makes all codes of a batch void that nobody has used, also those that are still to be made. What is void stays so; a code that is
     * being redeemed at the moment is redeemed, or void when that fails.
     *
     * <p>The batch is void where each database says so: the code's own transaction asks there.
     */
    public CodeBatch voidBatch(long id, String operator, String reason) {
        CodeBatch batch = batch(id);
        meta.write((connection, epoch) -> {
            int inserted = Sql.update(
                    connection,
                    "INSERT IGNORE INTO coupon_code_batch_void (batch_id, voided_by, reason, voided_at, done)"
                            + " VALUES (?, ?, ?, ?, 0)",
                    id,
                    operator,
                    reason,
                    clock.millis());
            if (inserted == 1) {
                audit(connection, id, operator, "void_code_batch", node().put("reason", reason));
            }
            return inserted;
        });
        finishVoid(id);
        LOG.info("Operator {} made batch {} void", operator, batch);
        return batch(id);
    }

    private void audit(Connection connection, long batch, String operator, String action, ObjectNode became)
            throws SQLException {
        AuditLog.append(connection, Subject.ofCodeBatch(batch), operator, action, clock.millis(), null, became);
    }

    private static ObjectNode node() {
        return JsonNodeFactory.instance.objectNode();
    }

    private void finishVoid(long batch) {
        for (int database = 0; database < table.databases(); database++) {
            table.voidBatch(database, batch);
        }
        meta.write((connection, epoch) ->
                Sql.update(connection, "UPDATE coupon_code_batch_void SET done = 1 WHERE batch_id = ?", batch));
    }

    /** Those that somebody began to make void and did not finish. */
    private void finishVoids() {
        meta.read(connection -> Sql.list(
                        connection,
                        row -> row.getLong(1),
                        "SELECT batch_id FROM coupon_code_batch_void WHERE done = 0 AND voided_at <= ? LIMIT 100",
                        clock.millis() - LEASE.toMillis()))
                .forEach(this::finishVoid);
    }

    private void requireNew() {
        if (databases.truth() != Side.NEW) {
            throw new MigrationFenceException("Batches of codes can be made once the new side holds the truth.");
        }
    }

    /** Makes the next codes of some batch that is not ready; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            if (databases.truth() == Side.NEW) {
                finishVoids();
            }
            while (databases.truth() == Side.NEW && makeSome()) {
                LOG.debug("Ten thousand codes more");
            }
        } catch (EpochMovedException | MigrationFenceException e) {
            LOG.debug("Codes wait for a switch of the migration", e);
        } catch (RuntimeException e) {
            LOG.warn("Codes could not be made, trying again: {}", e.toString());
        }
    }

    /** By turns, so that a small batch does not wait for a large one. */
    private boolean makeSome() {
        String owner = UUID.randomUUID().toString();
        long now = clock.millis();
        int taken = meta.write((connection, epoch) -> Sql.update(
                connection,
                "UPDATE coupon_code_batch SET owner = ?, lease_until = ? WHERE made < code_count AND lease_until <= ?"
                        + " ORDER BY made LIMIT 1",
                owner,
                now + LEASE.toMillis(),
                now));
        if (taken == 0) {
            return false;
        }
        CodeBatch batch = find("WHERE owner = ?", owner).orElseThrow();
        int to = Math.min(batch.count(), batch.made() + TOGETHER);
        insert(batch, batch.made(), to);
        // Only who still has the batch moves it on; codes made twice are the same codes.
        meta.write((connection, epoch) -> Sql.update(
                connection,
                "UPDATE coupon_code_batch SET made = ?, owner = NULL, lease_until = 0 WHERE batch_id = ? AND owner = ?"
                        + " AND made = ?",
                to,
                batch.id(),
                owner,
                batch.made()));
        return true;
    }

    private record Made(byte[] hash, long serial) {}

    private void insert(CodeBatch batch, int from, int to) {
        CodeCipher cipher = keys.cipher(batch.keyId());
        List<List<Made>> byDatabase = new ArrayList<>();
        for (int database = 0; database < table.databases(); database++) {
            byDatabase.add(new ArrayList<>());
        }
        for (int i = from; i < to; i++) {
            long serial = batch.first() + i;
            byte[] hash = cipher.hash(cipher.code(serial, batch.length()));
            byDatabase.get(CodeHash.of(hash).database(table.databases())).add(new Made(hash, serial));
        }
        for (int database = 0; database < byDatabase.size(); database++) {
            List<Made> made = byDatabase.get(database);
            // The table is ordered by the hash: neighbours are written together.
            made.sort((one, other) -> Arrays.compareUnsigned(one.hash(), other.hash()));
            for (int at = 0; at < made.size(); at += ROWS) {
                List<Made> rows = made.subList(at, Math.min(made.size(), at + ROWS));
                table.insert(
                        database,
                        rows.stream().map(Made::hash).toList(),
                        rows.stream().map(Made::serial).toList(),
                        batch,
                        List.of());
            }
        }
    }

    /**
     * The codes of a batch, one a line behind a heading.
     *
     * @param parts of the text in their order, each made when it is asked for: together they are more than anybody should hold
     * @param sha256 of the text
     */
    public record Export(Iterable<String> parts, String sha256) {}

    private Iterable<String> parts(CodeBatch batch) {
        return () -> IntStream.iterate(0, from -> from < batch.count(), from -> from + PART)
                .mapToObj(from -> part(batch, from))
                .iterator();
    }

    private String part(CodeBatch batch, int from) {
        CodeCipher cipher = keys.cipher(batch.keyId());
        StringBuilder text = new StringBuilder((batch.length() + 1) * (PART + 1)).append(from == 0 ? "code\n" : "");
        for (int i = from; i < Math.min(batch.count(), from + PART); i++) {
            text.append(cipher.code(batch.first() + i, batch.length())).append('\n');
        }
        return text.toString();
    }

    /**
     * All codes of a batch, written down with who took them.
     *
     * @param reason why once more, empty for the first time
     */
    public Export export(long id, String operator, String reason) {
        CodeBatch batch = batch(id);
        if (batch.imported()) {
            throw new Refusal(
                    Reason.CODE_BATCH_STATE_CONFLICT,
                    "id",
                    "The codes of batch " + batch + " were made elsewhere: only their hashes are kept.");
        }
        if (!batch.ready()) {
            throw new Refusal(
                    Reason.CODE_BATCH_STATE_CONFLICT,
                    "id",
                    "Of the codes of batch " + batch + " " + batch.made() + " of " + batch.count() + " are made.");
        }
        if (batch.voiding() != CodeBatch.Voiding.NOT) {
            throw new Refusal(Reason.CODE_BATCH_STATE_CONFLICT, "id", "Batch " + batch + " is void.");
        }
        Iterable<String> parts = parts(batch);
        Export export = new Export(parts, sha256(parts));
        boolean written = meta.write((connection, epoch) -> {
            // The row of the batch is locked, so that of two first exports one comes second.
            var unused = Sql.first(
                    connection,
                    row -> row.getLong(1),
                    "SELECT batch_id FROM coupon_code_batch WHERE batch_id = ? FOR UPDATE",
                    id);
            long before = Sql.first(
                            connection,
                            row -> row.getLong(1),
                            "SELECT COUNT(*) FROM coupon_code_export WHERE batch_id = ?",
                            id)
                    .orElseThrow();
            if (before > 0 && reason.isBlank()) {
                return false;
            }
            Sql.update(
                    connection,
                    "INSERT INTO coupon_code_export (batch_id, exported_by, reason, sha256, exported_at) VALUES (?, ?, ?, ?, ?)",
                    id,
                    operator,
                    reason,
                    export.sha256(),
                    clock.millis());
            audit(
                    connection,
                    id,
                    operator,
                    "export_codes",
                    node().put("reason", reason).put("sha256", export.sha256()));
            return true;
        });
        if (!written) {
            throw new Refusal(
                    Reason.CODE_BATCH_STATE_CONFLICT,
                    "reason",
                    "The codes of batch " + batch + " were exported before: say in 'reason' why once more.");
        }
        LOG.info("Operator {} exported the codes of batch {}", operator, batch);
        return export;
    }

    private static String sha256(Iterable<String> parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            parts.forEach(part -> digest.update(part.getBytes(StandardCharsets.US_ASCII)));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}
