package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.shop.Processes;
import dev.cutover.cli.shop.Shop;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.Event;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.stage.StrayWrite;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.repair.NamedDifference;
import dev.cutover.verifier.repair.Planned;
import dev.cutover.verifier.repair.Repair;
import dev.cutover.verifier.repair.RepairListener;
import dev.cutover.verifier.repair.RepairOutcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Rows of one shop are damaged and put right while four writers, mirrors and the stream run. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RepairIT {
    private static final Duration BOUND = Duration.ofSeconds(60);
    // Shorter than the second after which an applier ends who holds its position and stands still.
    private static final Duration SHORT = Duration.ofMillis(800);
    private static final String[] AGREED = {"--confirm=shop", "--reason=a test"};

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private VerifiedShop verified;
    private Shop shop;
    private Processes processes;
    private int files;
    private boolean streamPassed;

    @BeforeAll
    void walk() throws SQLException {
        verified = new VerifiedShop(folder);
        shop = verified.shop();
        processes = new Processes(folder);
    }

    @AfterAll
    void close() {
        processes.close();
        verified.close();
    }

    /** Where a note stands on NEW. */
    private record Spot(DatabaseId database, String table, long key) {
        String where() {
            return " FROM " + table + " WHERE note_id = " + key;
        }
    }

    private Spot spot(long id) throws SQLException {
        for (DatabaseId shard : shop.plan().shardDatabases()) {
            for (int table = 0; table < Shop.TABLES; table++) {
                String name = "note_00" + table;
                long found = shop.number(
                        shard, "SELECT COALESCE(MAX(note_id), 0) FROM " + name + " WHERE note_id >> 10 = " + id);
                if (found > 0) {
                    return new Spot(shard, name, found);
                }
            }
        }
        throw new AssertionError("note " + id + " is nowhere on NEW");
    }

    private String schema(DatabaseId database) {
        return shop.plan().endpoint(database).schema();
    }

    /** One row as text, its body byte for byte. */
    private String bytes(DatabaseId database, String from) throws SQLException {
        return text(
                database,
                "SELECT GROUP_CONCAT(CONCAT_WS('|', note_id, user_id, item_id, COALESCE(HEX(body), 'NULL')))" + from);
    }

    private String text(DatabaseId database, String sql) throws SQLException {
        try (Connection connection = shop.topology().database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "nothing";
        }
    }

    private TypedCommand type(String... words) {
        return TypedCommand.run(folder, words);
    }

    private TypedCommand typed(int exit, String... words) {
        TypedCommand typed = type(words);
        assertThat(typed.exitCode())
                .as(String.join(" ", words) + "\n" + typed.out() + typed.err())
                .isEqualTo(exit);
        return typed;
    }

    private static String[] with(String[] more, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of(more));
        return all.toArray(new String[0]);
    }

    private String newFile() {
        return "repair-" + ++files + ".json";
    }

    private static JsonNode json(TypedCommand typed) {
        return Objects.requireNonNull(Json.parse(typed.out()), typed.out());
    }

    /** Keys of notes as a report would name them. */
    private Path keys(String kind, Spot... spots) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Spot spot : spots) {
            lines.add("{\"table\": \"note\", \"sourceKey\": [\"" + (spot.key() >> 10) + "\"], \"targetKey\": [\""
                    + spot.key() + "\"], \"database\": \"" + spot.database() + "\", \"physicalTable\": \""
                    + spot.table() + "\", \"kind\": \"" + kind + "\"}");
        }
        return Files.writeString(folder.resolve("keys-" + ++files + ".ndjson"), String.join("\n", lines) + "\n");
    }

    private String planned(Path keys, int entries) {
        String file = newFile();
        TypedCommand plan = typed(0, "repair", "plan", "--keys", keys.toString(), "--out", file, "-o", "json");
        assertThat(json(plan).path("entries").asInt()).as(plan.out()).isEqualTo(entries);
        return file;
    }

    @Test
    void everyKindIsRepairedUnderWritersAndTheRowsAreEqualAfterwards() throws SQLException, IOException {
        verified.home();
        Spot different = spot(1);
        Spot nothing = spot(2);
        Spot missing = spot(3);
        Spot beside = spot(4);
        Spot misrouted = spot(5);
        Spot duplicate = spot(6);
        DatabaseId other = misrouted.database().equals(DatabaseId.shard(0)) ? DatabaseId.shard(1) : DatabaseId.shard(0);
        String otherTable = duplicate.table().equals("note_000") ? "note_001" : "note_000";
        long extra = (900_000L << 10) | (beside.key() & 1023);
        shop.execute(
                different.database(),
                "UPDATE " + different.table() + " SET body = 'täm\\\\pered \\'\\n ' WHERE note_id = "
                        + different.key());
        shop.execute(
                nothing.database(), "UPDATE " + nothing.table() + " SET body = NULL WHERE note_id = " + nothing.key());
        shop.execute(missing.database(), "DELETE" + missing.where());
        shop.execute(
                beside.database(),
                "INSERT INTO " + beside.table() + " SELECT " + extra + ", user_id, item_id, 'extra'" + beside.where());
        shop.execute(
                misrouted.database(),
                "INSERT INTO " + schema(other) + "." + misrouted.table() + " SELECT *" + misrouted.where(),
                "DELETE" + misrouted.where());
        shop.execute(duplicate.database(), "INSERT INTO " + otherTable + " SELECT *" + duplicate.where());
        shop.execute(
                DatabaseId.shard(0),
                "INSERT INTO cutover_quarantine (table_name, row_key, reason) VALUES ('note', '7', 'planted')");
        for (DatabaseId shard : shop.plan().shardDatabases()) {
            shop.execute(shard, "DELETE FROM cutover_quarantine WHERE table_name = 'note' AND row_key = '500'");
            shop.execute(shard, "UPDATE operation_000 SET result = result + 1 ORDER BY user_id, op_id LIMIT 1");
        }
        shop.execute(DatabaseId.META, "UPDATE item_info SET title = 'another' WHERE item_id = 2");

        TypedCommand seen = typed(3, "verify", "once", "--yes");
        String file = newFile();
        TypedCommand plan = typed(0, "repair", "plan", "--out", file);
        assertThat(plan.out()).contains("0600").contains("cutover repair apply " + file + " --dry-run");
        for (String kind : List.of("DIFFERENT", "MISSING", "EXTRA", "MISROUTED", "DUPLICATE", "QUARANTINE")) {
            assertThat(plan.out()).as(seen.err()).contains(kind);
        }
        for (String name : List.of(file, file.replace(".json", ".undo.json"))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name))))
                    .isEqualTo("rw-------");
        }
        JsonNode rehearsed = json(typed(0, "repair", "apply", file, "--dry-run", "-o", "json"));
        int entries = rehearsed.path("rows").size();
        assertThat(rehearsed.path("done").asInt()).isEqualTo(entries);
        assertThat(entries).isGreaterThanOrEqualTo(12);
        assertThat(rehearsed.path("statements").toString())
                .contains("DELETE FROM `" + beside.table() + "` WHERE `note_id` = " + extra);
        assertThat(bytes(missing.database(), missing.where())).isEqualTo("null");

        JsonNode repaired = json(typed(0, with(AGREED, "repair", "apply", file, "-o", "json")));
        assertThat(repaired.path("done").asInt()).isEqualTo(entries);
        assertThat(repaired.path("verdict").asText()).isEqualTo("EQUAL");
        typed(0, "verify", "once", "--yes");
        JsonNode again = json(typed(0, with(AGREED, "repair", "apply", file, "-o", "json")));
        assertThat(again.path("already").asInt()).isEqualTo(entries);
        assertThat(again.path("done").asInt()).isZero();

        Event event = shop.control().events(1_000).stream()
                .filter(one ->
                        one.kind().equals("repair") && one.summary().startsWith("Repaired " + entries + " entries"))
                .findFirst()
                .orElseThrow();
        assertThat(event.summary()).contains("EQUAL");
        assertThat(event.reason()).isEqualTo("a test");
        assertThat(event.summary() + event.detailJson()).doesNotContain("pered");
        assertThat(shop.control().verifyEventChain()).isTrue();
        assertThat(verified.writers().failures()).isEmpty();
    }

    @Test
    void theUndoRestoresWhatWasThereByteForByte() throws SQLException, IOException {
        verified.home();
        Spot odd = spot(11);
        Spot gone = spot(12);
        Spot doubled = spot(13);
        String elsewhere = doubled.table().equals("note_000") ? "note_001" : "note_000";
        shop.execute(
                odd.database(),
                "UPDATE " + odd.table()
                        + " SET item_id = -7, body = CONCAT('x \\\\ \\'\"', CHAR(10, 9, 0, 26), '\\t优😀 ')"
                        + " WHERE note_id = " + odd.key());
        shop.execute(gone.database(), "DELETE" + gone.where());
        shop.execute(
                doubled.database(),
                "INSERT INTO " + elsewhere + " SELECT note_id, user_id, item_id, NULL" + doubled.where(),
                "INSERT INTO cutover_quarantine VALUES ('note', '13', 'planted', '2020-01-02 03:04:05.678')");
        Map<String, String> damaged = picture(odd, gone, doubled, elsewhere);

        String file = planned(
                keys("DIFFERENT", odd, gone, doubled, new Spot(doubled.database(), elsewhere, doubled.key())), 3);
        JsonNode repaired = json(typed(0, with(AGREED, "repair", "apply", file, "-o", "json")));
        assertThat(repaired.path("done").asInt()).isEqualTo(3);
        assertThat(picture(odd, gone, doubled, elsewhere)).isNotEqualTo(damaged);

        String undo = file.replace(".json", ".undo.json");
        JsonNode back = json(typed(0, with(AGREED, "repair", "apply", "--undo", undo, "-o", "json")));
        assertThat(back.path("done").asInt()).isEqualTo(3);
        assertThat(back.path("verdict").asText()).isEqualTo("DIFFERENT");
        assertThat(picture(odd, gone, doubled, elsewhere)).isEqualTo(damaged);
        assertThat(json(typed(0, with(AGREED, "repair", "apply", "--undo", undo, "-o", "json")))
                        .path("already")
                        .asInt())
                .isEqualTo(3);

        assertThat(json(typed(0, with(AGREED, "repair", "apply", file, "-o", "json")))
                        .path("verdict")
                        .asText())
                .isEqualTo("EQUAL");
    }

    private Map<String, String> picture(Spot odd, Spot gone, Spot doubled, String elsewhere) throws SQLException {
        Map<String, String> picture = new TreeMap<>();
        picture.put("odd", bytes(odd.database(), odd.where()));
        picture.put("gone", bytes(gone.database(), gone.where()));
        picture.put("doubled", bytes(doubled.database(), doubled.where()));
        picture.put(
                "elsewhere", bytes(doubled.database(), new Spot(doubled.database(), elsewhere, doubled.key()).where()));
        picture.put(
                "quarantine",
                text(
                        doubled.database(),
                        "SELECT CONCAT(reason, created_at) FROM cutover_quarantine WHERE table_name = 'note' AND row_key = '13'"));
        return picture;
    }

    @Test
    void aRowThatChangedSinceThePlanOnEitherSideIsLeftAlone() throws SQLException, IOException {
        verified.home();
        Spot onTruth = spot(21);
        Spot onOther = spot(22);
        Spot quiet = spot(23);
        for (Spot one : List.of(onTruth, onOther, quiet)) {
            shop.execute(one.database(), "UPDATE " + one.table() + " SET body = 'wrong' WHERE note_id = " + one.key());
        }
        String file = planned(keys("DIFFERENT", onTruth, onOther, quiet), 3);
        // As if the stream stood still: its effect would change the other side, too.
        shop.execute(
                DatabaseId.OLD,
                "SET SESSION sql_log_bin = 0",
                "UPDATE shop_note SET body = 'newer' WHERE id = 21",
                "SET SESSION sql_log_bin = 1");
        shop.execute(
                onOther.database(),
                "UPDATE " + onOther.table() + " SET body = 'other' WHERE note_id = " + onOther.key());
        TypedCommand applied = typed(3, with(AGREED, "repair", "apply", file, "-o", "json"));
        assertThat(json(applied).path("done").asInt()).isEqualTo(1);
        assertThat(json(applied).path("changed").asInt()).isEqualTo(2);
        assertThat(json(applied).path("remarks").toString())
                .contains("note [21] in " + onTruth.database() + ": changed since on OLD")
                .contains("note [22] in " + onOther.database() + ": changed since on NEW");
        assertThat(bytes(onTruth.database(), onTruth.where())).contains(hex("wrong"));
        assertThat(bytes(onOther.database(), onOther.where())).contains(hex("other"));
        assertThat(bytes(quiet.database(), quiet.where())).contains(hex("legacy 23"));
        String next = planned(keys("DIFFERENT", onTruth, onOther, quiet), 2);
        typed(0, with(AGREED, "repair", "apply", next));
        assertThat(bytes(onTruth.database(), onTruth.where())).contains(hex("newer"));
    }

    private static String hex(String text) {
        StringBuilder hex = new StringBuilder();
        text.chars().forEach(one -> hex.append(Integer.toHexString(one).toUpperCase(java.util.Locale.ROOT)));
        return hex.toString();
    }

    /** Acts at the point where a repair has read the truth; plants the bugs it is told to. */
    private record Race(Runnable between, List<String> bugs, AtomicBoolean ran) implements Failpoints {
        @Override
        public void hit(Failpoint point) {
            if (point == Failpoint.REPAIR_READ && ran.compareAndSet(false, true)) {
                between.run();
            }
        }

        @Override
        public boolean planted(String bug) {
            return bugs.contains(bug);
        }
    }

    private Repair repair(Failpoints failpoints) {
        return new Repair(shop.plan(), shop.topology(), shop.control(), verified.threads(), failpoints);
    }

    private static NamedDifference named(Spot spot) {
        return new NamedDifference(
                "note",
                RowKey.of(spot.key() >> 10),
                RowKey.of(spot.key()),
                spot.database().name(),
                spot.table(),
                "MISSING");
    }

    /** A note is missing on NEW; between the repair's read of the truth and its write the application deletes it there. */
    private Verdict deletedInBetween(long id, Duration patience, String... bugs) throws SQLException {
        Spot spot = spot(id);
        shop.execute(spot.database(), "DELETE" + spot.where());
        Planned planned = repair(Failpoints.NONE).plan(List.of(named(spot)), 10, "test", RepairListener.SILENT);
        assertThat(planned.plan().size()).isEqualTo(1);
        Race race = new Race(
                () -> deleteAndWaitForTheStream(id, spot.database(), patience), List.of(bugs), new AtomicBoolean());
        Repair repair = repair(race);
        repair.apply(planned.plan(), false, RepairListener.SILENT);
        assertThat(race.ran()).isTrue();
        return repair.prove(planned.plan()).verdict();
    }

    private void deleteAndWaitForTheStream(long id, DatabaseId shard, Duration patience) {
        try {
            shop.execute(DatabaseId.OLD, "DELETE FROM shop_note WHERE id = " + id);
            String gtid;
            try (Connection old = shop.topology().database(DatabaseId.OLD).getConnection()) {
                gtid = Fence.writeMarker(
                        old,
                        "old",
                        shop.control().read().epoch(),
                        UUID.randomUUID().toString());
            }
            // With the guard the stream cannot pass; without it, it does so at once.
            Awaitility.await()
                    .atMost(patience)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> {
                        try (Connection connection =
                                shop.topology().database(shard).getConnection()) {
                            return Positions.read(connection, "old")
                                    .filter(position -> position.set().containsGtid(gtid))
                                    .isPresent();
                        }
                    });
            streamPassed = true;
        } catch (ConditionTimeoutException held) {
            streamPassed = false;
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aRowThatIsDeletedWhileItIsRepairedDoesNotComeBack() throws SQLException {
        verified.home();
        assertThat(deletedInBetween(31, SHORT)).isEqualTo(Verdict.EQUAL);
        assertThat(streamPassed)
                .as("the stream passed while the position was held")
                .isFalse();
    }

    @Test
    void aRepairThatStandsStillIsEndedByTheApplierAndLooksAgain() throws SQLException {
        verified.home();
        assertThat(deletedInBetween(34, BOUND)).isEqualTo(Verdict.EQUAL);
        assertThat(streamPassed).isTrue();
    }

    @Test
    void withTheTruthReadBeforeTheGuardTheSameRowComesBack() throws SQLException, IOException {
        verified.home();
        assertThat(deletedInBetween(32, BOUND, "repair.readsBeforeTheGuard")).isEqualTo(Verdict.DIFFERENT);
        putRight(32);
    }

    @Test
    void withoutThePositionTheSameRowComesBack() throws SQLException, IOException {
        verified.home();
        assertThat(deletedInBetween(33, BOUND, "repair.holdsNoPosition")).isEqualTo(Verdict.DIFFERENT);
        putRight(33);
    }

    private void putRight(long id) throws SQLException, IOException {
        Spot risen = spot(id);
        typed(0, with(AGREED, "repair", "apply", planned(keys("EXTRA", risen), 1)));
    }

    @Test
    void repairsUnderEightWritersLeaveBothSidesEqualAndLoseNothing() throws SQLException, InterruptedException {
        verified.home();
        List<Integer> ids = IntStream.range(100, 220).boxed().toList();
        List<Spot> spots = new ArrayList<>();
        for (int id : ids) {
            spots.add(spot(id));
        }
        AtomicBoolean stop = new AtomicBoolean();
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        Map<Integer, String> acknowledged = new java.util.concurrent.ConcurrentHashMap<>();
        List<Thread> writers = new ArrayList<>();
        // Four more, who change, delete and put back the very rows that are repaired; each has rows of its own.
        for (int writer = 0; writer < 4; writer++) {
            int mine = writer;
            Thread thread = new Thread(
                    () -> {
                        try {
                            churn(ids.stream().filter(id -> id % 4 == mine).toList(), stop, acknowledged);
                        } catch (SQLException | RuntimeException e) {
                            failures.add(e);
                        }
                    },
                    "churn-" + writer);
            thread.start();
            writers.add(thread);
        }
        // Widens the window between the read and the write.
        Failpoints slow = point -> {
            if (point == Failpoint.REPAIR_READ) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(
                        ThreadLocalRandom.current().nextInt(0, 15)));
            }
        };
        int done = 0;
        int changed = 0;
        try {
            for (int round = 0; round < 4; round++) {
                damage(spots);
                Repair repair = repair(slow);
                Planned planned =
                        repair.plan(spots.stream().map(RepairIT::named).toList(), 1_000, "test", RepairListener.SILENT);
                RepairOutcome outcome = repair.apply(planned.plan(), false, RepairListener.SILENT);
                done += outcome.done();
                changed += outcome.changed();
                assertThat(outcome.refused()).as(outcome.remarks().toString()).isZero();
            }
        } finally {
            stop.set(true);
            for (Thread thread : writers) {
                thread.join(60_000);
            }
        }
        assertThat(failures).isEmpty();
        assertThat(done).isPositive();
        assertThat(changed).as("rows that moved between plan and apply").isPositive();
        // What was damaged in the last round and not repaired any more.
        Planned rest = repair(Failpoints.NONE)
                .plan(spots.stream().map(RepairIT::named).toList(), 1_000, "test", RepairListener.SILENT);
        repair(Failpoints.NONE).apply(rest.plan(), false, RepairListener.SILENT);
        verified.verify();
        assertThat(verified.writers().failures()).isEmpty();
        for (Map.Entry<Integer, String> one : acknowledged.entrySet()) {
            String there = text(DatabaseId.OLD, "SELECT body FROM shop_note WHERE id = " + one.getKey());
            assertThat(there).isEqualTo(one.getValue());
        }
        for (Spot spot : spots) {
            String wanted = acknowledged.getOrDefault((int) (spot.key() >> 10), "legacy " + (spot.key() >> 10));
            assertThat(text(spot.database(), "SELECT body" + spot.where())).isEqualTo(wanted);
        }
    }

    private void damage(List<Spot> spots) throws SQLException {
        for (Spot spot : spots) {
            if (ThreadLocalRandom.current().nextBoolean()) {
                shop.execute(spot.database(), "DELETE" + spot.where());
            } else {
                shop.execute(
                        spot.database(),
                        "UPDATE " + spot.table() + " SET body = 'wrong' WHERE note_id = " + spot.key());
            }
        }
    }

    private void churn(List<Integer> ids, AtomicBoolean stop, Map<Integer, String> acknowledged) throws SQLException {
        int turn = 0;
        while (!stop.get()) {
            int id = ids.get(ThreadLocalRandom.current().nextInt(ids.size()));
            String body = "turn " + ++turn;
            if (turn % 3 == 0) {
                long user = shop.number(DatabaseId.OLD, "SELECT user_id FROM shop_note WHERE id = " + id);
                long item = shop.number(DatabaseId.OLD, "SELECT item_id FROM shop_note WHERE id = " + id);
                shop.execute(DatabaseId.OLD, "DELETE FROM shop_note WHERE id = " + id);
                shop.execute(
                        DatabaseId.OLD,
                        "INSERT INTO shop_note VALUES (" + id + ", " + user + ", " + item + ", '" + body + "')");
            } else {
                shop.execute(DatabaseId.OLD, "UPDATE shop_note SET body = '" + body + "' WHERE id = " + id);
            }
            acknowledged.put(id, body);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    @Test
    void everyRefusalNamesItsReasonAndChangesNothing() throws SQLException, IOException {
        verified.home();
        Spot one = spot(51);
        Spot two = spot(52);
        for (Spot spot : List.of(one, two)) {
            shop.execute(
                    spot.database(), "UPDATE " + spot.table() + " SET body = 'wrong' WHERE note_id = " + spot.key());
        }
        String file = planned(keys("DIFFERENT", one, two), 2);
        Path plan = folder.resolve(file);
        Path undo = folder.resolve(file.replace(".json", ".undo.json"));

        refused(2, "There is no file", with(AGREED, "repair", "apply", "nowhere.json"));
        refused(2, "Name a plan", with(AGREED, "repair", "apply"));
        refused(2, "has no table", "repair", "plan", "--tables", "nothing");
        refused(5, "--confirm=shop", "repair", "apply", file);
        refused(5, "wants a reason", "repair", "apply", file, "--confirm=shop");
        refused(5, "but this plan moves", "repair", "apply", file, "--confirm=another", "--reason=x");
        refused(4, "at most 1 are written", with(AGREED, "repair", "apply", file, "--max-rows", "1"));
        refused(8, "--expect-epoch", with(AGREED, "repair", "apply", file, "--expect-epoch", "77"));
        refused(
                4,
                "is there already",
                "repair",
                "plan",
                "--keys",
                keys("DIFFERENT", one).toString(),
                "--out",
                file);

        String text = Files.readString(plan);
        Files.writeString(folder.resolve("tampered.json"), text.replace("legacy 51", "legacy 15"));
        refused(4, "checksum does not match", with(AGREED, "repair", "apply", "tampered.json"));
        Files.writeString(
                folder.resolve("foreign.json"), text.replace("\"migration\" : \"shop\"", "\"migration\" : \"mall\""));
        refused(4, "is of the migration 'mall'", with(AGREED, "repair", "apply", "foreign.json"));
        Files.writeString(folder.resolve("no.json"), "not json");
        refused(4, "is not JSON", with(AGREED, "repair", "apply", "no.json"));
        refused(4, "is no RepairUndo", with(AGREED, "repair", "apply", "--undo", file));
        Files.writeString(folder.resolve("bad.ndjson"), "{\"table\": \"note\"}");
        refused(4, "Line 1 is no difference", "repair", "plan", "--keys", "bad.ndjson");

        byte[] kept = Files.readAllBytes(undo);
        Files.delete(undo);
        refused(4, "cannot be read", with(AGREED, "repair", "apply", file));
        Files.write(undo, kept);

        Register stable = shop.control().read();
        withRegister(
                stable.withPlanHash("another"),
                () -> refused(4, "not the one this migration was begun with", with(AGREED, "repair", "apply", file)));
        withRegister(
                stable.withStage(Stage.SINGLE_WRITE),
                () -> refused(4, "In SINGLE_WRITE", with(AGREED, "repair", "apply", file)));
        withRegister(
                stable.withStage(Stage.COMPLETED),
                () -> refused(4, "In COMPLETED", with(AGREED, "repair", "apply", file)));
        withRegister(
                stable.settled(Side.NEW),
                () -> refused(8, "the truth is on NEW", with(AGREED, "repair", "apply", file)));

        for (Spot spot : List.of(one, two)) {
            assertThat(bytes(spot.database(), spot.where())).contains(hex("wrong"));
        }
        verified.streamsRun();
        typed(0, with(AGREED, "repair", "apply", file));
    }

    private void refused(int exit, String words, String... command) {
        TypedCommand typed = typed(exit, command);
        assertThat(typed.err()).as(String.join(" ", command)).contains(words).doesNotContain("Exception");
    }

    /** While the register says something else. */
    private void withRegister(Register register, Runnable work) {
        Register before = shop.control().read();
        EventDraft event = new EventDraft("test", "move", "moved by a test", "", "", null, null);
        assertThat(shop.control().compareAndSet(before, register, event)).isTrue();
        try {
            work.run();
        } finally {
            Register moved = shop.control().read();
            assertThat(shop.control().compareAndSet(moved, before, event)).isTrue();
        }
    }

    @Test
    void aRepairThatIsKilledBetweenRowsIsDoneByTypingItAgain() throws SQLException, IOException {
        verified.home();
        Spot[] spots = {spot(61), spot(62), spot(63), spot(64)};
        for (Spot spot : spots) {
            shop.execute(spot.database(), "DELETE" + spot.where());
        }
        String file = planned(keys("MISSING", spots), 4);
        processes.arm("repairer", "repair.committed=halt@2");
        JavaProcess repairer = processes.command(
                "repairer", "repair", "apply", folder.resolve(file).toString(), "--confirm=shop", "--reason=killed");
        assertThat(repairer.end(BOUND)).as(repairer.output()).hasValue(137);
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> shop.control().lease("command").isEmpty());
        JsonNode again = json(typed(0, with(AGREED, "repair", "apply", file, "-o", "json")));
        assertThat(again.path("already").asInt()).isEqualTo(2);
        assertThat(again.path("done").asInt()).isEqualTo(2);
        assertThat(again.path("verdict").asText()).isEqualTo("EQUAL");
    }

    @Test
    void theWatchTakesNoRepairForAStrayWrite() throws SQLException, IOException {
        verified.home();
        Spot repaired = spot(81);
        Spot after = spot(82);
        shop.execute(repaired.database(), "DELETE" + repaired.where());
        typed(0, with(AGREED, "repair", "apply", planned(keys("MISSING", repaired), 1)));
        // One server writes one binlog: what comes after the repair is seen after it.
        shop.execute(
                after.database(), "UPDATE " + after.table() + " SET body = 'after' WHERE note_id = " + after.key());
        StrayLedger ledger = new StrayLedger(shop.topology().control());
        Awaitility.await().atMost(BOUND).untilAsserted(() -> {
            List<StrayWrite> strays = ledger.all();
            assertThat(strays).isNotEmpty();
            StrayWrite newest = strays.get(strays.size() - 1);
            assertThat(newest.kind()).isEqualTo(StrayWrite.Kind.UPDATE);
            assertThat(newest.table()).isEqualTo(after.table());
        });
        List<StrayWrite> strays = ledger.all();
        assertThat(strays.get(strays.size() - 2).kind()).isEqualTo(StrayWrite.Kind.DELETE);
        typed(0, with(AGREED, "repair", "apply", planned(keys("DIFFERENT", after), 1)));
    }

    @Test
    void whileNewHoldsTheTruthOldIsBroughtBackToIt() throws SQLException, IOException {
        verified.home();
        verified.verify();
        typed(0, "strays", "ack", "--all", "--reason=planted");
        verified.switchStep().run(verified.context(), shop.control().read());
        verified.streamsRun();
        Spot wrong = spot(71);
        Spot gone = spot(72);
        String before =
                text(DatabaseId.OLD, "SELECT CONCAT_WS('|', id, user_id, item_id, body) FROM shop_note WHERE id = 71");
        shop.execute(
                DatabaseId.OLD,
                "UPDATE shop_note SET body = 'wrong', item_id = 1 WHERE id = 71",
                "DELETE FROM shop_note WHERE id = 72",
                "INSERT INTO shop_note VALUES (800000, 5, 2, 'nowhere on new')",
                "UPDATE shop_operation SET result = result + 1 ORDER BY user_id, op_id LIMIT 1");
        typed(3, "verify", "once", "--yes");
        String file = newFile();
        TypedCommand plan = typed(0, "repair", "plan", "--out", file, "-o", "json");
        assertThat(json(plan).path("entries").asInt()).as(plan.out()).isEqualTo(4);
        assertThat(json(plan).path("truth").asText()).isEqualTo("NEW");
        JsonNode repaired = json(typed(0, with(AGREED, "repair", "apply", file, "-o", "json")));
        assertThat(repaired.path("verdict").asText()).isEqualTo("EQUAL");
        assertThat(text(
                        DatabaseId.OLD,
                        "SELECT CONCAT_WS('|', id, user_id, item_id, body) FROM shop_note WHERE id = 71"))
                .isEqualTo(before);
        assertThat(shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE id = 800000"))
                .isZero();
        assertThat(shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE id = 72"))
                .isEqualTo(1);
        typed(0, with(AGREED, "repair", "apply", "--undo", file.replace(".json", ".undo.json")));
        assertThat(text(DatabaseId.OLD, "SELECT body FROM shop_note WHERE id = 800000"))
                .isEqualTo("nowhere on new");
        typed(0, with(AGREED, "repair", "apply", file));
        typed(0, "verify", "once", "--yes");

        // The truth itself is not written: a row that stands where its shard key does not lead is left to people.
        DatabaseId other = wrong.database().equals(DatabaseId.shard(0)) ? DatabaseId.shard(1) : DatabaseId.shard(0);
        // Unlogged: the stream back would take the coming and going of the copy for the row's own.
        shop.execute(
                wrong.database(),
                "SET SESSION sql_log_bin = 0",
                "INSERT INTO " + schema(other) + "." + wrong.table() + " SELECT *" + wrong.where(),
                "SET SESSION sql_log_bin = 1");
        TypedCommand left = typed(
                3,
                "repair",
                "plan",
                "--keys",
                keys("DUPLICATE", new Spot(other, wrong.table(), wrong.key())).toString());
        assertThat(left.out()).contains("left to you").contains("the truth is not written by a repair");
        shop.execute(other, "SET SESSION sql_log_bin = 0", "DELETE" + wrong.where(), "SET SESSION sql_log_bin = 1");
        assertThat(gone.key()).isPositive();
        // What was planted closes the way back; what was repaired does not.
        StrayLedger ledger = new StrayLedger(shop.topology().control());
        Awaitility.await().atMost(BOUND).until(() -> ledger.open().size() >= 4);
        assertThat(ledger.open()).hasSize(4);
        typed(0, "strays", "ack", "--all", "--reason=planted");
        verified.home();
        verified.verify();
    }
}
