package dev.cutover.coupon.issuance;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The rows of issuances in the meta database.
 *
 * <p>Idea: a worker takes a chunk by compare-and-set on its version and has it until its lease runs out; it writes down what became of the
 * chunk in one transaction that asks for that version once more. Invariant: the counts, failures and messages of a chunk are written once,
 * whoever issued its coupons and however often. Without the version in the last transaction, a worker that stood still would add counts
 * that its successor has added.
 *
 * <p>Locks are taken in the order fence, task, chunk, failures. Safe for many threads.
 */
final class IssuanceTables {
    private static final int ROWS = 500;
    private static final int BLOB_ROWS = 16;
    private static final int CANDIDATES = 8;
    private static final String TASK =
            "SELECT task_id, issuance_no, fingerprint, template_id, state, paused_because, seed, audience_sha256, named,"
                    + " duplicates, issued, batch_size, read_batch_size, message_users, rate, created_by, audit, created_at,"
                    + " run_since, run_base, finished_at, channel, partner_id"
                    + " FROM issuance_task LEFT JOIN issuance_channel USING (task_id) ";

    private final MetaDatabase meta;
    private final Failpoints failpoints;

    IssuanceTables(MetaDatabase meta, Failpoints failpoints) {
        this.meta = meta;
        this.failpoints = failpoints;
    }

    Optional<IssuanceTask> task(IssuanceId id) {
        return meta.read(
                connection -> Sql.first(connection, IssuanceTables::task, TASK + "WHERE task_id = ?", id.number()));
    }

    Optional<IssuanceTask> taskOf(String issuanceNo) {
        return meta.read(
                connection -> Sql.first(connection, IssuanceTables::task, TASK + "WHERE issuance_no = ?", issuanceNo));
    }

    List<IssuanceTask> tasksBefore(long id, int most) {
        return meta.read(connection -> Sql.list(
                connection, IssuanceTables::task, TASK + "WHERE task_id < ? ORDER BY task_id DESC LIMIT ?", id, most));
    }

    private static IssuanceTask task(ResultSet row) throws SQLException {
        String channel = row.getString("channel");
        long finished = row.getLong("finished_at");
        Long finishedAt = row.wasNull() ? null : finished;
        return new IssuanceTask(
                new IssuanceId(row.getLong("task_id")),
                row.getString("issuance_no"),
                row.getString("fingerprint"),
                new TemplateId(row.getLong("template_id")),
                IssuanceState.of(row.getInt("state")),
                row.getString("paused_because"),
                row.getString("seed"),
                row.getString("audience_sha256"),
                channel == null ? Channel.NONE : new Channel(channel, row.getString("partner_id")),
                row.getLong("named"),
                row.getLong("duplicates"),
                row.getLong("issued"),
                tunables(row),
                row.getString("created_by"),
                row.getString("audit"),
                row.getLong("created_at"),
                row.getLong("run_since"),
                row.getLong("run_base"),
                finishedAt);
    }

    private static Tunables tunables(ResultSet row) throws SQLException {
        return new Tunables(
                row.getInt("batch_size"),
                row.getInt("read_batch_size"),
                row.getInt("message_users"),
                row.getInt("rate"));
    }

    /** Inserts a task, and its chunks where the audience is known; throws on a known issuance_no. */
    IssuanceId create(IssuanceOrder order, String seed, ShardLayout layout, int chunkUsers, Change change) {
        return meta.write((connection, epoch) -> {
            long id = Sql.insert(
                            connection,
                            "INSERT INTO issuance_task (issuance_no, fingerprint, template_id, state, seed, batch_size,"
                                    + " read_batch_size, message_users, rate, created_by, audit, created_at)"
                                    + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            order.issuanceNo(),
                            order.fingerprint(),
                            order.template().number(),
                            IssuanceState.AWAITING_AUDIENCE.number(),
                            seed,
                            order.tunables().batchSize(),
                            order.tunables().readBatchSize(),
                            order.tunables().messageUsers(),
                            order.tunables().rate(),
                            order.operator(),
                            "[" + change.json() + "]",
                            change.at())
                    .get(0);
            change.audit(connection, new IssuanceId(id), "order_issuance");
            if (order.via().named()) {
                Sql.update(
                        connection,
                        "INSERT INTO issuance_channel (task_id, channel, partner_id) VALUES (?, ?, ?)",
                        id,
                        order.via().name(),
                        order.via().partner());
            }
            if (order.audience().isPresent()) {
                begin(connection, id, order.audience().get(), layout, chunkUsers, change.at());
            }
            return new IssuanceId(id);
        });
    }

    /** Gives a task its users; false when it has some already. */
    boolean begin(IssuanceId id, Audience audience, ShardLayout layout, int chunkUsers, long now) {
        return meta.write((connection, epoch) -> begin(connection, id.number(), audience, layout, chunkUsers, now));
    }

    private static boolean begin(
            Connection connection, long id, Audience audience, ShardLayout layout, int chunkUsers, long now)
            throws SQLException {
        int begun = Sql.update(
                connection,
                "UPDATE issuance_task SET state = ?, audience_sha256 = ?, named = ?, duplicates = ?, run_since = ?"
                        + " WHERE task_id = ? AND state = ?",
                IssuanceState.RUNNING.number(),
                audience.sha256(),
                audience.named(),
                audience.duplicates(),
                now,
                id,
                IssuanceState.AWAITING_AUDIENCE.number());
        if (begun == 0) {
            return false;
        }
        List<List<@Nullable Object>> rows =
                audience.isRange() ? ranges(id, audience, layout, chunkUsers) : lists(id, audience, layout, chunkUsers);
        insert(
                connection,
                "INSERT INTO issuance_chunk (task_id, chunk_no, database_no, users, range_from, range_to) VALUES ",
                rows,
                audience.isRange() ? ROWS : BLOB_ROWS);
        return true;
    }

    private static List<List<@Nullable Object>> ranges(long id, Audience audience, ShardLayout layout, int chunkUsers) {
        List<List<@Nullable Object>> rows = new ArrayList<>();
        long width = (long) chunkUsers * layout.databases();
        for (long from = audience.from(); from <= audience.to(); from += width) {
            for (int database = 0; database < layout.databases(); database++) {
                rows.add(Arrays.asList(
                        id, rows.size() + 1, database, null, from, Math.min(audience.to(), from + width - 1)));
            }
        }
        return rows;
    }

    private static List<List<@Nullable Object>> lists(long id, Audience audience, ShardLayout layout, int chunkUsers) {
        long[][] open = new long[layout.databases()][chunkUsers];
        int[] filled = new int[layout.databases()];
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (long user : audience.users()) {
            int database = layout.databaseOf(layout.slot(user));
            open[database][filled[database]++] = user;
            if (filled[database] == chunkUsers) {
                rows.add(chunk(id, rows.size() + 1, database, open[database], chunkUsers));
                filled[database] = 0;
            }
        }
        for (int database = 0; database < open.length; database++) {
            if (filled[database] > 0) {
                rows.add(chunk(id, rows.size() + 1, database, open[database], filled[database]));
            }
        }
        return rows;
    }

    private static List<@Nullable Object> chunk(long id, int number, int database, long[] users, int count) {
        return Arrays.asList(id, number, database, UserSet.encode(Arrays.copyOf(users, count)), null, null);
    }

    private static void insert(Connection connection, String insert, List<List<@Nullable Object>> rows, int at)
            throws SQLException {
        for (int from = 0; from < rows.size(); from += at) {
            List<List<@Nullable Object>> part = rows.subList(from, Math.min(rows.size(), from + at));
            List<@Nullable Object> values = new ArrayList<>();
            part.forEach(values::addAll);
            Sql.update(connection, insert + Sql.tuples(part.size(), part.get(0).size()), values.toArray());
        }
    }

    /** Moves a task from one of these states; false when it stands elsewhere. */
    boolean move(
            IssuanceId id, Collection<IssuanceState> from, IssuanceState to, @Nullable String because, Change change) {
        long now = change.at();
        return meta.write((connection, epoch) -> {
            boolean moved = Sql.update(
                            connection,
                            "UPDATE issuance_task SET run_base = IF(? = 1, issued, run_base), run_since = IF(? = 1, ?, run_since),"
                                    + " state = ?, paused_because = ?, finished_at = IF(? IN (4, 5), ?, NULL),"
                                    + " audit = JSON_ARRAY_APPEND(audit, '$', CAST(? AS JSON)) WHERE task_id = ? AND state IN ("
                                    + states(from) + ")",
                            to.number(),
                            to.number(),
                            now,
                            to.number(),
                            because,
                            to.number(),
                            now,
                            change.json(),
                            id.number())
                    == 1;
            if (moved) {
                change.audit(connection, id, "move_issuance");
            }
            return moved;
        });
    }

    private static String states(Collection<IssuanceState> states) {
        StringBuilder numbers = new StringBuilder();
        states.forEach(
                state -> numbers.append(numbers.length() == 0 ? "" : ", ").append(state.number()));
        return numbers.toString();
    }

    boolean tune(IssuanceId id, Tunables tunables, Change change) {
        return meta.write((connection, epoch) -> {
            boolean tuned = Sql.update(
                            connection,
                            "UPDATE issuance_task SET batch_size = ?, read_batch_size = ?, message_users = ?, rate = ?,"
                                    + " paced_until = 0, audit = JSON_ARRAY_APPEND(audit, '$', CAST(? AS JSON))"
                                    + " WHERE task_id = ? AND state IN (0, 1, 2)",
                            tunables.batchSize(),
                            tunables.readBatchSize(),
                            tunables.messageUsers(),
                            tunables.rate(),
                            change.json(),
                            id.number())
                    == 1;
            if (tuned) {
                change.audit(connection, id, "tune_issuance");
            }
            return tuned;
        });
    }

    /** Tasks that have something to do, in any order: a long one does not keep a short one waiting. */
    List<IssuanceTask> active() {
        List<IssuanceTask> tasks = new ArrayList<>(meta.read(
                connection -> Sql.list(connection, IssuanceTables::task, TASK + "WHERE state IN (1, 3) LIMIT 100")));
        Collections.shuffle(tasks);
        return tasks;
    }

    /** Takes on a chunk of this task that nobody has, or whose worker has not been heard of for its lease. */
    Optional<Chunk> take(IssuanceTask task, String owner, long now, Duration lease) {
        boolean counting = task.state() == IssuanceState.CANCELLING;
        return meta.write((connection, epoch) -> {
            List<Chunk> open = Sql.list(
                    connection,
                    row -> new Chunk(
                            task.id(),
                            row.getInt("chunk_no"),
                            row.getInt("database_no"),
                            null,
                            0,
                            0,
                            row.getInt("version"),
                            owner,
                            counting),
                    "SELECT chunk_no, database_no, version FROM issuance_chunk WHERE task_id = ? AND state IN (0, 1)"
                            + " AND lease_until <= ? AND begun >= ? ORDER BY chunk_no LIMIT ?",
                    task.id().number(),
                    now,
                    counting ? 1 : 0,
                    CANDIDATES);
            Collections.shuffle(open);
            for (Chunk chunk : open) {
                int taken = Sql.update(
                        connection,
                        "UPDATE issuance_chunk SET state = 1, begun = 1, owner = ?, lease_until = ?, version = version + 1"
                                + " WHERE task_id = ? AND chunk_no = ? AND version = ? AND state IN (0, 1)",
                        owner,
                        now + lease.toMillis(),
                        task.id().number(),
                        chunk.number(),
                        chunk.version());
                if (taken == 1) {
                    return Sql.first(
                            connection,
                            row -> new Chunk(
                                    task.id(),
                                    chunk.number(),
                                    chunk.database(),
                                    row.getBytes("users"),
                                    row.getLong("range_from"),
                                    row.getLong("range_to"),
                                    chunk.version() + 1,
                                    owner,
                                    counting),
                            "SELECT users, range_from, range_to FROM issuance_chunk WHERE task_id = ? AND chunk_no = ?",
                            task.id().number(),
                            chunk.number());
                }
            }
            return Optional.empty();
        });
    }

    /** Somebody else has the chunk. */
    static final class LostException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LostException(Chunk chunk) {
            super(
                    "Chunk " + chunk.number() + " of " + chunk.task() + " was taken on by another worker",
                    null,
                    false,
                    false);
        }
    }

    /**
     * Leave to issue to the next users.
     *
     * @param users how many; 0 when the task does not run
     * @param begin epoch milliseconds, not before
     */
    record Leave(IssuanceState state, Tunables tunables, int users, long begin) {}

    /** Asks for the next step of a chunk, and keeps the chunk for another lease. */
    Leave step(Chunk chunk, int left, long now, Duration lease) {
        return meta.write((connection, epoch) -> {
            IssuanceState[] state = new IssuanceState[1];
            long[] paced = new long[1];
            Tunables tunables = Sql.first(
                            connection,
                            row -> {
                                state[0] = IssuanceState.of(row.getInt("state"));
                                paced[0] = row.getLong("paced_until");
                                return tunables(row);
                            },
                            "SELECT state, paced_until, batch_size, read_batch_size, message_users, rate FROM issuance_task"
                                    + " WHERE task_id = ?" + " FOR UPDATE",
                            chunk.task().number())
                    .orElseThrow();
            int users = Math.min(left, tunables.readBatchSize());
            long begin = now;
            // Who counts what was issued before a cancel issues nothing.
            if (tunables.rate() > 0 && !chunk.counting()) {
                // At most a second of the rate at once, so that a change of it is felt soon.
                users = Math.min(users, tunables.rate());
                begin = Math.max(now, paced[0]);
                Sql.update(
                        connection,
                        "UPDATE issuance_task SET paced_until = ? WHERE task_id = ?",
                        begin + Math.max(1, users * 1000L / tunables.rate()),
                        chunk.task().number());
            }
            require(
                    chunk,
                    Sql.update(
                            connection,
                            "UPDATE issuance_chunk SET lease_until = ? WHERE task_id = ? AND chunk_no = ? AND version = ?"
                                    + " AND state = 1",
                            begin + lease.toMillis(),
                            chunk.task().number(),
                            chunk.number(),
                            chunk.version()));
            return new Leave(state[0], tunables, users, begin);
        });
    }

    private static void require(Chunk chunk, int found) {
        if (found == 0) {
            throw new LostException(chunk);
        }
    }

    /** Lets go of a chunk that is not finished; what was issued is found again. */
    void release(Chunk chunk, long notBefore) {
        meta.write((connection, epoch) -> Sql.update(
                connection,
                "UPDATE issuance_chunk SET state = 0, owner = NULL, lease_until = ?, version = version + 1"
                        + " WHERE task_id = ? AND chunk_no = ? AND version = ? AND state = 1",
                notBefore,
                chunk.task().number(),
                chunk.number(),
                chunk.version()));
    }

    /** Writes down what became of a chunk: counts, failures and messages, once. */
    void finish(Chunk chunk, TemplateId template, Outcome outcome, Retries retries, long now) {
        meta.write((connection, epoch) -> {
            int messageUsers = lockTask(connection, chunk.task());
            require(
                    chunk,
                    Sql.update(
                            connection,
                            "UPDATE issuance_chunk SET state = ?, owner = NULL, version = version + 1, issued = ?, failed = ?,"
                                    + " finished_at = ? WHERE task_id = ? AND chunk_no = ? AND version = ? AND state = 1",
                            chunk.counting() ? 3 : 2,
                            outcome.issued().size(),
                            outcome.failed().size(),
                            now,
                            chunk.task().number(),
                            chunk.number(),
                            chunk.version()));
            List<List<@Nullable Object>> failures = new ArrayList<>();
            for (Outcome.Failed failed : outcome.failed()) {
                failures.add(Arrays.asList(
                        chunk.task().number(),
                        failed.user(),
                        chunk.database(),
                        failed.reason(),
                        shortened(failed.message()),
                        1,
                        now + retries.after(1).toMillis(),
                        failed.again() && retries.more(1) ? 0 : 1));
            }
            insert(
                    connection,
                    "INSERT INTO issuance_failure (task_id, user_id, database_no, reason, message, attempts, next_at, dead)"
                            + " VALUES ",
                    failures,
                    ROWS);
            writeMessages(connection, chunk.task(), chunk.number(), 0, template, outcome.issued(), messageUsers, now);
            addIssued(connection, chunk.task(), outcome.issued().size());
            failpoints.hit(Failpoint.ISSUE_CHUNK_WRITTEN);
            return 0;
        });
    }

    private static int lockTask(Connection connection, IssuanceId task) throws SQLException {
        return Sql.first(
                        connection,
                        row -> row.getInt(1),
                        "SELECT message_users FROM issuance_task WHERE task_id = ? FOR UPDATE",
                        task.number())
                .orElseThrow();
    }

    private static void addIssued(Connection connection, IssuanceId task, int issued) throws SQLException {
        Sql.update(connection, "UPDATE issuance_task SET issued = issued + ? WHERE task_id = ?", issued, task.number());
    }

    private static String shortened(String message) {
        return message.length() <= 255 ? message : message.substring(0, 255);
    }

    private static void writeMessages(
            Connection connection,
            IssuanceId task,
            int chunk,
            int firstPart,
            TemplateId template,
            List<Long> issued,
            int messageUsers,
            long now)
            throws SQLException {
        long[] users = issued.stream().mapToLong(Long::longValue).sorted().toArray();
        List<List<@Nullable Object>> parts = new ArrayList<>();
        for (int from = 0; from < users.length; from += messageUsers) {
            long[] part = Arrays.copyOfRange(users, from, Math.min(users.length, from + messageUsers));
            parts.add(Arrays.asList(
                    task.number(),
                    chunk,
                    firstPart + parts.size(),
                    template.number(),
                    UserSet.encode(part),
                    part.length,
                    now,
                    now));
        }
        insert(
                connection,
                "INSERT INTO message_outbox (task_id, chunk_no, part_no, template_id, users, user_count, next_at, created_at)"
                        + " VALUES ",
                parts,
                ROWS);
    }

    /** Ends a task that has nothing left to do; false while it has. */
    boolean settle(IssuanceTask task, long now) {
        boolean counting = task.state() == IssuanceState.CANCELLING;
        String open = counting
                ? "SELECT 1 FROM issuance_chunk c WHERE c.task_id = t.task_id AND c.state IN (0, 1) AND c.begun = 1"
                : "SELECT 1 FROM issuance_chunk c WHERE c.task_id = t.task_id AND c.state IN (0, 1)";
        return meta.write((connection, epoch) -> Sql.update(
                        connection,
                        "UPDATE issuance_task t SET t.state = ?, t.finished_at = ? WHERE t.task_id = ? AND t.state = ?"
                                + " AND NOT EXISTS (" + open + ")"
                                + (counting
                                        ? ""
                                        : " AND NOT EXISTS (SELECT 1 FROM issuance_failure f WHERE f.task_id = t.task_id"
                                                + " AND f.dead = 0)"),
                        (counting ? IssuanceState.CANCELLED : IssuanceState.DONE).number(),
                        now,
                        task.id().number(),
                        task.state().number())
                == 1);
    }

    /** Takes on users whose retry is due, by database; {@code owner} is of this call alone. */
    Map<Integer, long[]> takeFailures(IssuanceTask task, String owner, long now, Duration lease) {
        return meta.write((connection, epoch) -> {
            int taken = Sql.update(
                    connection,
                    "UPDATE issuance_failure SET owner = ?, next_at = ? WHERE task_id = ? AND dead = 0 AND next_at <= ?"
                            + " ORDER BY next_at LIMIT ?",
                    owner,
                    now + lease.toMillis(),
                    task.id().number(),
                    now,
                    task.tunables().readBatchSize());
            if (taken == 0) {
                return Map.of();
            }
            Map<Integer, TreeSet<Long>> users = new TreeMap<>();
            Sql.list(
                    connection,
                    row -> users.computeIfAbsent(row.getInt(1), any -> new TreeSet<>())
                            .add(row.getLong(2)),
                    "SELECT database_no, user_id FROM issuance_failure WHERE owner = ?",
                    owner);
            Map<Integer, long[]> byDatabase = new LinkedHashMap<>();
            users.forEach((database, some) -> byDatabase.put(
                    database, some.stream().mapToLong(Long::longValue).toArray()));
            return byDatabase;
        });
    }

    /** Writes down what became of users taken on by {@link #takeFailures}: of those that are still this caller's. */
    void finishFailures(IssuanceTask task, String owner, Outcome outcome, Retries retries, long now) {
        meta.write((connection, epoch) -> {
            int messageUsers = lockTask(connection, task.id());
            Map<Long, Integer> mine = new TreeMap<>();
            Sql.list(
                    connection,
                    row -> mine.put(row.getLong(1), row.getInt(2)),
                    "SELECT user_id, attempts FROM issuance_failure WHERE owner = ? FOR UPDATE",
                    owner);
            List<Long> issued =
                    outcome.issued().stream().filter(mine::containsKey).toList();
            for (long user : issued) {
                Sql.update(
                        connection,
                        "DELETE FROM issuance_failure WHERE task_id = ? AND user_id = ?",
                        task.id().number(),
                        user);
            }
            for (Outcome.Failed failed : outcome.failed()) {
                Integer before = mine.get(failed.user());
                if (before != null) {
                    int attempts = before + 1;
                    Sql.update(
                            connection,
                            "UPDATE issuance_failure SET owner = NULL, reason = ?, message = ?, attempts = ?, next_at = ?,"
                                    + " dead = ? WHERE task_id = ? AND user_id = ?",
                            failed.reason(),
                            shortened(failed.message()),
                            attempts,
                            now + retries.after(attempts).toMillis(),
                            failed.again() && retries.more(attempts) ? 0 : 1,
                            task.id().number(),
                            failed.user());
                }
            }
            if (!issued.isEmpty()) {
                int firstPart = Sql.first(
                                connection,
                                row -> row.getInt(1),
                                "SELECT COALESCE(MAX(part_no), -1) + 1 FROM message_outbox WHERE task_id = ? AND chunk_no = 0",
                                task.id().number())
                        .orElseThrow();
                writeMessages(connection, task.id(), 0, firstPart, task.template(), issued, messageUsers, now);
                addIssued(connection, task.id(), issued.size());
            }
            return 0;
        });
    }

    /** How many users have failed, and how many of them are not tried again; messages that wait, and those delivered. */
    record Counts(long failed, long dead, long messagesWaiting, long messagesDelivered) {}

    Counts counts(IssuanceId id) {
        return meta.read(connection -> {
            Counts failures = Sql.first(
                            connection,
                            row -> new Counts(row.getLong(1), row.getLong(2), 0, 0),
                            "SELECT COUNT(*), COALESCE(SUM(dead), 0) FROM issuance_failure WHERE task_id = ?",
                            id.number())
                    .orElseThrow();
            return Sql.first(
                            connection,
                            row -> new Counts(failures.failed(), failures.dead(), row.getLong(1), row.getLong(2)),
                            "SELECT COALESCE(SUM(state = 0), 0), COALESCE(SUM(state = 1), 0) FROM message_outbox"
                                    + " WHERE task_id = ?",
                            id.number())
                    .orElseThrow();
        });
    }

    List<UserFailure> failures(IssuanceId id, long afterUser, int most) {
        return meta.read(connection -> Sql.list(
                connection,
                row -> new UserFailure(
                        row.getLong(1),
                        row.getString(2),
                        row.getString(3),
                        row.getInt(4),
                        row.getLong(5),
                        row.getInt(6) == 1),
                "SELECT user_id, reason, message, attempts, next_at, dead FROM issuance_failure"
                        + " WHERE task_id = ? AND user_id > ? ORDER BY user_id LIMIT ?",
                id.number(),
                afterUser,
                most));
    }

    /** A message on its way. */
    record Message(long id, IssuanceId task, int chunk, int part, TemplateId template, long[] users, int attempts) {}

    /** Takes on the messages that have waited longest, for as long as the lease; each is given out again when it is over. */
    List<Message> takeMessages(int most, long now, Duration lease) {
        return meta.write((connection, epoch) -> {
            List<Message> due = Sql.list(
                    connection,
                    row -> new Message(
                            row.getLong(1),
                            new IssuanceId(row.getLong(2)),
                            row.getInt(3),
                            row.getInt(4),
                            new TemplateId(row.getLong(5)),
                            UserSet.decode(row.getBytes(6)),
                            row.getInt(7) + 1),
                    "SELECT message_id, task_id, chunk_no, part_no, template_id, users, attempts FROM message_outbox"
                            + " WHERE state = 0 AND next_at <= ? ORDER BY next_at LIMIT ? FOR UPDATE SKIP LOCKED",
                    now,
                    most);
            for (Message message : due) {
                Sql.update(
                        connection,
                        "UPDATE message_outbox SET next_at = ?, attempts = ? WHERE message_id = ?",
                        now + lease.toMillis(),
                        message.attempts(),
                        message.id());
            }
            return due;
        });
    }

    void delivered(Message message, long now) {
        meta.write((connection, epoch) -> Sql.update(
                connection,
                "UPDATE message_outbox SET state = 1, delivered_at = ? WHERE message_id = ? AND state = 0",
                now,
                message.id()));
    }

    void notDelivered(Message message, long nextAt) {
        meta.write((connection, epoch) -> Sql.update(
                connection,
                "UPDATE message_outbox SET next_at = ? WHERE message_id = ? AND state = 0 AND attempts = ?",
                nextAt,
                message.id(),
                message.attempts()));
    }
}
