package dev.cutover.migrator;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.Lease;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.apply.AppliedKeys;
import dev.cutover.migrator.throttle.SourceThreads;
import dev.cutover.migrator.throttle.Throttle;
import dev.cutover.migrator.watch.Watches;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process behind {@code cutover worker}: follows the register, runs the streams it calls for and the copy that was asked for, and reports.
 *
 * <p>One holds the lease and works, others stand by. The lease is for order only: two that work at once are told apart by the owner in every
 * position. Safe for many threads; {@link #run} is called once.
 */
public final class MigrationWorker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MigrationWorker.class);
    private static final String LEASE = "worker";
    private static final Duration LEASE_VALIDITY = Duration.ofSeconds(5);
    private static final long LOOK_MILLIS = 200;
    private static final long LOOK_AT_A_START_MILLIS = 40;
    private static final long REPORT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long WATCHES_LATEST_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long RENEW_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ControlDatabase control;
    private final String instanceId;
    private final String owner;
    private final Streams streams;
    private final Throttle throttle;
    private final CopyJob copyJob;
    private final Watches watches;
    private final String version;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition waking = lock.newCondition();
    private volatile boolean closed;
    private volatile boolean active;

    // Owned by the thread in run().
    private @Nullable Lease lease;
    private long renewedAt;
    private long leadingSince;
    private long reportedAt;
    private boolean reportedKeepingUp;

    public MigrationWorker(
            MigrationPlan plan, Topology topology, ControlDatabase control, String instanceId, MeterRegistry meters) {
        this(plan, topology, control, instanceId, meters, Failpoints.ofThisJvm());
    }

    /** The same with named points at which a test may interfere. */
    public MigrationWorker(
            MigrationPlan plan,
            Topology topology,
            ControlDatabase control,
            String instanceId,
            MeterRegistry meters,
            Failpoints failpoints) {
        this(plan, topology, control, instanceId, meters, failpoints, AppliedKeys.UNHEARD);
    }

    /**
     * The same with somebody who hears what is applied.
     *
     * @param hearer hears of every batch of the forward stream that is committed
     */
    public MigrationWorker(
            MigrationPlan plan,
            Topology topology,
            ControlDatabase control,
            String instanceId,
            MeterRegistry meters,
            Failpoints failpoints,
            AppliedKeys hearer) {
        this.control = control;
        this.instanceId = instanceId;
        this.owner = LeaseOwner.ofThisProcess(instanceId);
        this.streams = new Streams(topology, failpoints, hearer);
        this.throttle = new Throttle(plan.copy(), new SourceThreads(topology), streams::lag, streams::liveSettings);
        this.copyJob = new CopyJob(topology, control, streams, failpoints);
        this.watches = new Watches(topology, control);
        String implementation = MigrationWorker.class.getPackage().getImplementationVersion();
        this.version = implementation == null ? "development" : implementation;
        meters.gauge("cutover.stream.lag.seconds", streams, MigrationWorker::lagSeconds);
        meters.gauge("cutover.applied.rows", streams, Streams::rowsApplied);
        meters.gauge("cutover.strays", watches, Watches::strays);
    }

    /** Works until closed or interrupted. */
    public void run() {
        try {
            while (!closed) {
                try {
                    step();
                } catch (ControlDatabaseException e) {
                    // What runs goes on: fences and positions guard it, not this database.
                    LOG.warn("The control database does not answer, the worker goes on as it is: {}", e.getMessage());
                }
                lock.lockInterruptibly();
                try {
                    if (!closed && waking.await(lookAgain(), TimeUnit.MILLISECONDS)) {
                        LOG.debug("Woken");
                    }
                } finally {
                    lock.unlock();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            stop();
        }
    }

    private void step() {
        Optional<Register> register = control.readIfInstalled();
        holdLease();
        if (register.isEmpty() || !active) {
            streams.follow(null);
            copyJob.stop();
            watches.follow(null);
        } else {
            Map<String, String> settings = control.settings();
            streams.settings(settings);
            streams.follow(register.get());
            copyJob.follow();
            // Nobody waits for the watches, which go on where they were; for the streams people do.
            if (!streams.starting() || System.nanoTime() - leadingSince > WATCHES_LATEST_NANOS) {
                watches.follow(register.get());
            }
        }
        boolean keepsUp = streams.lag().isPresent();
        if (System.nanoTime() - reportedAt >= REPORT_NANOS || keepsUp != reportedKeepingUp) {
            reportedKeepingUp = keepsUp;
            reportedAt = System.nanoTime();
            streams.beat();
            control.heartbeat(instance(register.orElse(null)));
        }
    }

    // Whoever waits for a stream to begin should hear of it at once.
    private long lookAgain() {
        return streams.starting() ? LOOK_AT_A_START_MILLIS : LOOK_MILLIS;
    }

    private void holdLease() {
        Lease held = lease;
        if (held == null) {
            lease = control.tryLease(LEASE, owner, LEASE_VALIDITY)
                    .or(this::takeOver)
                    .orElse(null);
            renewedAt = System.nanoTime();
            leadingSince = renewedAt;
        } else if (System.nanoTime() - renewedAt >= RENEW_NANOS) {
            lease = control.renew(held, LEASE_VALIDITY).orElse(null);
            renewedAt = System.nanoTime();
            if (lease == null) {
                LOG.warn("Another worker has taken the lease; {} stands by", instanceId);
            }
        }
        active = lease != null;
    }

    // A worker that was killed holds its lease for seconds more. Where its process is known to be gone nobody has to
    // wait for
    // that; and even two that work at once are told apart by the positions.
    private Optional<Lease> takeOver() {
        Optional<Lease> taken = control.lease(LEASE)
                .filter(held -> LeaseOwner.gone(held.owner()))
                .flatMap(held -> control.takeOver(held, owner, LEASE_VALIDITY));
        taken.ifPresent(lease -> LOG.info("{} takes the lease of a worker whose process is gone", instanceId));
        return taken;
    }

    private Instance instance(@Nullable Register register) {
        String mode = register == null ? "-" : register.mode().name();
        return new Instance(
                instanceId,
                "worker",
                hostName(),
                ProcessHandle.current().pid(),
                version,
                register == null ? 0 : register.version(),
                register == null ? 0 : register.epoch().number(),
                mode,
                Instant.EPOCH,
                WorkerStatus.json(active, streams, copyJob.progress(), watches));
    }

    private static double lagSeconds(Streams streams) {
        return streams.lag().map(lag -> lag.toMillis() / 1000.0).orElse(Double.NaN);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    /** Whether this one holds the lease. */
    public boolean active() {
        return active;
    }

    /** Why work in the background must wait now, as a copy would have to; empty when it may go on. */
    public Optional<String> holdsBack() {
        return streams.starting() ? Optional.of("a stream is starting") : throttle.reason();
    }

    /** What the heartbeat reports, now. */
    public String statusJson() {
        return WorkerStatus.json(active, streams, copyJob.progress(), watches);
    }

    /** The epoch a register's streams run in: while a switch is claimed, the one before it. */
    static Epoch streamEpoch(Register register) {
        return register.phase() == Register.Phase.STABLE
                ? register.epoch()
                : new Epoch(register.epoch().number() - 1);
    }

    private void stop() {
        copyJob.close();
        streams.close();
        watches.close();
        Lease held = lease;
        try {
            if (held != null) {
                control.release(held);
            }
            control.retire(instanceId);
        } catch (ControlDatabaseException e) {
            LOG.warn("The worker ends without giving its lease back; it runs out by itself: {}", e.getMessage());
        }
    }

    /** Ends {@link #run} soon; what is committed stays, what is not is done again by the next worker. */
    @Override
    public void close() {
        closed = true;
        lock.lock();
        try {
            waking.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
