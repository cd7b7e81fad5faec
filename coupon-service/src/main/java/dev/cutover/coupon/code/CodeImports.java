package dev.cutover.coupon.code;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.AuditLog;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Codes that were made elsewhere: by the mall, or by whoever sends a list of them. Only their hash is kept.
 *
 * <p>Idea: a code is its hash, and the table's key lets it be there once, so a list may be sent any number of times. What a row became is
 * told by the numbers of its own upload: of two uploads of one list at the same moment each row is new to exactly one.
 *
 * <p>Typed text is compared as the mall's column did: without case, without spaces around it, and with everything else, so hyphens count.
 * Safe for many threads.
 */
public final class CodeImports {
    public static final int MOST_CODES = 100_000;

    private static final Logger LOG = LoggerFactory.getLogger(CodeImports.class);
    private static final int LONGEST = 32;
    private static final int ROWS = 1_000;
    private static final Duration KEPT = Duration.ofSeconds(2);

    private final MetaDatabase meta;
    private final CouponDatabases databases;
    private final CodeTable table;
    private final CodeKeys keys;
    private final InstantSource clock;
    private final Failpoints failpoints;
    private final LoadingCache<Boolean, List<String>> keysOfImports;

    CodeImports(Codes.Rooms rooms, CodeKeys keys, Failpoints failpoints) {
        this.meta = rooms.meta();
        this.databases = rooms.databases();
        this.table = new CodeTable(rooms.topology(), rooms.databases(), rooms.users(), rooms.budget());
        this.keys = keys;
        this.clock = rooms.clock();
        this.failpoints = failpoints;
        this.keysOfImports = Caffeine.newBuilder()
                .expireAfterWrite(KEPT)
                .build(any -> meta.read(connection -> Sql.list(
                        connection,
                        row -> row.getString(1),
                        "SELECT DISTINCT key_id FROM coupon_code_batch WHERE code_length = ?",
                        CodeBatch.IMPORTED)));
    }

    /**
     * A code as it was given.
     *
     * @param user whose alone it is; 0 when it is whoever's names it
     */
    public record Given(String typed, long user) {
        /** A row that says neither a code nor a user. */
        public static final Given UNREADABLE = new Given("", 0);

        public static Given ofAnybody(String typed) {
            return new Given(typed, 0);
        }
    }

    /** What became of a row. */
    public enum Result {
        IMPORTED,
        /** The batch had it already, from this list or another. */
        KNOWN,
        /** It is a code of another batch. */
        TAKEN,
        /** It can be no code: 1 to 32 printable characters of ASCII without spaces. */
        INVALID;

        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The text that is kept of a code, as its hash; empty for what can be none. */
    static Optional<String> normalised(String typed) {
        String text = typed.strip();
        return text.isEmpty() || text.length() > LONGEST || !text.chars().allMatch(c -> c > ' ' && c < 127)
                ? Optional.empty()
                : Optional.of(text.toUpperCase(Locale.ROOT));
    }

    /** The hash of a code that was imported; empty for all others. */
    Optional<CodeHash> known(String typed) {
        Optional<String> text = normalised(typed);
        for (String key : text.isEmpty() ? List.<String>of() : keysOfImports.get(true)) {
            CodeHash hash = CodeHash.of(keys.cipher(key).hash(text.get()));
            if (table.find(hash).isPresent()) {
                return Optional.of(hash);
            }
        }
        return Optional.empty();
    }

    /** What a code would be if it was imported: its hash under each key. */
    Stream<CodeHash> hashes(String typed) {
        return normalised(typed).stream()
                .flatMap(text -> StreamSupport.stream(keys.ids().spliterator(), false)
                        .map(key -> CodeHash.of(keys.cipher(key).hash(text))));
    }

    /** Brings one code into a batch, if it is not there. */
    CodeHash add(CodeBatch batch, String typed) {
        add(batch, List.of(Given.ofAnybody(typed)));
        return CodeHash.of(keys.cipher(batch.keyId()).hash(normalised(typed).orElseThrow()));
    }

    /**
     * The same as {@link #add}, written down with who sent them: behind the rows, so a process that dies in between leaves no line; whoever
     * was not answered sends them again and then has one.
     */
    public List<Result> upload(CodeBatch batch, List<Given> given, String operator) {
        List<Result> results = add(batch, given);
        ObjectNode counts = JsonNodeFactory.instance.objectNode();
        for (Result result : Result.values()) {
            counts.put(result.code(), results.stream().filter(result::equals).count());
        }
        meta.write((connection, epoch) -> {
            AuditLog.append(
                    connection,
                    Subject.ofCodeBatch(batch.id()),
                    operator,
                    "import_codes",
                    clock.millis(),
                    null,
                    counts);
            return batch;
        });
        return results;
    }

    /** Brings codes into a batch that is for them; what became of each, in their order. */
    public List<Result> add(CodeBatch batch, List<Given> given) {
        if (databases.truth() != Side.NEW) {
            throw new MigrationFenceException("Codes can be imported once the new side holds the truth.");
        }
        if (!batch.imported() || batch.voiding() != CodeBatch.Voiding.NOT) {
            throw new Refusal(
                    Reason.CODE_BATCH_STATE_CONFLICT,
                    "id",
                    "Batch " + batch + " is void, or its codes are made by the service: none can be imported.");
        }
        CodeCipher cipher = keys.cipher(batch.keyId());
        Map<String, Row> rows = new LinkedHashMap<>();
        List<Optional<String>> texts = new ArrayList<>();
        long first = begin(batch, given.size());
        for (int i = 0; i < given.size(); i++) {
            Optional<String> text = normalised(given.get(i).typed());
            texts.add(text);
            if (text.isPresent()) {
                rows.putIfAbsent(
                        text.get(),
                        new Row(
                                CodeHash.of(cipher.hash(text.get())),
                                first + i,
                                given.get(i).user()));
            }
        }
        Map<CodeHash, CodeTable.Origin> origins = insert(batch, List.copyOf(rows.values()));
        List<Result> results = new ArrayList<>();
        long imported = 0;
        for (int i = 0; i < given.size(); i++) {
            Result result = result(batch, texts.get(i).map(rows::get), first + i, origins);
            imported += result == Result.IMPORTED ? 1 : 0;
            results.add(result);
        }
        failpoints.hit(Failpoint.CODES_IMPORTED);
        count(batch.id(), first, imported);
        keysOfImports.invalidateAll();
        return results;
    }

    private long begin(CodeBatch batch, int rows) {
        return meta.write((connection, epoch) -> {
            long first = CodeBatches.reserve(connection, rows);
            Sql.update(
                    connection,
                    "INSERT INTO coupon_code_upload (first_no, batch_id, row_count, begun_at) VALUES (?, ?, ?, ?)",
                    first,
                    batch.id(),
                    rows,
                    clock.millis());
            return first;
        });
    }

    private record Upload(long first, long batch, int rows) {}

    /**
     * Counts what processes brought that died before they could, or are slow. There is no key by number, so it reads every code: it is for the
     * rare case.
     *
     * @param lease who began longer ago than that is given up
     */
    void finishAbandoned(Duration lease) {
        meta.read(connection -> Sql.list(
                        connection,
                        row -> new Upload(row.getLong(1), row.getLong(2), row.getInt(3)),
                        "SELECT first_no, batch_id, row_count FROM coupon_code_upload WHERE counted IS NULL"
                                + " AND begun_at <= ? LIMIT 10",
                        clock.millis() - lease.toMillis()))
                .forEach(upload -> {
                    long there = 0;
                    for (int database = 0; database < table.databases(); database++) {
                        there += table.count(database, upload.batch(), upload.first(), upload.first() + upload.rows());
                    }
                    count(upload.batch(), upload.first(), there);
                });
    }

    private record Row(CodeHash hash, long serial, long user) {}

    private static Result result(
            CodeBatch batch, Optional<Row> row, long serial, Map<CodeHash, CodeTable.Origin> origins) {
        if (row.isEmpty()) {
            return Result.INVALID;
        }
        CodeTable.Origin origin = origins.get(row.get().hash());
        if (origin == null) {
            throw new IllegalStateException("A code that was just imported is not there.");
        }
        if (origin.batch() != batch.id()) {
            return Result.TAKEN;
        }
        // The second of two equal rows of one list has the number of neither.
        return origin.serial() == serial ? Result.IMPORTED : Result.KNOWN;
    }

    private Map<CodeHash, CodeTable.Origin> insert(CodeBatch batch, List<Row> rows) {
        List<List<Row>> byDatabase = new ArrayList<>();
        for (int database = 0; database < table.databases(); database++) {
            byDatabase.add(new ArrayList<>());
        }
        rows.forEach(
                row -> byDatabase.get(row.hash().database(table.databases())).add(row));
        Map<CodeHash, CodeTable.Origin> origins = new HashMap<>();
        for (int database = 0; database < byDatabase.size(); database++) {
            List<Row> mine = byDatabase.get(database);
            for (int at = 0; at < mine.size(); at += ROWS) {
                List<Row> part = mine.subList(at, Math.min(mine.size(), at + ROWS));
                List<byte[]> hashes =
                        part.stream().map(row -> row.hash().bytes()).toList();
                table.insert(database, hashes, part.stream().map(Row::serial).toList(), batch, owned(part));
                origins.putAll(table.origins(database, hashes));
            }
        }
        return origins;
    }

    private static List<CodeTable.Owned> owned(List<Row> rows) {
        return rows.stream()
                .filter(row -> row.user() > 0)
                .map(row -> new CodeTable.Owned(row.hash(), row.serial(), row.user()))
                .toList();
    }

    // Codes stay where they are, so of two counts of one upload the larger is the later one, and adds what the other
    // has not.
    private void count(long batch, long first, long imported) {
        long added = meta.write((connection, epoch) -> {
            long before = Sql.first(
                            connection,
                            row -> row.getLong(1),
                            "SELECT COALESCE(counted, 0) FROM coupon_code_upload WHERE first_no = ? FOR UPDATE",
                            first)
                    .orElseThrow();
            long more = Math.max(0, imported - before);
            Sql.update(
                    connection, "UPDATE coupon_code_upload SET counted = ? WHERE first_no = ?", before + more, first);
            if (more > 0) {
                Sql.update(
                        connection,
                        "UPDATE coupon_code_batch SET made = made + ?, code_count = code_count + ? WHERE batch_id = ?",
                        more,
                        more,
                        batch);
            }
            return more;
        });
        if (added > 0) {
            LOG.info("Imported {} codes into batch cbt_{}", added, batch);
        }
    }
}
