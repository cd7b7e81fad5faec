package dev.cutover.cli.failure;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ends a command: what happened and why in one sentence, what to do next, and the code that scripts read. */
public final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Problem problem;
    private final String fix;
    private final transient List<String> details;

    public CommandFailedException(Problem problem, String message, String fix) {
        this(problem, message, fix, List.of(), null);
    }

    public CommandFailedException(Problem problem, String message, String fix, List<String> details) {
        this(problem, message, fix, details, null);
    }

    public CommandFailedException(
            Problem problem, String message, String fix, List<String> details, @Nullable Throwable cause) {
        super(message, cause);
        this.problem = problem;
        this.fix = fix;
        this.details = List.copyOf(details);
    }

    public Problem problem() {
        return problem;
    }

    /** One thing to do next. */
    public String fix() {
        return fix;
    }

    /** One line each; empty when the message says it all. */
    public List<String> details() {
        return details;
    }

    /** The message; a failure always has one. */
    public String sentence() {
        return String.valueOf(getMessage());
    }
}
