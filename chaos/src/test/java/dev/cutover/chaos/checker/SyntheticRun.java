package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FinalDatabase.Found;
import dev.cutover.chaos.checker.Layout.Place;
import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.ReadMode;
import dev.cutover.chaos.history.Request;
import dev.cutover.chaos.history.Side;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A bank, its two sides and its servers in memory, that leaves behind what a run leaves behind; a test may spoil any of it. */
final class SyntheticRun {
    static final Place OLD = new Place("a", "bank");
    static final Place META = new Place("b", "meta");
    static final Place SHARD_0 = new Place("b", "shard_0");
    static final Place SHARD_1 = new Place("c", "shard_1");
    static final Place CONTROL = new Place("a", "control");
    static final int TABLES = 2;
    private static final Routing ROUTING = new Routing(2, TABLES);
    private static final String UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    /** A row in the shape of OLD; coupons carry their legacy id. */
    record Row(BankTable table, long user, List<Object> cells) {
        String key() {
            return table.key(Side.OLD, RowImage.of(cells.toArray()));
        }

        Row with(int column, Object value) {
            List<Object> changed = new ArrayList<>(cells);
            changed.set(column, value);
            return new Row(table, user, changed);
        }
    }

    /** What a transaction does to a row. */
    record Change(@Nullable Row before, @Nullable Row after) {
        Row some() {
            return after != null ? after : Objects.requireNonNull(before);
        }
    }

    final List<HistoryRecord> history = new ArrayList<>();
    final Map<String, List<LoggedTransaction>> logs = new TreeMap<>();
    final EnumMap<Side, LinkedHashMap<String, Row>> rows = new EnumMap<>(Side.class);
    final Map<Integer, Long> totals = new TreeMap<>(Map.of(1, 10L, 2, -1L));
    final Map<Integer, Long> left = new TreeMap<>(Map.of(1, 10L, 2, -1L));
    Set<String> dirty = new LinkedHashSet<>();
    Side truth = Side.OLD;
    long epoch = 1;
    long micros = 1_700_000_000_000_000L;
    boolean drained = true;
    Optional<Duration> bound = Optional.empty();
    private long positions;
    private long coupons = 100;
    private int ops;

    SyntheticRun() {
        rows.put(Side.OLD, new LinkedHashMap<>());
        rows.put(Side.NEW, new LinkedHashMap<>());
        logs.put("a", new ArrayList<>());
        logs.put("b", new ArrayList<>());
        logs.put("c", new ArrayList<>());
        register("STABLE", "OLD", null, "NONE");
        fence(OLD, "primary", 1);
        for (Place place : List.of(META, SHARD_0, SHARD_1)) {
            fence(place, "replica", 1);
        }
    }

    LinkedHashMap<String, Row> rows(Side side) {
        return Objects.requireNonNull(rows.get(side));
    }

    List<LoggedTransaction> logOf(String server) {
        return Objects.requireNonNull(logs.get(server));
    }

    // ---- what the tools write

    void register(String phase, String truthWord, @Nullable String to, String decision) {
        Object[] cells = {1L, micros, "m", "hash", epoch, truthWord, phase, to, decision};
        log(CONTROL.server(), List.of(new RowChange(CONTROL.schema(), "cutover_register", null, new RowImage(cells))));
    }

    void fence(Place place, String role, long epochOfFence) {
        log(
                place.server(),
                List.of(new RowChange(
                        place.schema(),
                        "cutover_fence",
                        null,
                        RowImage.of(1L, epochOfFence, role, 1L, UUID, "test", micros / 1000))));
    }

    LoggedTransaction log(String server, List<RowChange> changes) {
        micros += 1000;
        List<LoggedTransaction> log = logOf(server);
        LoggedTransaction transaction = new LoggedTransaction(
                server, "binlog.000001", 4 + 100L * log.size(), UUID + ":" + (log.size() + 1), micros, changes, "", "");
        log.add(transaction);
        return transaction;
    }

    static List<Place> places(Side side) {
        return side == Side.OLD ? List.of(OLD) : List.of(META, SHARD_0, SHARD_1);
    }

    static Place home(Side side, long user) {
        return side == Side.OLD ? OLD : ROUTING.shard(user) == 0 ? SHARD_0 : SHARD_1;
    }

    static RowChange logged(Side side, int slot, Change change) {
        Row row = change.some();
        String table = side == Side.OLD
                ? "bank_" + row.table.word()
                : String.format("%s_%03d", row.table.word(), slot % TABLES);
        Place place = side == Side.OLD ? OLD : slot / TABLES == 0 ? SHARD_0 : SHARD_1;
        return new RowChange(place.schema(), table, image(side, slot, change.before), image(side, slot, change.after));
    }

    private static @Nullable RowImage image(Side side, int slot, @Nullable Row row) {
        if (row == null) {
            return null;
        }
        Object[] cells = row.cells.toArray();
        if (side == Side.NEW && row.table == BankTable.COUPON) {
            cells[0] = ((Number) cells[0]).longValue() << 10 | slot;
        }
        return new RowImage(cells);
    }

    RowChange position(Place place, String stream, String set) {
        return new RowChange(
                place.schema(), "cutover_position", null, RowImage.of(stream, epoch, 1L, set, micros / 1000));
    }

    String nextPosition() {
        return UUID + ":1-" + ++positions;
    }

    /** Brings what was written on the truth to the other side, as the applier does. */
    void stream() {
        stream(dirty);
        dirty = new LinkedHashSet<>();
    }

    void stream(Set<String> keys) {
        Side to = truth.other();
        for (Place place : places(to)) {
            List<RowChange> changes = new ArrayList<>();
            changes.add(position(place, "s", nextPosition()));
            for (String key : keys) {
                Change change = copied(to, key);
                if (change != null && home(to, change.some().user).equals(place)) {
                    apply(to, change, changes);
                }
            }
            log(place.server(), changes);
        }
    }

    /** What brings a row of the other side to the state it has on the truth. */
    @Nullable
    Change copied(Side to, String key) {
        Row before = rows(to).get(key);
        Row after = rows(to.other()).get(key);
        return before == null && after == null ? null : new Change(before, after);
    }

    void apply(Side to, Change change, List<RowChange> changes) {
        int slot = ROUTING.slot(change.some().user);
        if (change.before != null) {
            rows(to).remove(change.before.key());
            changes.add(logged(to, slot, new Change(change.before, null)));
        }
        if (change.after != null) {
            rows(to).put(change.after.key(), change.after);
            changes.add(logged(to, slot, new Change(null, change.after)));
        }
    }

    /** A row of a copy: no position, no origin. */
    void copy(Side to, Change change) {
        List<RowChange> changes = new ArrayList<>();
        apply(to, change, changes);
        log(home(to, change.some().user).server(), changes);
    }

    /** A mirrored write: the row and an origin. */
    void mirror(Side to, Change change) {
        List<RowChange> changes = new ArrayList<>();
        Place place = home(to, change.some().user);
        changes.add(new RowChange(place.schema(), "cutover_origin", null, RowImage.of(7L, UUID + ":1", micros)));
        apply(to, change, changes);
        log(place.server(), changes);
    }

    void claimSwitch() {
        epoch++;
        register("SWITCHING", truth.name(), truth.other().name(), "NONE");
    }

    void close() {
        places(truth).forEach(place -> fence(place, "closing", epoch));
    }

    void decide(String decision) {
        register("SWITCHING", truth.name(), truth.other().name(), decision);
    }

    void open() {
        places(truth.other()).forEach(place -> fence(place, "primary", epoch));
    }

    void settle() {
        places(truth).forEach(place -> fence(place, "replica", epoch));
        truth = truth.other();
        register("STABLE", truth.name(), null, "NONE");
    }

    void switchOver() {
        claimSwitch();
        close();
        stream();
        decide("COMMIT");
        open();
        settle();
    }

    void abortedSwitch() {
        claimSwitch();
        close();
        decide("ABORT");
        places(truth.other()).forEach(place -> fence(place, "replica", epoch));
        places(truth).forEach(place -> fence(place, "primary", epoch));
        register("STABLE", truth.name(), null, "NONE");
    }

    // ---- what clients do

    long at() {
        micros += 10;
        return micros * 1000;
    }

    String invoke(long user, Request request) {
        String op = "o" + Integer.toString(++ops, 36);
        history.add(new HistoryRecord.Invoke(at(), micros / 1000, 1, op, (int) user, request));
        return op;
    }

    void ok(String op, long result) {
        micros += 2000;
        history.add(HistoryRecord.Ok.written(at(), micros / 1000, 1, op, epoch, truth, result));
        micros += 2000;
    }

    void fail(String op) {
        history.add(new HistoryRecord.Fail(at(), micros / 1000, 1, op, "refused"));
    }

    void info(String op) {
        history.add(new HistoryRecord.Info(at(), micros / 1000, 1, op, "timeout"));
    }

    String append(long user, Integer... keys) {
        String op = invoke(user, new Request.Append(List.of(keys)));
        commit(truth, appending(truth, op, user, epoch, keys));
        ok(op, 0);
        return op;
    }

    List<Change> appending(Side side, String op, long user, long ofEpoch, Integer... keys) {
        List<Change> changes = new ArrayList<>();
        for (int key : keys) {
            Row before = rows(side).get("probe " + user + "/" + key);
            String hist = before == null ? op : before.cells.get(3) + "," + op;
            long seq = before == null ? 1 : (long) before.cells.get(2) + 1;
            changes.add(new Change(
                    before, new Row(BankTable.PROBE, user, List.of(user, (long) key, seq, hist, op, ofEpoch))));
        }
        changes.add(ledger(op, user, "append", 0, ofEpoch));
        return changes;
    }

    static Change ledger(String op, long user, String kind, long result, long ofEpoch) {
        return new Change(null, new Row(BankTable.OPERATION, user, List.of(user, op, kind, result, ofEpoch)));
    }

    /** Commits an application transaction on a side. */
    LoggedTransaction commit(Side side, List<Change> changes) {
        List<RowChange> logged = new ArrayList<>();
        Place place = OLD;
        for (Change change : changes) {
            long user = change.some().user;
            place = home(side, user);
            if (change.before != null) {
                rows(side).remove(change.before.key());
            }
            if (change.after != null) {
                rows(side).put(change.after.key(), change.after);
            }
            dirty.add(change.some().key());
            logged.add(logged(side, ROUTING.slot(user), change));
        }
        return log(place.server(), logged);
    }

    String read(long user, ReadMode mode) {
        String op = invoke(user, new Request.Read(mode));
        answerRead(op, lists(truth, user));
        return op;
    }

    Map<Integer, List<String>> lists(Side side, long user) {
        Map<Integer, List<String>> lists = new TreeMap<>();
        for (Row row : rows(side).values()) {
            if (row.table == BankTable.PROBE && row.user == user) {
                lists.put(((Number) row.cells.get(1)).intValue(), List.of(((String) row.cells.get(3)).split(",", -1)));
            }
        }
        return lists;
    }

    void answerRead(String op, Map<Integer, List<String>> lists) {
        history.add(HistoryRecord.Ok.read(at(), micros / 1000, 2, op, epoch, truth, lists));
    }

    long claim(long user, int template) {
        String op = invoke(user, new Request.Claim(template));
        long id = ++coupons;
        left.computeIfPresent(template, (any, some) -> some < 0 ? some : some - 1);
        commit(
                truth,
                List.of(
                        new Change(
                                null,
                                new Row(BankTable.COUPON, user, List.of(id, user, (long) template, 1L, 1L, op, epoch))),
                        ledger(op, user, "claim", id, epoch)));
        ok(op, id);
        return id;
    }

    String redeem(long user, long coupon, String order) {
        String op = invoke(user, new Request.Redeem(coupon, order));
        Change moved = moved(coupon, op, 2);
        commit(
                truth,
                List.of(
                        moved,
                        new Change(null, new Row(BankTable.REDEMPTION, user, List.of(user, order, coupon, op, epoch))),
                        ledger(op, user, "redeem", coupon, epoch)));
        ok(op, coupon);
        return op;
    }

    String release(long user, long coupon, String order) {
        String op = invoke(user, new Request.Release(coupon, order));
        commit(
                truth,
                List.of(
                        moved(coupon, op, 1),
                        new Change(rows(truth).get("redemption " + user + "/" + order), null),
                        ledger(op, user, "release", coupon, epoch)));
        ok(op, coupon);
        return op;
    }

    private Change moved(long coupon, String op, long status) {
        Row before = Objects.requireNonNull(rows(truth).get("coupon " + coupon));
        return new Change(
                before,
                before.with(3, status)
                        .with(4, (long) before.cells.get(4) + 1)
                        .with(5, op)
                        .with(6, epoch));
    }

    // ---- what is found in the end

    Layout layout() {
        return new Layout(
                OLD,
                META,
                List.of(SHARD_0, SHARD_1),
                TABLES,
                Optional.of(CONTROL),
                new Layout.Ending(truth, drained, bound));
    }

    List<FinalDatabase> databases() {
        List<FinalDatabase> found = new ArrayList<>();
        List<FinalDatabase.Template> templates = new ArrayList<>();
        List<FinalDatabase.Slice> slices = new ArrayList<>();
        totals.forEach((id, total) -> {
            long rest = Objects.requireNonNull(left.get(id));
            templates.add(new FinalDatabase.Template(id, total, rest));
            slices.add(new FinalDatabase.Slice(id, Math.max(0, rest)));
        });
        found.add(database(OLD, Side.OLD, templates, List.of()));
        found.add(new FinalDatabase(
                META,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                templates.stream()
                        .map(t -> new FinalDatabase.Template(t.id(), t.total(), 0))
                        .toList(),
                List.of()));
        found.add(database(SHARD_0, Side.NEW, List.of(), slices));
        found.add(database(SHARD_1, Side.NEW, List.of(), List.of()));
        return found;
    }

    private FinalDatabase database(
            Place place, Side side, List<FinalDatabase.Template> templates, List<FinalDatabase.Slice> slices) {
        List<FinalDatabase.Coupon> couponRows = new ArrayList<>();
        List<FinalDatabase.Probe> probes = new ArrayList<>();
        List<FinalDatabase.Redemption> redemptions = new ArrayList<>();
        List<FinalDatabase.Operation> operations = new ArrayList<>();
        for (Row row : rows(side).values()) {
            if (!home(side, row.user).equals(place)) {
                continue;
            }
            Found at = new Found(place, side == Side.OLD ? 0 : ROUTING.table(row.user));
            RowImage image = Objects.requireNonNull(image(side, ROUTING.slot(row.user), row));
            switch (row.table) {
                case COUPON ->
                    couponRows.add(new FinalDatabase.Coupon(
                            at,
                            image.number(0),
                            side == Side.OLD ? image.number(0) : image.number(0) >> 10,
                            row.user,
                            (int) image.number(2),
                            (int) image.number(3),
                            (int) image.number(4),
                            image.text(5),
                            image.number(6)));
                case PROBE ->
                    probes.add(new FinalDatabase.Probe(
                            at,
                            row.user,
                            (int) image.number(1),
                            image.number(2),
                            image.text(3),
                            image.text(4),
                            image.number(5)));
                case REDEMPTION ->
                    redemptions.add(new FinalDatabase.Redemption(
                            at, row.user, image.text(1), image.number(2), image.text(3), image.number(4)));
                case OPERATION ->
                    operations.add(new FinalDatabase.Operation(
                            at, row.user, image.text(1), image.text(2), image.number(3), image.number(4)));
            }
        }
        return new FinalDatabase(place, couponRows, probes, redemptions, operations, templates, slices);
    }

    CheckReport check() {
        return check(databases());
    }

    CheckReport check(List<FinalDatabase> databases) {
        List<TransactionLog> opened = new ArrayList<>();
        logs.forEach((server, transactions) -> opened.add(new ListedLog(server, new ArrayList<>(transactions))));
        return Examination.of(history::forEach, databases, opened, layout());
    }

    /** The violations by invariant, for messages of tests. */
    static Map<String, List<String>> named(CheckReport report) {
        Map<String, List<String>> named = new HashMap<>();
        report.violations()
                .forEach(violation -> named.computeIfAbsent(violation.invariant(), any -> new ArrayList<>())
                        .add(violation.what() + ": " + violation.detail()));
        return named;
    }

    /** A log in memory. */
    private static final class ListedLog implements TransactionLog {
        private final String server;
        private final List<LoggedTransaction> rest;

        ListedLog(String server, List<LoggedTransaction> rest) {
            this.server = server;
            this.rest = rest;
        }

        @Override
        public String server() {
            return server;
        }

        @Override
        public Optional<LoggedTransaction> next() {
            return rest.isEmpty() ? Optional.empty() : Optional.of(rest.remove(0));
        }
    }
}
