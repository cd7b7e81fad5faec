package dev.cutover.cli.step;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.fence.IdleHolders;
import dev.cutover.core.fence.Role;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Brings a claimed switch to its end by what is durable alone: the register's decision and the fences.
 *
 * <p>Idea: any process may do it, several at once, each acting on a register it read a while ago. So every fence move is one statement
 * conditional on that fence, and a move that changes nothing is checked, not repeated. Invariant: no target is opened unless the decision
 * is COMMIT, no source is opened again unless it is ABORT, and a decision never changes. Without it two coordinators could open both
 * sides.
 */
public final class SwitchSettlement {
    private final StepContext context;

    public SwitchSettlement(StepContext context) {
        this.context = context;
    }

    /** Whether an undecided switch has outlived its coordinator. */
    public boolean overdue(Register register) {
        return register.phase() == Register.Phase.SWITCHING
                && (register.leaseUntil() == null || context.control().now().isAfter(register.leaseUntil()));
    }

    /**
     * Decides ABORT where nothing is decided, then carries the decision out.
     *
     * @return the stable register
     */
    public Register settle(String why) {
        Register register = context.control().read();
        while (register.phase() == Register.Phase.SWITCHING) {
            if (register.decision() == Register.Decision.NONE) {
                Register decided = register.decided(Register.Decision.ABORT);
                // Lost to somebody who decided at the same moment: read again and do what they decided.
                context.control()
                        .compareAndSet(
                                register,
                                decided,
                                context.event(SwitchRun.ABORTED, "Switch aborted: " + why, register, decided, null));
            } else {
                carryOut(register, new SwitchClock(context.failpoints()));
            }
            register = context.control().read();
        }
        return register;
    }

    /** Moves every fence to where the decision wants it, then the register to stable. */
    void carryOut(Register decided, SwitchClock clock) {
        Side to = target(decided);
        try {
            if (decided.decision() == Register.Decision.COMMIT) {
                commit(decided, to, clock);
            } else {
                abort(decided, to);
            }
        } catch (SQLException | RuntimeException e) {
            throw new CommandFailedException(
                    Problem.HALF_WAY,
                    "The switch to " + to + " in epoch " + decided.epoch() + " is decided (" + decided.decision()
                            + ") but not finished: " + e.getMessage(),
                    "cutover switch --resume   when every database answers; a running worker does the same by itself",
                    List.of(),
                    e);
        }
    }

    private void commit(Register decided, Side to, SwitchClock clock) throws SQLException {
        Epoch epoch = decided.epoch();
        each(Streams.databases(context.topology(), to), (database, connection) -> {
            if (Fence.open(connection, epoch, context.actor()) == 0) {
                require(database, connection, Role.PRIMARY, epoch);
            }
        });
        clock.reached(SwitchPoint.OPENED);
        each(Streams.databases(context.topology(), to.other()), (database, connection) -> {
            if (Fence.toReplica(connection, epoch, context.actor()) == 0) {
                require(database, connection, Role.REPLICA, epoch);
            }
        });
        clock.reached(SwitchPoint.RELEASED);
        Stage stage = to == Side.NEW ? Stage.SWITCHED : Stage.VERIFIED;
        Register next = decided.settled(to)
                .withStage(stage)
                .withMirror(true)
                .withReadPercent(0)
                .withShadowPercent(0);
        finish(decided, next, "The truth is " + to + "; writes are mirrored to " + to.other() + ".", clock);
        clock.reached(SwitchPoint.SETTLED);
    }

    private void abort(Register decided, Side to) throws SQLException {
        Epoch epoch = decided.epoch();
        context.failpoints().hit(Failpoint.ABORT_DECIDED);
        // Targets first: once they are at this epoch, no late coordinator can open one of them beside the source.
        each(Streams.databases(context.topology(), to), (database, connection) -> {
            if (Fence.abortTo(connection, epoch, context.actor()) == 0) {
                require(database, connection, Role.REPLICA, epoch);
            }
        });
        context.failpoints().hit(Failpoint.ABORT_TARGETS_RAISED);
        each(Streams.databases(context.topology(), to.other()), (database, connection) -> {
            if (Fence.abortFrom(connection, epoch, context.actor()) == 0) {
                require(database, connection, Role.PRIMARY, epoch);
            }
        });
        context.failpoints().hit(Failpoint.ABORT_REOPENED);
        Register next = decided.settled(to.other());
        finish(decided, next, "Back where it was: the truth is " + to.other() + ".", null);
    }

    private void finish(Register decided, Register next, String summary, @Nullable SwitchClock clock) {
        String detail = clock == null ? null : clock.json().toString();
        // False means that somebody else finished it with the same result.
        context.control()
                .compareAndSet(decided, next, context.event(SwitchRun.SETTLED, summary, decided, next, detail));
    }

    private void require(DatabaseId database, Connection connection, Role role, Epoch epoch) throws SQLException {
        FenceState found = Fence.read(connection);
        boolean later = found.epoch().compareTo(epoch) > 0;
        if (!later && !found.admits(role, epoch)) {
            throw new SwitchStoppedException("the fence of " + database + " is " + found.describe() + ", expected "
                    + role.word() + ", epoch " + epoch
                    + (found.sameServer() ? "" : "; after a failover comes first  cutover adopt " + database));
        }
    }

    private interface FenceMove {
        void on(DatabaseId database, Connection connection) throws SQLException;
    }

    private void each(List<DatabaseId> databases, FenceMove move) throws SQLException {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (DatabaseId database : databases) {
            tasks.add(() -> {
                try (Connection connection =
                        context.topology().database(database).getConnection()) {
                    // Nobody can write anywhere before this is done: a session that stands still must not hold it up.
                    return IdleHolders.past(connection, "cutover_fence", () -> {
                        move.on(database, connection);
                        return true;
                    });
                }
            });
        }
        Together.call(context.threads(), tasks);
    }

    private static Side target(Register register) {
        Side to = register.switchTo();
        if (to == null) {
            throw new IllegalStateException("A register in the middle of a switch names the side it goes to; version "
                    + register.version() + " does not.");
        }
        return to;
    }
}
