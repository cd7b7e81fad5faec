package dev.cutover.core.stage;

import dev.cutover.core.plan.MigrationPlan;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the migration stands, and who serves it: register, history, leases, instances, jobs, chunks, verification runs.
 *
 * <p>Safe for many threads and many processes. All times are the database's. Every method throws {@link ControlDatabaseException} when the
 * database cannot be reached.
 */
public interface ControlDatabase {

    /** Creates or upgrades the tables; may be run again. */
    void install();

    /** The register; an exception says so when there is none yet. */
    Register read();

    /** The register; empty when the tables or the row are not there yet. */
    Optional<Register> readIfInstalled();

    /**
     * Writes the first register of a migration (PLANNED, truth OLD, epoch 1); where one is there already for the same migration, returns it.
     */
    Register initialise(MigrationPlan plan);

    /**
     * Moves the register from {@code expected} to {@code next} and writes the event, or does neither.
     *
     * @param next its version is set to that of {@code expected} plus one
     * @return whether this caller moved it; false means somebody else did: read again
     */
    boolean compareAndSet(Register expected, Register next, EventDraft event);

    /** The database's clock, by which leases end. */
    Instant now();

    /** The last {@code limit} events, oldest first. */
    List<Event> events(int limit);

    /** Up to {@code limit} events after number {@code seq}, oldest first. */
    List<Event> eventsAfter(long seq, int limit);

    void appendEvent(EventDraft event);

    /** Whether every event is there and as it was written. */
    default boolean verifyEventChain() {
        return firstBrokenEvent().isEmpty();
    }

    /** The number of the first event that is missing or was changed. */
    Optional<Long> firstBrokenEvent();

    /** Takes a lease that is free or has run out; the token is higher than any before. */
    Optional<Lease> tryLease(String name, String owner, Duration validity);

    /** Takes a lease that has not run out from an owner who is known to be gone; empty when it is not exactly this one any more. */
    Optional<Lease> takeOver(Lease held, String owner, Duration validity);

    /** Prolongs a lease; empty when somebody else has taken it since. */
    Optional<Lease> renew(Lease lease, Duration validity);

    /** Gives a lease back; nothing happens when it is somebody else's by now. */
    void release(Lease lease);

    /** The holder of a lease that has not run out. */
    Optional<Lease> lease(String name);

    /** Reports a process; {@code heartbeatAt} is set to the database's time. */
    void heartbeat(Instance instance);

    /** Takes a process that ends in order off the list. */
    void retire(String instanceId);

    /** The processes that are alive: reported in the last five seconds. */
    default List<Instance> instances() {
        return instancesSeenWithin(Duration.ofSeconds(5));
    }

    List<Instance> instancesSeenWithin(Duration age);

    Optional<Job> job(String name);

    /** Asks for a job; one that is there already is asked for anew. */
    void requestJob(String name, String requestedBy, @Nullable String detailJson);

    /**
     * Moves a job.
     *
     * @return false when its state is none of {@code from}: somebody else moved it
     */
    boolean updateJob(String name, Set<Job.State> from, Job.State to, @Nullable String detailJson);

    void clearJob(String name);

    /** The chunks of a table in order of their numbers; empty when none are planned. */
    List<Chunk> chunks(String table);

    /** Replaces the chunks of a table. */
    void planChunks(String table, List<Chunk> chunks);

    void chunkDone(String table, int number, long rows);

    /** Forgets the chunks of every table. */
    void clearChunks();

    void saveVerification(VerificationRecord verification);

    /** The run that finished last. */
    Optional<VerificationRecord> lastVerification();

    /** The run of that id. */
    Optional<VerificationRecord> verification(String runId);

    /** The last {@code limit} runs, newest first, as the history shows them. */
    List<VerificationRecord> verifications(int limit);

    Map<String, String> settings();

    void setSetting(String name, String value);

    /** One that is not there stays so. */
    void forgetSetting(String name);
}
