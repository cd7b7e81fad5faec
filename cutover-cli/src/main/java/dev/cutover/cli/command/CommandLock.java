package dev.cutover.cli.command;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.core.stage.Lease;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one command at a time change the migration; renewed while the command runs, gone ten seconds after it died.
 *
 * <p>It keeps people out of each other's way. Safety does not rest on it: the register moves by compare-and-set.
 */
final class CommandLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CommandLock.class);
    private static final String NAME = "command";
    private static final Duration VALIDITY = Duration.ofSeconds(10);
    private static final long RENEW_SECONDS = 3;

    private final ControlDatabase control;
    private final String command;
    private final ScheduledExecutorService renewal;
    private volatile Lease lease;
    private volatile boolean lost;

    private CommandLock(ControlDatabase control, String command, Lease lease) {
        this.control = control;
        this.command = command;
        this.lease = lease;
        this.renewal = Executors.newSingleThreadScheduledExecutor(runnable -> {
            Thread thread = new Thread(runnable, "cutover-lock");
            thread.setDaemon(true);
            return thread;
        });
    }

    static CommandLock take(ControlDatabase control, String actor, String command) {
        Optional<Lease> lease = control.tryLease(NAME, actor + " (" + command + ")", VALIDITY);
        if (lease.isEmpty()) {
            String holder = control.lease(NAME)
                    .map(held -> held.owner() + " until " + held.until())
                    .orElse("somebody who has just ended");
            throw new CommandFailedException(
                    Problem.LOCK_HELD,
                    "Another command is changing this migration: " + holder + ".",
                    "wait for it, then run the same command again");
        }
        CommandLock lock = new CommandLock(control, command, lease.get());
        var unused = lock.renewal.scheduleAtFixedRate(lock::renew, RENEW_SECONDS, RENEW_SECONDS, TimeUnit.SECONDS);
        return lock;
    }

    private void renew() {
        try {
            control.renew(lease, VALIDITY).ifPresentOrElse(renewed -> lease = renewed, () -> lost = true);
        } catch (ControlDatabaseException e) {
            LOG.warn("The lock of {} could not be renewed; the next round tries again", command, e);
        }
    }

    /** Says so when somebody else got the lock meanwhile; what was done stands, the register saw to that. */
    void check() {
        if (lost) {
            LOG.warn("The lock ran out while {} was running", command);
        }
    }

    @Override
    public void close() {
        renewal.shutdown();
        try {
            control.release(lease);
        } catch (ControlDatabaseException e) {
            LOG.warn("The lock of {} could not be given back; it ends by itself", command, e);
        }
    }
}
