package dev.cutover.core.stage;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.UnreachableException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * The control database in MySQL. Safe for many threads and many processes.
 *
 * <p><b>Idea.</b> The register is one row, moved by an UPDATE whose WHERE clause names the version it was read at; the event is written in
 * the same transaction, chained to the one before by its hash, under the lock of the chain's head.
 *
 * <p><b>Invariant.</b> Of all who move the register from one version, one wins; every move has its event, and no event is without its move.
 * A commit whose answer was lost is looked up by the event's number and hash, with a locking read, so that a winner never thinks it lost.
 *
 * <p><b>What breaks without it.</b> Two commands would both claim a switch; or one that won would abort its own switch as a stranger's.
 *
 * <p>Times go in and out as epoch milliseconds, so that no session's time zone matters.
 */
public final class MySqlControlDatabase implements ControlDatabase {
    private static final int ANSWER_MILLIS = 3_000;
    private static final String NOW = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";
    private static final String EVENTS =
            "SELECT seq, " + millis("at") + " AS at, actor, kind, summary, from_state, to_state,"
                    + " reason, detail, prev_hash, hash FROM cutover_event ";
    private static final String VERIFICATIONS = "SELECT run_id, " + millis("started_at") + " AS started_at, "
            + millis("finished_at")
            + " AS finished_at, scope, verdict, cells, row_count, differences, epoch, stage, report"
            + " FROM cutover_verification";
    private static final int NO_SUCH_TABLE = 1146;
    private static final int CHAIN_PAGE = 1_000;

    private final DataSource dataSource;
    private final Jdbi jdbi;

    public MySqlControlDatabase(DataSource dataSource) {
        this.dataSource = dataSource;
        this.jdbi = Jdbi.create(dataSource);
    }

    @Override
    public void install() {
        try {
            Flyway.configure()
                    .loggers(QuietFlywayLog.class.getName())
                    .dataSource(dataSource)
                    .locations("classpath:sql/control")
                    .table("cutover_schema_history")
                    // A schema that other tables live in already may become the control schema, too.
                    .baselineOnMigrate(true)
                    .baselineVersion("0")
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new ControlDatabaseException(
                    "Could not install the control tables: " + e.getMessage()
                            + " Does the account have CREATE, ALTER and INDEX on the control schema?",
                    e);
        }
    }

    @Override
    public Register read() {
        return readIfInstalled()
                .orElseThrow(() -> new ControlDatabaseException(
                        "The control database holds no register yet: the migration has not been initialised."));
    }

    @Override
    public Optional<Register> readIfInstalled() {
        try {
            return with("read the register", MySqlControlDatabase::selectRegister);
        } catch (ControlDatabaseException e) {
            if (sqlError(e) == NO_SUCH_TABLE) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public Register initialise(MigrationPlan plan) {
        Register first = Register.initial(plan.migration(), plan.hash());
        Register found = inTransaction("write the first register", handle -> {
            int written = bind(
                            handle.createUpdate(
                                    "INSERT IGNORE INTO cutover_register (id, version, migration, plan_hash, epoch,"
                                            + " truth, phase, switch_to, decision, lease_owner, lease_until, stage, mirror,"
                                            + " read_percent, shadow_percent, frozen) VALUES (1, :version, :migration, :planHash,"
                                            + " :epoch, :truth, :phase, :switchTo, :decision, :leaseOwner,"
                                            + " FROM_UNIXTIME(:leaseUntil / 1000), :stage, :mirror, :readPercent, :shadowPercent,"
                                            + " :frozen)"),
                            first)
                    .execute();
            if (written == 1) {
                append(
                        handle,
                        new EventDraft(
                                "cutover",
                                "initialise",
                                "Migration " + first.migration() + " was initialised.",
                                "",
                                first.stage().name(),
                                null,
                                null));
            }
            return selectRegister(handle).orElseThrow();
        });
        if (!found.migration().equals(plan.migration())) {
            throw new ControlDatabaseException("The control database belongs to the migration '" + found.migration()
                    + "', not to '" + plan.migration() + "': give each migration a control schema of its own.");
        }
        return found;
    }

    @Override
    public boolean compareAndSet(Register expected, Register next, EventDraft event) {
        Register written = next.withVersion(expected.version() + 1);
        Event[] appended = new Event[1];
        try {
            return inTransaction("move the register", handle -> {
                int moved = bind(
                                handle.createUpdate(
                                        "UPDATE cutover_register SET version = :version, migration = :migration,"
                                                + " plan_hash = :planHash, epoch = :epoch, truth = :truth, phase = :phase,"
                                                + " switch_to = :switchTo, decision = :decision, lease_owner = :leaseOwner,"
                                                + " lease_until = FROM_UNIXTIME(:leaseUntil / 1000), stage = :stage,"
                                                + " mirror = :mirror, read_percent = :readPercent,"
                                                + " shadow_percent = :shadowPercent, frozen = :frozen"
                                                + " WHERE id = 1 AND version = :expected"),
                                written)
                        .bind("expected", expected.version())
                        .execute();
                if (moved == 1) {
                    appended[0] = append(handle, event);
                }
                return moved == 1;
            });
        } catch (ControlDatabaseException e) {
            Event unsure = appended[0];
            if (unsure == null) {
                throw e;
            }
            // Both rows were written; only the answer to COMMIT is missing.
            return wasAppended(unsure, e);
        }
    }

    @Override
    public Instant now() {
        return with(
                "read the clock",
                handle -> Instant.ofEpochMilli(
                        handle.createQuery("SELECT " + NOW).mapTo(Long.class).one()));
    }

    @Override
    public List<Event> events(int limit) {
        return with("read the events", handle -> {
            try (Stream<Event> newestFirst = handle
                    .createQuery(EVENTS + "ORDER BY seq DESC LIMIT :limit")
                    .bind("limit", limit)
                    .map((row, context) -> event(row))
                    .stream()) {
                return newestFirst.sorted(Comparator.comparingLong(Event::seq)).toList();
            }
        });
    }

    @Override
    public List<Event> eventsAfter(long seq, int limit) {
        return with(
                "read the events",
                handle -> handle.createQuery(EVENTS + "WHERE seq > :seq ORDER BY seq LIMIT :limit")
                        .bind("seq", seq)
                        .bind("limit", limit)
                        .map((row, context) -> event(row))
                        .list());
    }

    @Override
    public void appendEvent(EventDraft event) {
        inTransaction("append an event", handle -> append(handle, event));
    }

    @Override
    public Optional<Long> firstBrokenEvent() {
        // The head first: events appended while the chain is walked do not matter then.
        Head head = with("read the head of the events", handle -> head(handle, ""));
        String previous = Event.NO_HASH;
        long seq = 0;
        while (seq < head.seq()) {
            List<Event> page = eventsAfter(seq, CHAIN_PAGE);
            for (Event event : page) {
                if (event.seq() != seq + 1 || !event.prevHash().equals(previous) || !event.intact()) {
                    return Optional.of(seq + 1);
                }
                seq = event.seq();
                previous = event.hash();
                if (seq == head.seq()) {
                    break;
                }
            }
            if (page.isEmpty()) {
                return Optional.of(seq + 1);
            }
        }
        return previous.equals(head.hash()) ? Optional.empty() : Optional.of(seq);
    }

    @Override
    public Optional<Lease> tryLease(String name, String owner, Duration validity) {
        return inTransaction("take the lease " + name, handle -> {
            // The row first, already over: two first takers then meet at the row lock and not in a duplicate key.
            handle.createUpdate("INSERT IGNORE INTO cutover_lease (name, owner, token, `until`)"
                            + " VALUES (:name, '', 0, NOW(3))")
                    .bind("name", name)
                    .execute();
            int taken = handle.createUpdate("UPDATE cutover_lease SET owner = :owner, token = token + 1, `until` = "
                            + after("validity") + " WHERE name = :name AND `until` <= NOW(3)")
                    .bind("owner", owner)
                    .bind("validity", validity.toMillis())
                    .bind("name", name)
                    .execute();
            return taken == 1 ? selectLease(handle, name) : Optional.empty();
        });
    }

    @Override
    public Optional<Lease> takeOver(Lease held, String owner, Duration validity) {
        return inTransaction("take over the lease " + held.name(), handle -> {
            int taken = handle.createUpdate("UPDATE cutover_lease SET owner = :owner, token = token + 1, `until` = "
                            + after("validity") + " WHERE name = :name AND owner = :gone AND token = :token")
                    .bind("owner", owner)
                    .bind("validity", validity.toMillis())
                    .bind("name", held.name())
                    .bind("gone", held.owner())
                    .bind("token", held.token())
                    .execute();
            return taken == 1 ? selectLease(handle, held.name()) : Optional.empty();
        });
    }

    @Override
    public Optional<Lease> renew(Lease lease, Duration validity) {
        return inTransaction("renew the lease " + lease.name(), handle -> {
            int renewed = handle.createUpdate("UPDATE cutover_lease SET `until` = " + after("validity")
                            + " WHERE name = :name AND owner = :owner AND token = :token")
                    .bind("validity", validity.toMillis())
                    .bind("name", lease.name())
                    .bind("owner", lease.owner())
                    .bind("token", lease.token())
                    .execute();
            return renewed == 1 ? selectLease(handle, lease.name()) : Optional.empty();
        });
    }

    @Override
    public void release(Lease lease) {
        update(
                "release the lease " + lease.name(),
                "UPDATE cutover_lease SET `until` = NOW(3) WHERE name = :name AND owner = :owner AND token = :token"
                        + " AND `until` > NOW(3)",
                Map.of("name", lease.name(), "owner", lease.owner(), "token", lease.token()));
    }

    @Override
    public Optional<Lease> lease(String name) {
        return with(
                "read the lease " + name,
                handle -> handle.createQuery("SELECT owner, token, " + millis("`until`")
                                + " AS until_ms FROM cutover_lease WHERE name = :name AND `until` > NOW(3)")
                        .bind("name", name)
                        .map((row, context) -> lease(name, row))
                        .findOne());
    }

    @Override
    public void heartbeat(Instance instance) {
        update(
                "report an instance",
                "INSERT INTO cutover_instance (instance_id, kind, host, pid, version, register_version, epoch, mode,"
                        + " heartbeat_at, status) VALUES (:id, :kind, :host, :pid, :tool, :register, :epoch, :mode, NOW(3), :status)"
                        + " ON DUPLICATE KEY UPDATE kind = VALUES(kind), host = VALUES(host), pid = VALUES(pid),"
                        + " version = VALUES(version), register_version = VALUES(register_version),"
                        + " epoch = VALUES(epoch), mode = VALUES(mode), heartbeat_at = VALUES(heartbeat_at),"
                        + " status = VALUES(status)",
                Map.of(
                        "id", instance.id(),
                        "kind", instance.kind(),
                        "host", instance.host(),
                        "pid", instance.pid(),
                        "tool", instance.toolVersion(),
                        "register", instance.registerVersion(),
                        "epoch", instance.epoch(),
                        "mode", instance.mode(),
                        "status", instance.statusJson()));
    }

    @Override
    public void retire(String instanceId) {
        update("retire an instance", "DELETE FROM cutover_instance WHERE instance_id = :id", Map.of("id", instanceId));
    }

    @Override
    public List<Instance> instancesSeenWithin(Duration age) {
        return with(
                "read the instances",
                handle -> handle.createQuery("SELECT instance_id, kind, host, pid, version,"
                                + " register_version, epoch, mode, " + millis("heartbeat_at") + " AS seen, status"
                                + " FROM cutover_instance WHERE heartbeat_at > NOW(3) - INTERVAL :age * 1000 MICROSECOND"
                                + " ORDER BY kind, instance_id")
                        .bind("age", age.toMillis())
                        .map((row, context) -> new Instance(
                                row.getString("instance_id"),
                                row.getString("kind"),
                                row.getString("host"),
                                row.getLong("pid"),
                                row.getString("version"),
                                row.getLong("register_version"),
                                row.getLong("epoch"),
                                row.getString("mode"),
                                Instant.ofEpochMilli(row.getLong("seen")),
                                row.getString("status")))
                        .list());
    }

    @Override
    public Optional<Job> job(String name) {
        return with(
                "read the job " + name,
                handle -> handle.createQuery("SELECT state, detail, requested_by, " + millis("updated_at")
                                + " AS moved FROM cutover_job WHERE name = :name")
                        .bind("name", name)
                        .map((row, context) -> new Job(
                                name,
                                Job.State.valueOf(row.getString("state")),
                                row.getString("detail"),
                                row.getString("requested_by"),
                                Instant.ofEpochMilli(row.getLong("moved"))))
                        .findOne());
    }

    @Override
    public void requestJob(String name, String requestedBy, @Nullable String detailJson) {
        with(
                "request the job " + name,
                handle -> handle.createUpdate("INSERT INTO cutover_job (name, state, detail, requested_by)"
                                + " VALUES (:name, 'REQUESTED', :detail, :by) ON DUPLICATE KEY UPDATE state = VALUES(state),"
                                + " detail = VALUES(detail), requested_by = VALUES(requested_by)")
                        .bind("name", name)
                        .bind("detail", detailJson)
                        .bind("by", requestedBy)
                        .execute());
    }

    @Override
    public boolean updateJob(String name, Set<Job.State> from, Job.State to, @Nullable String detailJson) {
        return with(
                        "move the job " + name,
                        handle -> handle.createUpdate("UPDATE cutover_job SET state = :to, detail = :detail,"
                                        + " updated_at = NOW(3) WHERE name = :name AND state IN (<from>)")
                                .bindList("from", from.stream().map(Enum::name).toList())
                                .bind("to", to.name())
                                .bind("detail", detailJson)
                                .bind("name", name)
                                .execute())
                == 1;
    }

    @Override
    public void clearJob(String name) {
        update("clear the job " + name, "DELETE FROM cutover_job WHERE name = :name", Map.of("name", name));
    }

    @Override
    public List<Chunk> chunks(String table) {
        return with(
                "read the chunks of " + table,
                handle -> handle.createQuery("SELECT chunk_no, lo, hi, state, row_count, " + millis("done_at")
                                + " AS done FROM cutover_chunk WHERE table_name = :table ORDER BY chunk_no")
                        .bind("table", table)
                        .map((row, context) -> {
                            long done = row.getLong("done");
                            boolean open = row.wasNull();
                            return new Chunk(
                                    table,
                                    row.getInt("chunk_no"),
                                    KeyRange.ofTexts(row.getString("lo"), row.getString("hi")),
                                    Chunk.State.valueOf(row.getString("state")),
                                    row.getLong("row_count"),
                                    open ? null : Instant.ofEpochMilli(done));
                        })
                        .list());
    }

    @Override
    public void planChunks(String table, List<Chunk> chunks) {
        inTransaction("plan the chunks of " + table, handle -> {
            handle.createUpdate("DELETE FROM cutover_chunk WHERE table_name = :table")
                    .bind("table", table)
                    .execute();
            if (chunks.isEmpty()) {
                return 0;
            }
            PreparedBatch batch = handle.prepareBatch(
                    "INSERT INTO cutover_chunk (table_name, chunk_no, lo, hi, state,"
                            + " row_count, done_at) VALUES (:table, :number, :lo, :hi, :state, :rows, FROM_UNIXTIME(:done / 1000))");
            for (Chunk chunk : chunks) {
                if (!chunk.table().equals(table)) {
                    throw new IllegalArgumentException(
                            "A chunk of " + chunk.table() + " cannot be planned as one of " + table + ".");
                }
                Instant done = chunk.doneAt();
                batch.bind("table", table)
                        .bind("number", chunk.number())
                        .bind("lo", chunk.keys().loText())
                        .bind("hi", chunk.keys().hiText())
                        .bind("state", chunk.state().name())
                        .bind("rows", chunk.rows())
                        .bind("done", done == null ? null : done.toEpochMilli())
                        .add();
            }
            return batch.execute().length;
        });
    }

    @Override
    public void chunkDone(String table, int number, long rows) {
        update(
                "finish chunk " + number + " of " + table,
                "UPDATE cutover_chunk SET state = 'DONE', row_count = :rows, done_at = NOW(3)"
                        + " WHERE table_name = :table AND chunk_no = :number",
                Map.of("rows", rows, "table", table, "number", number));
    }

    @Override
    public void clearChunks() {
        update("clear the chunks", "DELETE FROM cutover_chunk", Map.of());
    }

    @Override
    public void saveVerification(VerificationRecord verification) {
        update(
                "save a verification run",
                "INSERT INTO cutover_verification (run_id, started_at, finished_at, scope, verdict, cells, row_count,"
                        + " differences, epoch, stage, report) VALUES (:run, FROM_UNIXTIME(:started / 1000),"
                        + " FROM_UNIXTIME(:finished / 1000), :scope, :verdict, :cells, :rows, :differences, :epoch,"
                        + " :stage, :report) ON DUPLICATE KEY UPDATE finished_at = VALUES(finished_at),"
                        + " verdict = VALUES(verdict), cells = VALUES(cells), row_count = VALUES(row_count),"
                        + " differences = VALUES(differences), report = VALUES(report)",
                new TreeMap<>(Map.ofEntries(
                        Map.entry("run", verification.runId()),
                        Map.entry("started", verification.startedAt().toEpochMilli()),
                        Map.entry("finished", verification.finishedAt().toEpochMilli()),
                        Map.entry("scope", verification.scope()),
                        Map.entry("verdict", verification.verdict().name()),
                        Map.entry("cells", verification.cells()),
                        Map.entry("rows", verification.rowCount()),
                        Map.entry("differences", verification.differences()),
                        Map.entry("epoch", verification.epoch().number()),
                        Map.entry("stage", verification.stage().name()),
                        Map.entry("report", verification.reportJson()))));
    }

    @Override
    public Optional<VerificationRecord> lastVerification() {
        return verifications(1).stream().findFirst();
    }

    @Override
    public Optional<VerificationRecord> verification(String runId) {
        return with(
                "read a verification run",
                handle -> handle.createQuery(VERIFICATIONS + " WHERE run_id = :run")
                        .bind("run", runId)
                        .map((row, context) -> verification(row))
                        .findOne());
    }

    @Override
    public List<VerificationRecord> verifications(int limit) {
        return with(
                "read the verification runs",
                handle -> handle.createQuery(VERIFICATIONS
                                + " ORDER BY cutover_verification.finished_at DESC, run_id DESC LIMIT :limit")
                        .bind("limit", limit)
                        .map((row, context) -> verification(row))
                        .list());
    }

    private static VerificationRecord verification(ResultSet row) throws SQLException {
        return new VerificationRecord(
                row.getString("run_id"),
                Instant.ofEpochMilli(row.getLong("started_at")),
                Instant.ofEpochMilli(row.getLong("finished_at")),
                row.getString("scope"),
                VerificationRecord.Verdict.valueOf(row.getString("verdict")),
                row.getLong("cells"),
                row.getLong("row_count"),
                row.getLong("differences"),
                new Epoch(row.getLong("epoch")),
                Stage.valueOf(row.getString("stage")),
                row.getString("report"));
    }

    @Override
    public Map<String, String> settings() {
        return with("read the settings", handle -> {
            Map<String, String> settings = new TreeMap<>();
            handle.createQuery("SELECT name, value FROM cutover_setting")
                    .map((row, context) -> Map.entry(row.getString("name"), row.getString("value")))
                    .forEach(setting -> settings.put(setting.getKey(), setting.getValue()));
            return settings;
        });
    }

    @Override
    public void setSetting(String name, String value) {
        update(
                "write the setting " + name,
                "INSERT INTO cutover_setting (name, value) VALUES (:name, :value)"
                        + " ON DUPLICATE KEY UPDATE value = VALUES(value)",
                Map.of("name", name, "value", value));
    }

    @Override
    public void forgetSetting(String name) {
        update("forget the setting " + name, "DELETE FROM cutover_setting WHERE name = :name", Map.of("name", name));
    }

    private record Head(long seq, String hash) {}

    private static Head head(Handle handle, String lock) {
        return handle.createQuery("SELECT seq, hash FROM cutover_event_head WHERE id = 1 " + lock)
                .map((row, context) -> new Head(row.getLong("seq"), row.getString("hash")))
                .findOne()
                .orElseThrow(() -> new ControlDatabaseException("The head of the event chain is missing: somebody"
                        + " emptied cutover_event_head. Restore the control database before going on."));
    }

    /** Under the head's lock: numbers have no gaps and the chain does not fork. */
    private static Event append(Handle handle, EventDraft draft) {
        Head head = head(handle, "FOR UPDATE");
        Instant at = Instant.ofEpochMilli(
                handle.createQuery("SELECT " + NOW).mapTo(Long.class).one());
        Event event = Event.of(head.seq() + 1, at, draft, head.hash());
        handle.createUpdate(
                        "INSERT INTO cutover_event (seq, at, actor, kind, summary, from_state, to_state, reason, detail,"
                                + " prev_hash, hash) VALUES (:seq, FROM_UNIXTIME(:at / 1000), :actor, :kind, :summary,"
                                + " :from, :to, :reason, :detail, :prev, :hash)")
                .bind("seq", event.seq())
                .bind("at", at.toEpochMilli())
                .bind("actor", draft.actor())
                .bind("kind", draft.kind())
                .bind("summary", draft.summary())
                .bind("from", draft.fromState())
                .bind("to", draft.toState())
                .bind("reason", draft.reason())
                .bind("detail", draft.detailJson())
                .bind("prev", event.prevHash())
                .bind("hash", event.hash())
                .execute();
        handle.createUpdate("UPDATE cutover_event_head SET seq = :seq, hash = :hash WHERE id = 1")
                .bind("seq", event.seq())
                .bind("hash", event.hash())
                .execute();
        return event;
    }

    private boolean wasAppended(Event event, ControlDatabaseException unknown) {
        try {
            return inTransaction("learn the outcome of a move", handle -> {
                // Waits for a commit that is still under way.
                head(handle, "FOR UPDATE");
                return handle.createQuery("SELECT COUNT(*) FROM cutover_event WHERE seq = :seq AND hash = :hash")
                                .bind("seq", event.seq())
                                .bind("hash", event.hash())
                                .mapTo(Integer.class)
                                .one()
                        == 1;
            });
        } catch (ControlDatabaseException e) {
            unknown.addSuppressed(e);
            throw unknown;
        }
    }

    private static Optional<Register> selectRegister(Handle handle) {
        return handle.createQuery(
                        "SELECT version, migration, plan_hash, epoch, truth, phase, switch_to, decision, lease_owner, "
                                + millis("lease_until")
                                + " AS lease_ms, stage, mirror, read_percent, shadow_percent, frozen"
                                + " FROM cutover_register WHERE id = 1")
                .map((row, context) -> register(row))
                .findOne();
    }

    private static Register register(ResultSet row) throws SQLException {
        long leaseMillis = row.getLong("lease_ms");
        Instant leaseUntil = row.wasNull() ? null : Instant.ofEpochMilli(leaseMillis);
        String switchTo = row.getString("switch_to");
        return new Register(
                row.getLong("version"),
                row.getString("migration"),
                row.getString("plan_hash"),
                new Epoch(row.getLong("epoch")),
                Side.valueOf(row.getString("truth")),
                Register.Phase.valueOf(row.getString("phase")),
                switchTo == null ? null : Side.valueOf(switchTo),
                Register.Decision.valueOf(row.getString("decision")),
                row.getString("lease_owner"),
                leaseUntil,
                Stage.valueOf(row.getString("stage")),
                row.getBoolean("mirror"),
                row.getInt("read_percent"),
                row.getInt("shadow_percent"),
                row.getBoolean("frozen"));
    }

    private static <S extends SqlStatement<S>> S bind(S statement, Register register) {
        Side switchTo = register.switchTo();
        Instant leaseUntil = register.leaseUntil();
        return statement
                .bind("version", register.version())
                .bind("migration", register.migration())
                .bind("planHash", register.planHash())
                .bind("epoch", register.epoch().number())
                .bind("truth", register.truth().name())
                .bind("phase", register.phase().name())
                .bind("switchTo", switchTo == null ? null : switchTo.name())
                .bind("decision", register.decision().name())
                .bind("leaseOwner", register.leaseOwner())
                .bind("leaseUntil", leaseUntil == null ? null : leaseUntil.toEpochMilli())
                .bind("stage", register.stage().name())
                .bind("mirror", register.mirror())
                .bind("readPercent", register.readPercent())
                .bind("shadowPercent", register.shadowPercent())
                .bind("frozen", register.frozen());
    }

    private static Event event(ResultSet row) throws SQLException {
        return new Event(
                row.getLong("seq"),
                Instant.ofEpochMilli(row.getLong("at")),
                row.getString("actor"),
                row.getString("kind"),
                row.getString("summary"),
                row.getString("from_state"),
                row.getString("to_state"),
                row.getString("reason"),
                row.getString("detail"),
                row.getString("prev_hash"),
                row.getString("hash"));
    }

    private static Optional<Lease> selectLease(Handle handle, String name) {
        return handle.createQuery("SELECT owner, token, " + millis("`until`")
                        + " AS until_ms FROM cutover_lease WHERE name = :name")
                .bind("name", name)
                .map((row, context) -> lease(name, row))
                .findOne();
    }

    private static Lease lease(String name, ResultSet row) throws SQLException {
        return new Lease(
                name, row.getString("owner"), row.getLong("token"), Instant.ofEpochMilli(row.getLong("until_ms")));
    }

    private static String millis(String column) {
        return "CAST(UNIX_TIMESTAMP(" + column + ") * 1000 AS SIGNED)";
    }

    private static String after(String parameter) {
        return "NOW(3) + INTERVAL :" + parameter + " * 1000 MICROSECOND";
    }

    private void update(String act, String sql, Map<String, ?> parameters) {
        with(act, handle -> handle.createUpdate(sql).bindMap(parameters).execute());
    }

    // A connection that hangs must not keep an instance on an old view, or off the list, for the minute that a pooled
    // session may wait: the pool takes the limit off again.
    private <T> T with(String act, Function<Handle, T> work) {
        return guarded(
                act,
                () -> jdbi.withHandle(handle -> {
                    try {
                        handle.getConnection().setNetworkTimeout(Runnable::run, ANSWER_MILLIS);
                    } catch (SQLException e) {
                        throw new ConnectionException(e);
                    }
                    return work.apply(handle);
                }));
    }

    private <T> T inTransaction(String act, Function<Handle, T> work) {
        return guarded(act, () -> jdbi.inTransaction(work::apply));
    }

    private interface Call<T> {
        T call();
    }

    private static <T> T guarded(String act, Call<T> call) {
        try {
            return call.call();
        } catch (JdbiException | UnreachableException e) {
            throw new ControlDatabaseException(
                    "Could not " + act + " in the control database: "
                            + (e.getCause() == null
                                    ? e.getMessage()
                                    : e.getCause().getMessage()),
                    e);
        }
    }

    private static int sqlError(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                return sql.getErrorCode();
            }
        }
        return 0;
    }
}
