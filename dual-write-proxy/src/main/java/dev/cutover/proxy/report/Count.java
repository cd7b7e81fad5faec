package dev.cutover.proxy.report;

/** What the proxy counts; the name is the meter's and, without its prefix, the heartbeat's. */
public enum Count {
    /** Units committed. */
    COMMITTED("units", "committed"),
    /** Units whose operation id was found, so that the earlier result was returned. */
    REPLAYED("units", "replayed"),
    /** Units rolled back by an error that ends transactions, and run again or given up. */
    KILLED("units", "killed"),
    /** Commits whose answer was lost. */
    COMMIT_UNKNOWN("units", "commitUnknown"),
    /** Times a fence did not admit a unit, which then waited and ran again. */
    FENCED_RETRIES("fence", "fencedRetries"),
    /** Units given up because no fence admitted them within the budget. */
    FENCED_OUT("fence", "fencedOut"),
    /** Mirrors written. */
    MIRRORED("mirror", "mirrored"),
    /** Mirrors not written because the stream had been there, or the other side was not to be written. */
    MIRROR_SKIPPED("mirror", "mirrorSkipped"),
    /** Mirrors given up for any other reason; the stream delivers them. */
    MIRROR_MISSED("mirror", "mirrorMissed"),
    /** Of the missed: the queue of the database was full. */
    MIRROR_QUEUE_FULL("mirror", "mirrorQueueFull"),
    /** Of the missed: too late. */
    MIRROR_LATE("mirror", "mirrorLate"),
    /** Of the missed: the breaker of the database was open. */
    MIRROR_BREAKER_OPEN("mirror", "mirrorBreakerOpen"),
    /** Of the missed: the commit was not reported under exactly one GTID. */
    MIRROR_NO_GTID("mirror", "mirrorNoGtid"),
    /** Of the missed: no post-image, because the projections are not made yet or could not be read. */
    MIRROR_NO_IMAGE("mirror", "mirrorNoImage"),
    /** Of the missed: the other database refused or failed. */
    MIRROR_FAILED("mirror", "mirrorFailed"),
    /** Reads from OLD. */
    READ_OLD("reads", "readOld"),
    /** Reads from NEW. */
    READ_NEW("reads", "readNew"),
    /** Reads that failed on the side that is not the truth and were answered by the truth. */
    READ_FALLBACK("reads", "readFallback"),
    /** Reads compared on both sides. */
    SHADOW_COMPARED("shadow", "shadowCompared"),
    /** Compared reads that differed, and still did when both sides were read again. */
    SHADOW_DIFFER("shadow", "shadowDiffer"),
    /** Compared reads that differed at first only: a change was on its way. */
    SHADOW_SETTLED("shadow", "shadowSettled"),
    /** Reads that were to be compared, but too many were being compared, or the comparison failed. */
    SHADOW_SKIPPED("shadow", "shadowSkipped"),
    /** Times the register could not be read; the last view stays in force. */
    VIEW_FAILURES("view", "viewFailures");

    private final String meter;
    private final String word;

    Count(String meter, String word) {
        this.meter = meter;
        this.word = word;
    }

    String meter() {
        return "cutover.proxy." + meter;
    }

    String word() {
        return word;
    }
}
