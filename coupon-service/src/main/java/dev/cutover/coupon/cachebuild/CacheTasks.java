package dev.cutover.coupon.cachebuild;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.detail.DetailKey;
import dev.cutover.coupon.id.CacheBuildId;
import dev.cutover.coupon.id.CacheTaskId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.template.TemplateRow;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The tables of cache-build tasks.
 *
 * <p>Idea: a task is taken by an UPDATE that asks for its state, and ended by one that asks for the owner who took it, both by primary key
 * and each committed by itself. Nobody holds a row while details are built, nobody waits for another worker's; who comes second changes
 * nothing and learns it from the number of rows. An owner is a worker and its turn, never used twice, so a worker that was thought dead
 * cannot end what another has begun.
 *
 * <p>Safe for many threads and processes.
 */
final class CacheTasks {
    /** A task that was taken so often is not taken again by itself. */
    static final int MOST_ATTEMPTS = 5;

    /** A weight of one goes before whatever was ordered less than so long before it. */
    static final Duration AGEING = Duration.ofSeconds(10);

    private static final String ALL =
            "SELECT task_id, build_id, queue_no, state, due, template_id, store_id, product, category, attempts, owner,"
                    + " started_at, finished_at, version, error FROM cache_task";
    // Rows are changed by their ids; the other index would have the server walk all that are ready.
    private static final String UPDATE = "UPDATE cache_task FORCE INDEX (PRIMARY) SET ";
    private static final int LONGEST_ERROR = 200;

    private final MetaDatabase meta;

    CacheTasks(MetaDatabase meta) {
        this.meta = meta;
    }

    /** Writes an order down; its tasks are made behind it. */
    CacheBuildId order(BuildOrder order, String fingerprint, long now) {
        ObjectNode wanted = JsonNodeFactory.instance.objectNode();
        wanted.set("templates", templates(order));
        wanted.set("stores", stores(order));
        wanted.set("products", products(order));
        return meta.own(connection -> new CacheBuildId(Sql.insert(
                        connection,
                        "INSERT INTO cache_build (build_no, fingerprint, reason, weight, tasks, wanted, ordered_by, created_at)"
                                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        order.number(),
                        fingerprint,
                        order.reason(),
                        order.weight(),
                        order.tasks(),
                        wanted.toString(),
                        order.operator(),
                        now)
                .get(0)));
    }

    /** An order of which not all tasks are made. */
    private record Open(long build, int weight, long createdAt, int products, int perProduct, int cut) {}

    /** Makes the next tasks of the oldest order that wants some, at most {@code most} or those of one product; false when none does. */
    boolean cut(int queues, int most) {
        return meta.own(connection -> {
            Optional<Open> open = Sql.first(
                    connection,
                    row -> new Open(
                            row.getLong(1), row.getInt(2), row.getLong(3), row.getInt(4), row.getInt(5), row.getInt(6)),
                    "SELECT build_id, weight, created_at, JSON_LENGTH(wanted, '$.products'),"
                            + " JSON_LENGTH(wanted, '$.templates') * JSON_LENGTH(wanted, '$.stores'), cut"
                            + " FROM cache_build WHERE open = 1 ORDER BY build_id LIMIT 1 FOR UPDATE SKIP LOCKED");
            if (open.isEmpty()) {
                return false;
            }
            Open build = open.get();
            int to = Math.min(build.products(), build.cut() + Math.max(1, most / build.perProduct()));
            // The server multiplies: thousands of tasks are one short statement.
            Sql.update(
                    connection,
                    "INSERT INTO cache_task (build_id, queue_no, due, key_hash, template_id, store_id, product, category)"
                            + " SELECT build_id, hash % ?, ?, hash, template_id, store_id, product, category FROM ("
                            + "SELECT build_id, t.id AS template_id, s.id AS store_id, p.id AS product, p.category,"
                            + " CRC32(CONCAT_WS('/', t.id, s.id, p.id)) AS hash FROM cache_build"
                            + " JOIN JSON_TABLE(wanted, '$.products[*]' COLUMNS (place FOR ORDINALITY,"
                            + " id VARCHAR(64) PATH '$[0]', category VARCHAR(64) PATH '$[1]')) p"
                            + " JOIN JSON_TABLE(wanted, '$.templates[*]' COLUMNS (id BIGINT PATH '$')) t"
                            + " JOIN JSON_TABLE(wanted, '$.stores[*]' COLUMNS (id VARCHAR(32) PATH '$')) s"
                            + " WHERE build_id = ? AND place > ? AND place <= ?) AS made",
                    queues,
                    due(build.createdAt(), build.weight()),
                    build.build(),
                    build.cut(),
                    to);
            Sql.update(
                    connection,
                    "UPDATE cache_build SET cut = ?, open = IF(cut = ?, NULL, 1) WHERE build_id = ?",
                    to,
                    build.products(),
                    build.build());
            return true;
        });
    }

    private static long due(long now, int weight) {
        return now - weight * AGEING.toMillis();
    }

    private static ArrayNode templates(BuildOrder order) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        order.templates().forEach(template -> list.add(template.number()));
        return list;
    }

    private static ArrayNode stores(BuildOrder order) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        order.stores().forEach(list::add);
        return list;
    }

    private static ArrayNode products(BuildOrder order) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        for (BuildOrder.Product product : order.products()) {
            ArrayNode one = list.addArray().add(product.name());
            // What is not there is NULL to JSON_TABLE; a null of JSON is the text of one to MySQL 8.0.15.
            if (product.category() != null) {
                one.add(product.category());
            }
        }
        return list;
    }

    Optional<CacheBuild> build(String column, Object value) {
        return meta.read(connection -> Sql.first(
                connection,
                row -> new CacheBuild(
                        new CacheBuildId(row.getLong("build_id")),
                        row.getString("build_no"),
                        row.getString("fingerprint"),
                        row.getString("reason"),
                        row.getInt("weight"),
                        row.getInt("tasks"),
                        row.getString("ordered_by"),
                        row.getLong("created_at")),
                "SELECT build_id, build_no, fingerprint, reason, weight, tasks, ordered_by, created_at FROM cache_build"
                        + " WHERE " + column + " = ?",
                value));
    }

    Optional<CacheBuild> build(String number) {
        return build("build_no", number);
    }

    Optional<CacheBuild> build(CacheBuildId id) {
        return build("build_id", id.number());
    }

    Map<CacheTask.State, Long> states(CacheBuildId id) {
        Map<CacheTask.State, Long> states = new EnumMap<>(CacheTask.State.class);
        long unmade = meta.read(connection -> Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT IF(open IS NULL, 0, tasks - cut * JSON_LENGTH(wanted, '$.templates')"
                                + " * JSON_LENGTH(wanted, '$.stores')) FROM cache_build WHERE build_id = ?",
                        id.number()))
                .orElse(0L);
        if (unmade > 0) {
            states.put(CacheTask.State.READY, unmade);
        }
        meta.read(connection -> Sql.list(
                        connection,
                        row -> Map.entry(state(row.getInt(1)), row.getLong(2)),
                        "SELECT state, COUNT(*) FROM cache_task WHERE build_id = ? GROUP BY state",
                        id.number()))
                .forEach(one -> states.merge(one.getKey(), one.getValue(), Long::sum));
        return states;
    }

    /**
     * What a list of tasks is asked for; what is empty does not matter.
     *
     * @param after the last one of the page before
     */
    record Filter(
            Optional<CacheBuildId> build,
            Optional<TemplateId> template,
            Optional<CacheTask.State> state,
            long after,
            int limit) {}

    List<CacheTask> page(Filter filter) {
        // Few are dead or running: to look for them among millions by their ids would take seconds.
        boolean rare = filter.build().isEmpty()
                && filter.template().isEmpty()
                && filter.state()
                        .filter(state -> state == CacheTask.State.DEAD || state == CacheTask.State.RUNNING)
                        .isPresent();
        StringBuilder sql = new StringBuilder(ALL)
                .append(rare ? " FORCE INDEX (idx_next)" : "")
                .append(" WHERE task_id > ?");
        List<@Nullable Object> values = new ArrayList<>(List.of(filter.after()));
        filter.build().ifPresent(build -> {
            sql.append(" AND build_id = ?");
            values.add(build.number());
        });
        filter.template().ifPresent(template -> {
            sql.append(" AND template_id = ?");
            values.add(template.number());
        });
        filter.state().ifPresent(state -> {
            sql.append(" AND state = ?");
            values.add(state.ordinal());
        });
        values.add(filter.limit());
        return meta.read(connection ->
                Sql.list(connection, CacheTasks::task, sql + " ORDER BY task_id LIMIT ?", values.toArray()));
    }

    Optional<CacheTask> find(CacheTaskId id) {
        return meta.read(
                connection -> Sql.first(connection, CacheTasks::task, ALL + " WHERE task_id = ?", id.number()));
    }

    /** The queues in which something is due. */
    List<Integer> waiting(long now) {
        return meta.read(connection -> Sql.list(
                connection,
                row -> row.getInt(1),
                "SELECT queue_no FROM cache_task WHERE state = 0 GROUP BY queue_no HAVING MIN(due) <= ?",
                now));
    }

    /**
     * The next tasks of a queue, taken for this owner.
     *
     * @param seen how many were ready: fewer than asked for, and the queue is empty behind them
     */
    record Taken(List<CacheTask> tasks, int seen) {}

    /** The place in a queue behind which somebody goes on. */
    record Place(long due, long task) {
        static final Place FIRST = new Place(Long.MIN_VALUE, 0);

        static Place behind(CacheTask task) {
            return new Place(task.due(), task.id().number());
        }
    }

    /**
     * Takes the next tasks of a queue.
     *
     * @param after what a worker has taken before it need not walk again: what InnoDB has not tidied away yet stands there
     * @param skip how many to leave to somebody else who is at this queue too
     * @param until when others may take them
     */
    Taken take(int queue, Place after, int most, int skip, String owner, long now, long until) {
        return meta.each(connection -> {
            List<CacheTask> ready = Sql.list(
                    connection,
                    CacheTasks::task,
                    ALL + " WHERE state = 0 AND queue_no = ? AND due <= ? AND (due > ? OR (due = ? AND task_id > ?))"
                            + " ORDER BY due, task_id LIMIT ? OFFSET ?",
                    queue,
                    now,
                    after.due(),
                    after.due(),
                    after.task(),
                    most,
                    skip);
            if (ready.isEmpty()) {
                return new Taken(List.of(), 0);
            }
            Object[] values = values(List.of(owner, until, now), ready);
            int taken = Sql.update(
                    connection,
                    UPDATE + "state = 1, owner = ?, lease_until = ?, started_at = ?, attempts = attempts + 1"
                            + " WHERE task_id IN " + Sql.tuples(1, ready.size()) + " AND state = 0",
                    values);
            return new Taken(taken == ready.size() ? ready : ours(connection, ready, owner), ready.size());
        });
    }

    private static List<CacheTask> ours(Connection connection, List<CacheTask> ready, String owner)
            throws SQLException {
        List<Long> ids = Sql.list(
                connection,
                row -> row.getLong(1),
                "SELECT task_id FROM cache_task WHERE owner = ? AND task_id IN " + Sql.tuples(1, ready.size()),
                values(List.of(owner), ready));
        return ready.stream().filter(task -> ids.contains(task.id().number())).toList();
    }

    private static Object[] values(List<?> first, List<CacheTask> tasks) {
        List<Object> values = new ArrayList<>(first);
        tasks.forEach(task -> values.add(task.id().number()));
        return values.toArray();
    }

    /**
     * Ends tasks that this owner still has; the number of them.
     *
     * @param versions of their templates, as the cache was told
     */
    int finish(List<CacheTask> tasks, Map<TemplateId, Integer> versions, String owner, long now) {
        StringBuilder version = new StringBuilder("CASE template_id");
        List<Object> values = new ArrayList<>(List.of(now));
        versions.forEach((template, number) -> {
            version.append(" WHEN ? THEN ?");
            values.add(template.number());
            values.add(number);
        });
        tasks.forEach(task -> values.add(task.id().number()));
        values.add(owner);
        return meta.each(connection -> Sql.update(
                connection,
                UPDATE + "state = 2, error = NULL, finished_at = ?, version = " + version + " END WHERE task_id IN "
                        + Sql.tuples(1, tasks.size()) + " AND state = 1 AND owner = ?",
                values.toArray()));
    }

    /** Has tasks that this owner still has tried again at {@code due}; those that were taken often enough are dead. */
    int fail(List<CacheTask> tasks, String why, String owner, long due, long now) {
        return giveBack(tasks, why, owner, due, now, "attempts = attempts");
    }

    /** The same for what the tasks had no part in: the attempt does not count. */
    int release(List<CacheTask> tasks, String why, String owner, long due, long now) {
        return giveBack(tasks, why, owner, due, now, "attempts = attempts - 1");
    }

    private int giveBack(List<CacheTask> tasks, String why, String owner, long due, long now, String attempts) {
        List<Object> values = values(why, due, now, tasks);
        values.add(owner);
        return meta.each(connection -> Sql.update(
                connection,
                // Assignments run from left to right.
                UPDATE + attempts + ", " + AGAIN_OR_DEAD + " WHERE task_id IN " + Sql.tuples(1, tasks.size())
                        + " AND state = 1 AND owner = ?",
                values.toArray()));
    }

    private static final String AGAIN_OR_DEAD = "error = ?, due = ?, finished_at = ?, state = IF(attempts >= "
            + MOST_ATTEMPTS + ", 3, 0)," + " owner = IF(state = 3, owner, NULL)";

    private static List<Object> values(String why, long due, long now, List<CacheTask> tasks) {
        List<Object> values =
                new ArrayList<>(List.of(why.substring(0, Math.min(why.length(), LONGEST_ERROR)), due, now));
        tasks.forEach(task -> values.add(task.id().number()));
        return values;
    }

    /** Gives back what workers have taken and not been heard of since; how many. */
    int giveBackAbandoned(long now) {
        return meta.each(connection -> {
            List<CacheTask> abandoned = Sql.list(
                    connection, CacheTasks::task, ALL + " WHERE state = 1 AND lease_until <= ? LIMIT 2000", now);
            if (abandoned.isEmpty()) {
                return 0;
            }
            List<Object> values = values("its worker was not heard of any more", now, now, abandoned);
            values.add(now);
            return Sql.update(
                    connection,
                    UPDATE + AGAIN_OR_DEAD + " WHERE task_id IN " + Sql.tuples(1, abandoned.size())
                            + " AND state = 1 AND lease_until <= ?",
                    values.toArray());
        });
    }

    /** Has a dead task tried again, with all its attempts; false when it is not dead. */
    boolean retry(CacheTaskId id, long now) {
        return meta.each(connection -> Sql.update(
                        connection,
                        UPDATE + "state = 0, attempts = 0, owner = NULL, due = ? WHERE task_id = ? AND state = 3",
                        now,
                        id.number()))
                == 1;
    }

    /** The highest id there is, 0 for none. */
    long last() {
        return meta.read(connection -> Sql.first(
                        connection, row -> row.getLong(1), "SELECT COALESCE(MAX(task_id), 0) FROM cache_task")
                .orElse(0L));
    }

    /** Puts those of the tasks with ids in (after, to] that wait in another queue than this number of queues gives them into that one. */
    int rehash(long after, long to, int queues) {
        return meta.each(connection -> Sql.update(
                connection,
                UPDATE + "queue_no = key_hash % ? WHERE task_id > ? AND task_id <= ? AND state = 0"
                        + " AND queue_no <> key_hash % ?",
                queues,
                after,
                to,
                queues));
    }

    /** Deletes those of the tasks with ids in (after, to] that were done before {@code moment}; how many. */
    int putAway(long after, long to, long moment) {
        return meta.each(connection -> Sql.update(
                connection,
                "DELETE FROM cache_task WHERE task_id > ? AND task_id <= ? AND state = 2 AND finished_at < ?",
                after,
                to,
                moment));
    }

    private static CacheTask.State state(int code) {
        return CacheTask.State.values()[code];
    }

    private static CacheTask task(ResultSet row) throws SQLException {
        Long version = TemplateRow.number(row, "version");
        return new CacheTask(
                new CacheTaskId(row.getLong("task_id")),
                new CacheBuildId(row.getLong("build_id")),
                row.getInt("queue_no"),
                state(row.getInt("state")),
                row.getLong("due"),
                new DetailKey(
                        new TemplateId(row.getLong("template_id")),
                        row.getString("store_id"),
                        row.getString("product"),
                        row.getString("category")),
                row.getInt("attempts"),
                row.getString("owner"),
                TemplateRow.number(row, "started_at"),
                TemplateRow.number(row, "finished_at"),
                version == null ? null : version.intValue(),
                row.getString("error"));
    }
}
