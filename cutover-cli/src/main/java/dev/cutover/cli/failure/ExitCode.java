package dev.cutover.cli.failure;

/** What a script learns from the command; the numbers never change. */
public enum ExitCode {
    /** Done, already done, or clean. */
    DONE(0),
    /** A defect of Cutover itself; the stack trace is in the log file. */
    BUG(1),
    /** The command line was wrong; nothing changed. */
    USAGE(2),
    /** Differences were found; nothing changed. */
    DIFFERENCES(3),
    /** A gate is not met; nothing changed. */
    REFUSED(4),
    /** A confirmation is missing; nothing changed. */
    NOT_CONFIRMED(5),
    /** A database or service cannot be reached; nothing changed. */
    UNREACHABLE(6),
    /** Out of time; everything is back where it was. */
    TIMED_OUT(7),
    /** Somebody else holds the lock, or moved the stage; nothing changed. */
    CONFLICT(8),
    /** Stopped half way; run it again, or roll back. */
    HALF_WAY(9),
    /** The plan file or a secret is wrong; nothing changed. */
    PLAN_INVALID(10);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
