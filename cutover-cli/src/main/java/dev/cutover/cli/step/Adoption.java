package dev.cutover.cli.step;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.fence.Role;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Takes a database over for the server that answers for it after a failover.
 *
 * <p><b>Idea.</b> Whoever has seen transactions of the former server is asked: the positions of its stream on every target, the mirrors that
 * name their source transaction, the recorded starts, the watch. The new server must have executed all of them, or rows stand on the
 * other side that this one has never heard of. What nobody had seen cannot be missed by asking; only semi-synchronous replication rules it out.
 *
 * <p><b>What breaks otherwise.</b> A stream that goes on behind a server that lost its last transactions keeps rows on the other side for ever
 * that the truth does not hold, and a lost close lets both sides write.
 */
public final class Adoption {
    static final String ADOPTED = "adopt";
    private static final int MIRROR_SLOTS = 256;

    private final StepContext context;
    private final DatabaseId database;

    public Adoption(StepContext context, DatabaseId database) {
        this.context = context;
        this.database = database;
    }

    /**
     * What was found.
     *
     * @param former the server that wrote the fence
     * @param present the server that answers
     * @param fence the fence as it stands there
     */
    public record Found(String former, String present, FenceState fence, List<Gate> gates) {
        public boolean already() {
            return former.equals(present);
        }
    }

    /** Looks, and changes nothing. */
    public Found look(Register register) {
        return DatabaseWork.named("look at the server of " + database, "adopt " + database, () -> {
            try (Connection connection = context.topology().database(database).getConnection()) {
                String former = Fence.writtenBy(connection)
                        .orElseThrow(() -> new CommandFailedException(
                                Problem.WORK_REFUSED,
                                "There is no fence on " + database
                                        + " at all: what answers there is no copy of the former server.",
                                "point the plan's address at a server that was a replica of the former one"))
                        .toLowerCase(Locale.ROOT);
                String present = ask(connection, "SELECT @@server_uuid").toLowerCase(Locale.ROOT);
                FenceState fence = Fence.read(connection);
                if (former.equals(present)) {
                    return new Found(former, present, fence, List.of());
                }
                GtidSet executed = GtidSet.parse(ask(connection, "SELECT @@GLOBAL.gtid_executed"));
                GtidSet purged = GtidSet.parse(ask(connection, "SELECT @@GLOBAL.gtid_purged"));
                Map<String, GtidSet> witnesses = witnesses(connection, former);
                return new Found(
                        former,
                        present,
                        fence,
                        List.of(
                                promoted(connection),
                                binlog(connection),
                                fenceAsRegistered(register, fence),
                                nothingLost(executed, witnesses, former),
                                nothingPurged(register, purged)));
            }
        });
    }

    private Gate promoted(Connection connection) throws SQLException {
        boolean readOnly = !ask(connection, "SELECT @@GLOBAL.read_only").equals("0");
        String following = ask(
                connection,
                "SELECT COUNT(*) FROM performance_schema.replication_connection_status WHERE service_state <> 'OFF'");
        boolean promoted = !readOnly && following.equals("0");
        return Gate.of(
                "promoted",
                promoted,
                promoted
                        ? "takes writes, follows nobody"
                        : readOnly ? "read_only is on" : "it still follows another server",
                "promote it (STOP SLAVE; SET GLOBAL read_only = 0), then run the same command again");
    }

    private static Gate binlog(Connection connection) throws SQLException {
        String found = ask(
                connection,
                "SELECT CONCAT('log_bin=', @@log_bin, ', gtid_mode=', @@GLOBAL.gtid_mode, ', binlog_format=',"
                        + " @@GLOBAL.binlog_format, ', binlog_row_image=', @@GLOBAL.binlog_row_image)");
        boolean fine = found.equals("log_bin=1, gtid_mode=ON, binlog_format=ROW, binlog_row_image=FULL");
        return Gate.of("binlog", fine, found, "set them as on the former server, then run the same command again");
    }

    private Gate fenceAsRegistered(Register register, FenceState fence) {
        String finding = fence.role().word() + ", epoch " + fence.epoch() + "; the register: truth " + register.truth()
                + ", epoch " + register.epoch() + ", " + register.phase();
        return Gate.of(
                "fence as registered",
                expected(register, fence),
                finding,
                register.phase() == Register.Phase.SWITCHING && register.decision() == Register.Decision.NONE
                        ? "wait until the watchdog has aborted the switch, then run the same command again"
                        : "its last moves were lost with the former server: bring that one back");
    }

    private boolean expected(Register register, FenceState fence) {
        boolean truth = database.side() == register.truth();
        Epoch epoch = register.epoch();
        if (register.phase() == Register.Phase.STABLE) {
            return fence.epoch().equals(epoch) && fence.role() == (truth ? Role.PRIMARY : Role.REPLICA);
        }
        Epoch before = new Epoch(epoch.number() - 1);
        boolean untouched = fence.epoch().equals(before) && fence.role() == (truth ? Role.PRIMARY : Role.REPLICA);
        return switch (register.decision()) {
            case NONE -> false;
            // An abort raises whatever it finds.
            case ABORT -> untouched || fence.epoch().equals(epoch);
            // The side being left must still be shut: were its close lost, both would write.
            case COMMIT ->
                truth
                        ? fence.epoch().equals(epoch) && fence.role() != Role.PRIMARY
                        : untouched || fence.epoch().equals(epoch) && fence.role() == Role.PRIMARY;
        };
    }

    private Map<String, GtidSet> witnesses(Connection connection, String former) throws SQLException {
        Map<String, GtidSet> witnesses = new LinkedHashMap<>();
        for (ServerAddress server : context.topology().servers(database.side())) {
            if (!server.databases().contains(database)) {
                continue;
            }
            for (DatabaseId target :
                    Streams.targets(context.topology(), database.side().other())) {
                try (Connection other = context.topology().database(target).getConnection()) {
                    Positions.read(other, server.stream())
                            .ifPresent(
                                    position -> witnesses.put("applied from its stream in " + target, position.set()));
                    mirrored(other, former).ifPresent(set -> witnesses.put("mirrored to " + target, set));
                }
            }
        }
        GtidSet starts = GtidSet.EMPTY;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT gtid_set FROM cutover_start")) {
            while (row.next()) {
                starts = starts.union(GtidSet.parse(row.getString(1)));
            }
        }
        if (!starts.isEmpty()) {
            witnesses.put("recorded as starts of its stream", starts);
        }
        new StrayLedger(context.topology().control())
                .position(context.plan().endpoint(database).server())
                .ifPresent(position -> witnesses.put("seen by the watch", position.looked()));
        return witnesses;
    }

    private static Optional<GtidSet> mirrored(Connection connection, String former) throws SQLException {
        List<String> gtids = new ArrayList<>();
        try (PreparedStatement select =
                connection.prepareStatement("SELECT gtid FROM cutover_origin WHERE slot < ? AND gtid LIKE ?")) {
            select.setInt(1, MIRROR_SLOTS);
            select.setString(2, former + ":%");
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    gtids.add(row.getString(1));
                }
            }
        }
        return gtids.isEmpty() ? Optional.empty() : Optional.of(GtidSet.parse(String.join(",", gtids)));
    }

    private static Gate nothingLost(GtidSet executed, Map<String, GtidSet> witnesses, String former) {
        List<String> lost = new ArrayList<>();
        witnesses.forEach((who, seen) -> {
            if (!executed.contains(seen)) {
                lost.add(who + ", but not here: " + seen.subtract(executed));
            }
        });
        return Gate.of(
                "nothing lost",
                lost.isEmpty(),
                lost.isEmpty()
                        ? "every transaction of " + former + " that " + witnesses.size()
                                + " witnesses have seen is here"
                        : String.join("; ", lost),
                "bring a server back that has these transactions; else  cutover verify once  names the rows, and only"
                        + " cutover copy dynamic --restart  makes both sides one again");
    }

    private Gate nothingPurged(Register register, GtidSet purged) throws SQLException {
        List<String> gaps = new ArrayList<>();
        if (database.side() == register.truth()) {
            for (ServerAddress server : context.topology().servers(database.side())) {
                if (!server.databases().contains(database)) {
                    continue;
                }
                for (DatabaseId target :
                        Streams.targets(context.topology(), database.side().other())) {
                    try (Connection other = context.topology().database(target).getConnection()) {
                        Positions.read(other, server.stream())
                                .map(position -> purged.subtract(position.set()))
                                .filter(gap -> !gap.isEmpty())
                                .ifPresent(gap -> gaps.add(target + " lacks " + gap));
                    }
                }
            }
        }
        return Gate.of(
                "its binlogs reach back",
                gaps.isEmpty(),
                gaps.isEmpty() ? "to every position" : "purged before they were applied: " + String.join("; ", gaps),
                "choose a server whose binlogs reach back, or roll back and copy again");
    }

    /** Takes over what was looked at; the register and the fence must still be as they were then. */
    public void run(Register register, Found found) {
        boolean moved = DatabaseWork.named("take the fence over", "adopt " + database, () -> {
            try (Connection connection = context.topology().database(database).getConnection()) {
                boolean same = ask(connection, "SELECT @@server_uuid").equalsIgnoreCase(found.present());
                return same && Fence.adopt(connection, found.fence(), found.former(), context.actor()) == 1;
            }
        });
        if (!moved) {
            throw new CommandFailedException(
                    Problem.REGISTER_MOVED,
                    "The fence of " + database
                            + ", or the server that answers for it, changed meanwhile; nothing was taken over.",
                    "run the same command again");
        }
        String state = register.stage() + "/" + register.mode() + "/" + register.epoch();
        context.control()
                .appendEvent(new EventDraft(
                        context.actor(),
                        ADOPTED,
                        "Server " + found.present() + " answers for " + database + " in the place of " + found.former()
                                + ".",
                        state,
                        state,
                        context.reason(),
                        null));
        // A stopped stream looks again when its settings change.
        context.control().setSetting("adopted", database + " " + found.present());
    }

    private static String ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        }
    }
}
