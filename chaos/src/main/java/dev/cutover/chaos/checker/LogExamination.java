package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.CheckReport.ClosedWindow;
import dev.cutover.chaos.checker.CheckReport.ServerCounts;
import dev.cutover.chaos.checker.FenceWatch.Role;
import dev.cutover.chaos.checker.Layout.Place;
import dev.cutover.chaos.checker.Operations.Operation;
import dev.cutover.chaos.checker.Operations.Outcome;
import dev.cutover.chaos.history.Request;
import dev.cutover.chaos.history.Side;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Goes through the binlogs of all servers once, in the order of their commits, and holds every transaction against the fences. Owned by one
 * thread.
 *
 * <p><b>Idea.</b> A binlog is in commit order, and the fence is a row in it. So whether a write was committed under an open fence is not a matter
 * of timing: it stands before or behind the event that closed it.
 *
 * <p><b>Invariant.</b> After each transaction the watches hold what that server had committed by then. Clocks only order transactions of
 * different servers, which matters for I9 and I11 alone.
 */
final class LogExamination {
    private static final Pattern TRUNCATE =
            Pattern.compile("(?is)\\s*TRUNCATE\\s+(?:TABLE\\s+)?(?:`?([^`.\\s]+)`?\\.)?`?([^`.\\s;]+)`?.*");
    private static final int NAMED_LOSSES = 5;

    /** What a transaction was, as it is counted. */
    private enum Kind {
        APPLICATION,
        APPLIER,
        MIRROR,
        COPY,
        FENCE,
        OTHER
    }

    private final Operations operations;
    private final Findings findings;
    private final Routing routing;
    private final Optional<Place> control;
    private final Map<Place, FenceWatch> watches = new LinkedHashMap<>();
    private final Map<String, List<FenceWatch>> byServer = new HashMap<>();
    private final RegisterWatch register;
    private final ClosedWindows windows;
    private final Continuity continuity;
    private final LastWrites lastWrites;
    private final SortedMap<String, long[]> counts = new TreeMap<>();
    /** Operations that an application transaction has committed, by the shard of their user. */
    private final List<BitSet> committed = new ArrayList<>();
    /** Operations that had been acknowledged when the last fence closed, by the shard of their user. */
    private final List<BitSet> acknowledged = new ArrayList<>();

    private final List<Operation> byAnswer;
    private int answered;

    LogExamination(Layout layout, Operations operations, LastWrites lastWrites, Findings findings) {
        this.operations = operations;
        this.findings = findings;
        this.lastWrites = lastWrites;
        this.routing = Routing.of(layout);
        this.control = layout.control();
        watch(layout.old(), Side.OLD, -1);
        watch(layout.meta(), Side.NEW, -1);
        for (int shard = 0; shard < layout.shards().size(); shard++) {
            watch(layout.shards().get(shard), Side.NEW, shard);
            committed.add(new BitSet());
            acknowledged.add(new BitSet());
        }
        this.register = new RegisterWatch(watches.values(), findings);
        this.windows = new ClosedWindows(watches.values());
        this.continuity = new Continuity(findings);
        this.byAnswer = operations.all().stream()
                .filter(operation -> operation.ok() && operation.writes())
                .sorted(Comparator.comparingLong(operation -> operation.endedWall))
                .toList();
    }

    private void watch(Place place, Side side, int shard) {
        FenceWatch watch = new FenceWatch(place, side, shard);
        watches.put(place, watch);
        byServer.computeIfAbsent(place.server(), any -> new ArrayList<>()).add(watch);
    }

    Collection<FenceWatch> watches() {
        return watches.values();
    }

    /** Takes the next transaction in. */
    void take(LoggedTransaction transaction) {
        Kind was = transaction.statement().isEmpty() ? rows(transaction) : statement(transaction);
        counts.computeIfAbsent(transaction.server(), any -> new long[Kind.values().length])[was.ordinal()]++;
    }

    private Kind statement(LoggedTransaction transaction) {
        Matcher truncate = TRUNCATE.matcher(transaction.statement());
        if (!truncate.matches()) {
            return Kind.OTHER;
        }
        String schema = truncate.group(1) == null ? transaction.database() : truncate.group(1);
        FenceWatch fence = watches.get(new Place(transaction.server(), schema));
        BankTable.Physical table =
                fence == null ? null : fence.table(truncate.group(2)).orElse(null);
        if (fence == null || table == null) {
            return Kind.OTHER;
        }
        if (fence.role == Role.PRIMARY || fence.role == Role.CLOSING) {
            findings.add(
                    "I10",
                    "nobody empties a table of the truth",
                    () -> transaction.statement() + " in " + fence.place + " at " + transaction.where() + " under the "
                            + fence.fence());
        }
        if (table.table() == BankTable.OPERATION) {
            for (int number = fence.ledger.nextSetBit(0); number >= 0; number = fence.ledger.nextSetBit(number + 1)) {
                if (fence.side == Side.OLD || routing.table(operations.all().get(number).user) == table.number()) {
                    fence.ledger.clear(number);
                }
            }
        }
        return Kind.COPY;
    }

    private Kind rows(LoggedTransaction transaction) {
        Kind was = Kind.OTHER;
        for (FenceWatch fence : byServer.getOrDefault(transaction.server(), List.of())) {
            Kind here = rows(transaction, fence);
            was = here.compareTo(was) < 0 ? here : was;
        }
        if (control.isPresent() && control.get().server().equals(transaction.server())) {
            for (RowChange row : transaction.rows()) {
                RowImage after = row.after();
                if (after != null
                        && row.table().equals("cutover_register")
                        && row.schema().equals(control.get().schema())) {
                    register.moved(after, transaction);
                }
            }
        }
        return was;
    }

    /** A row of the bank in a transaction. */
    private record BankRow(BankTable.Physical table, RowChange change) {}

    private Kind rows(LoggedTransaction transaction, FenceWatch fence) {
        boolean position = false;
        boolean origin = false;
        boolean moved = false;
        List<BankRow> bank = new ArrayList<>();
        for (RowChange row : transaction.rows()) {
            if (!row.schema().equals(fence.place.schema())) {
                continue;
            }
            switch (row.table()) {
                case "cutover_position" -> {
                    position = true;
                    PositionRules.moved(fence, row, transaction, findings);
                }
                case "cutover_origin" -> origin = true;
                case "cutover_fence" -> moved = true;
                default -> fence.table(row.table()).ifPresent(table -> bank.add(new BankRow(table, row)));
            }
        }
        Kind was = Kind.OTHER;
        if (position || origin) {
            was = origin ? Kind.MIRROR : Kind.APPLIER;
            follows(was, fence, transaction);
        } else if (!bank.isEmpty() && !laidOut(fence, bank)) {
            was = copies(fence, bank) ? Kind.COPY : Kind.APPLICATION;
        }
        for (BankRow row : bank) {
            placed(fence, row, transaction);
        }
        if (was == Kind.APPLICATION) {
            application(fence, bank, transaction);
        }
        if (moved) {
            for (RowChange row : transaction.rows()) {
                if (row.table().equals("cutover_fence") && row.schema().equals(fence.place.schema())) {
                    fence(fence, row, transaction);
                }
            }
            was = was == Kind.OTHER ? Kind.FENCE : was;
        }
        return was;
    }

    private void follows(Kind was, FenceWatch fence, LoggedTransaction transaction) {
        if (fence.role != Role.REPLICA) {
            findings.add(
                    "I10",
                    "appliers and mirrors write only to a replica",
                    () -> (was == Kind.MIRROR ? "a mirror" : "an applier") + " wrote " + transaction.where() + " in "
                            + fence.place + " under the " + fence.fence());
        }
    }

    // What was there before anybody fenced the database and carries no operation is what the run began with.
    private static boolean laidOut(FenceWatch fence, List<BankRow> bank) {
        return !fence.seen && bank.stream().noneMatch(row -> row.table().table() == BankTable.OPERATION);
    }

    // Between two batches a copy writes one table of a replica of NEW and moves no position. The application always
    // writes
    // its ledger and another table.
    private static boolean copies(FenceWatch fence, List<BankRow> bank) {
        if (fence.side != Side.NEW || fence.role != Role.REPLICA) {
            return false;
        }
        BankTable one = bank.get(0).table().table();
        return bank.stream()
                .allMatch(row -> row.table().table() == one
                        && (row.change().before() == null || row.change().after() == null));
    }

    private void placed(FenceWatch fence, BankRow row, LoggedTransaction transaction) {
        RowImage before = row.change().before();
        RowImage after = row.change().after();
        BankTable table = row.table().table();
        lastWrites.note(fence.side, table, before, after, transaction);
        if (table == BankTable.OPERATION) {
            if (before != null) {
                fence.ledger.clear(operations.of(table.op(before), table.user(before)).number);
            }
            if (after != null) {
                fence.ledger.set(operations.of(table.op(after), table.user(after)).number);
            }
        }
        if (after != null && fence.side == Side.NEW) {
            int slot = routing.slot(table.user(after));
            int here = fence.shard * routing.tablesPerShard() + row.table().number();
            if (slot != here || (table == BankTable.COUPON && (after.number(0) & 1023) != slot)) {
                findings.add(
                        "I12",
                        "a row is written where its user belongs",
                        () -> table.key(fence.side, after) + " of user " + table.user(after) + " (slot " + slot
                                + ") was written to " + fence.place + "/"
                                + row.change().table() + " (slot " + here
                                + ") at " + transaction.where());
            }
        }
    }

    private void application(FenceWatch fence, List<BankRow> bank, LoggedTransaction transaction) {
        if (fence.role != Role.PRIMARY) {
            findings.add(
                    "I8",
                    "the application writes only between an open and the next close",
                    () -> transaction.where() + " in " + fence.place + " wrote " + named(fence, bank) + " under the "
                            + fence.fence());
        }
        Set<String> ops = new HashSet<>();
        for (BankRow row : bank) {
            RowImage after = row.change().after();
            if (after == null) {
                continue;
            }
            BankTable table = row.table().table();
            if (fence.role == Role.PRIMARY && table.epoch(after) != fence.epoch) {
                findings.add(
                        "I8",
                        "the application writes in the epoch of the fence",
                        () -> transaction.where() + " in " + fence.place + " wrote " + table.key(fence.side, after)
                                + " with epoch " + table.epoch(after) + " under the " + fence.fence());
            }
            if (table == BankTable.OPERATION && row.change().before() == null) {
                ops.add(table.op(after));
            }
        }
        if (ops.isEmpty()) {
            findings.add(
                    "I8",
                    "every write of the application carries its operation",
                    () -> transaction.where() + " in " + fence.place + " wrote " + named(fence, bank)
                            + " without a row in the ledger");
        }
        for (BankRow row : bank) {
            owned(fence, row, ops, transaction);
        }
        ops.forEach(op -> committed(op, bank, transaction));
    }

    private void owned(FenceWatch fence, BankRow row, Set<String> ops, LoggedTransaction transaction) {
        BankTable table = row.table().table();
        RowImage after = row.change().after();
        if (after != null && !ops.isEmpty() && !ops.contains(table.op(after))) {
            findings.add(
                    "I8",
                    "every write of the application carries its operation",
                    () -> transaction.where() + " in " + fence.place + " wrote " + table.key(fence.side, after)
                            + " for op " + table.op(after) + " with the ledger row of " + ops);
        }
        if (table == BankTable.COUPON) {
            continuity.coupon(fence.side, row.change(), transaction);
        } else if (table == BankTable.PROBE) {
            continuity.probe(fence.side, row.change(), transaction);
        }
    }

    private void committed(String op, List<BankRow> bank, LoggedTransaction transaction) {
        long user = -1;
        Set<Integer> keys = new HashSet<>();
        EnumSet<BankTable> tables = EnumSet.noneOf(BankTable.class);
        for (BankRow row : bank) {
            RowImage after = row.change().after();
            tables.add(row.table().table());
            if (after != null
                    && row.table().table() == BankTable.OPERATION
                    && BankTable.OPERATION.op(after).equals(op)) {
                user = BankTable.OPERATION.user(after);
            } else if (after != null
                    && row.table().table() == BankTable.PROBE
                    && BankTable.PROBE.op(after).equals(op)) {
                keys.add((int) after.number(1));
            }
        }
        Operation operation = operations.of(op, user);
        committed.get(routing.shard(user)).set(operation.number);
        if (++operation.written > 1) {
            findings.add(
                    "I2",
                    "an operation is written once",
                    () -> operation + " was written again at " + transaction.where());
        }
        if (!operation.asked()) {
            findings.add(
                    "I2",
                    "somebody asked for every operation",
                    () -> operation + " is not in the history; written at " + transaction.where());
        } else if (operation.outcome == Outcome.FAIL) {
            findings.add(
                    "I3", "what failed was not written", () -> operation + " was written at " + transaction.where());
        }
        whole(operation, keys, tables, transaction);
    }

    private void whole(Operation operation, Set<Integer> keys, Set<BankTable> tables, LoggedTransaction transaction) {
        Request request = operation.request;
        if (request == null) {
            return;
        }
        boolean whole = request instanceof Request.Append append
                ? keys.equals(new HashSet<>(append.keys()))
                : request instanceof Request.Claim
                        ? tables.contains(BankTable.COUPON)
                        : tables.contains(BankTable.COUPON) && tables.contains(BankTable.REDEMPTION);
        if (!whole) {
            findings.add(
                    "I6",
                    "a transaction is written whole",
                    () -> operation + " wrote " + tables + " with probes " + keys + " at " + transaction.where());
        }
    }

    private static String named(FenceWatch fence, List<BankRow> bank) {
        List<String> names = new ArrayList<>();
        for (BankRow row : bank.subList(0, Math.min(6, bank.size()))) {
            RowImage after = row.change().after();
            RowImage before = row.change().before();
            RowImage some = after != null ? after : before;
            if (some != null) {
                BankTable table = row.table().table();
                names.add(
                        table.key(fence.side, some) + " (op " + table.op(some) + ", epoch " + table.epoch(some) + ")");
            }
        }
        return String.join(", ", names);
    }

    private void fence(FenceWatch fence, RowChange row, LoggedTransaction transaction) {
        RowImage after = row.after();
        Role before = fence.role;
        long epochBefore = fence.epoch;
        boolean first = !fence.seen;
        fence.seen = true;
        fence.movedAt = transaction.where();
        if (after == null) {
            fence.role = Role.NONE;
            return;
        }
        fence.epoch = after.number(1);
        fence.role = Role.of(after.text(2));
        if (fence.epoch < epochBefore) {
            findings.add(
                    "I9",
                    "the epoch of a fence never goes down",
                    () -> fence.place + " from " + epochBefore + " to " + fence.epoch + " at " + transaction.where());
        }
        boolean same = before == fence.role && epochBefore == fence.epoch;
        if (!same) {
            windows.moved(fence, transaction);
        }
        if (fence.role == Role.PRIMARY && !same) {
            register.opened(fence, first, transaction);
            complete(fence, first, transaction);
        }
    }

    // I11. By causality what was committed on the side being left comes before its close, and that before this open.
    // The
    // operations that a client was answered before the close are asked for as well: they may have left no trace at all.
    private void complete(FenceWatch fence, boolean first, LoggedTransaction transaction) {
        if (first || fence.side == Side.NEW && fence.shard < 0) {
            return;
        }
        long closedAt = windows.closedAt(fence.epoch);
        while (answered < byAnswer.size() && (byAnswer.get(answered).endedWall + 1) * 1000 <= closedAt) {
            Operation operation = byAnswer.get(answered++);
            acknowledged.get(routing.shard(operation.user)).set(operation.number);
        }
        BitSet missing = new BitSet();
        for (int shard = 0; shard < committed.size(); shard++) {
            if (fence.side == Side.OLD || fence.shard == shard) {
                missing.or(committed.get(shard));
                missing.or(acknowledged.get(shard));
            }
        }
        missing.andNot(fence.ledger);
        if (missing.isEmpty()) {
            return;
        }
        missing.stream()
                .limit(NAMED_LOSSES)
                .forEach(number -> findings.add(
                        "I11",
                        "a side is opened with everything that was written before",
                        () -> fence.place + " was opened in epoch " + fence.epoch + " at " + transaction.where()
                                + " without " + operations.all().get(number) + "; " + missing.cardinality()
                                + " operations are missing"));
    }

    /** What is left to say when all binlogs have been read. */
    List<ClosedWindow> settle(Layout.Ending ending) {
        for (FenceWatch fence : watches.values()) {
            if (!fence.seen) {
                findings.add(
                        "E",
                        "the binlog of every database tells of its fence",
                        () -> "there is no fence event of " + fence.place);
            }
        }
        if (control.isPresent() && !register.seen()) {
            findings.add(
                    "E",
                    "the binlog of the control schema tells of the register",
                    () -> "there is no event of it in " + control.get());
        }
        if (register.seen() && register.truth() != ending.truth()) {
            findings.add(
                    "E",
                    "the caller and the register agree on the truth",
                    () -> "the caller says " + ending.truth() + ", the register " + register.truth());
        }
        return windows.settle(ending, findings);
    }

    SortedMap<String, ServerCounts> counts(Collection<TransactionLog> logs) {
        SortedMap<String, ServerCounts> servers = new TreeMap<>();
        for (TransactionLog log : logs) {
            long[] of = counts.getOrDefault(log.server(), new long[Kind.values().length]);
            long all = 0;
            for (long each : of) {
                all += each;
            }
            servers.put(
                    log.server(),
                    new ServerCounts(
                            log.files(),
                            log.bytes(),
                            all,
                            of[Kind.APPLICATION.ordinal()],
                            of[Kind.APPLIER.ordinal()],
                            of[Kind.MIRROR.ordinal()],
                            of[Kind.COPY.ordinal()],
                            of[Kind.FENCE.ordinal()],
                            of[Kind.OTHER.ordinal()]));
        }
        return servers;
    }
}
