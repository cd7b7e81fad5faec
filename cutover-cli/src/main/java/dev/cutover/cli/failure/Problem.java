package dev.cutover.cli.failure;

import java.util.Locale;

/** A stable name for each way a command can fail; the first two digits of its code are the exit code. */
public enum Problem {
    BUG(ExitCode.BUG, 1),
    USAGE(ExitCode.USAGE, 1),
    DIFFERENCES_FOUND(ExitCode.DIFFERENCES, 1),
    NOT_PROVEN(ExitCode.DIFFERENCES, 2),
    PREFLIGHT_WARNINGS(ExitCode.DIFFERENCES, 3),
    WRONG_ORDER(ExitCode.REFUSED, 1),
    GATE_NOT_MET(ExitCode.REFUSED, 2),
    NOT_INSTALLED(ExitCode.REFUSED, 3),
    PLAN_CHANGED(ExitCode.REFUSED, 4),
    NOTHING_TO_RESUME(ExitCode.REFUSED, 5),
    WORK_REFUSED(ExitCode.REFUSED, 6),
    NO_WAY_BACK(ExitCode.REFUSED, 7),
    CONFIRMATION_MISSING(ExitCode.NOT_CONFIRMED, 1),
    DATABASE_UNREACHABLE(ExitCode.UNREACHABLE, 1),
    SWITCH_ABORTED(ExitCode.TIMED_OUT, 1),
    NOT_IN_TIME(ExitCode.TIMED_OUT, 2),
    LOCK_HELD(ExitCode.CONFLICT, 1),
    EXPECTATION_FAILED(ExitCode.CONFLICT, 2),
    REGISTER_MOVED(ExitCode.CONFLICT, 3),
    HALF_WAY(ExitCode.HALF_WAY, 1),
    CONNECTION_LOST(ExitCode.HALF_WAY, 2),
    PLAN_INVALID(ExitCode.PLAN_INVALID, 1),
    SECRET_MISSING(ExitCode.PLAN_INVALID, 2);

    private final ExitCode exit;
    private final int number;

    Problem(ExitCode exit, int number) {
        this.exit = exit;
        this.number = number;
    }

    public ExitCode exit() {
        return exit;
    }

    /** Such as {@code CUT-0401}. */
    public String code() {
        return String.format(Locale.ROOT, "CUT-%02d%02d", exit.number(), number);
    }
}
