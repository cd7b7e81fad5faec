package dev.cutover.cli.demo;

import org.jspecify.annotations.Nullable;

/** The demo could not go on; what it had started is gone. */
public final class DemoFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    DemoFailedException(String message, int exitCode, @Nullable Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    DemoFailedException(String message, @Nullable Throwable cause) {
        this(message, 1, cause);
    }

    /** The exit code of the command that failed, or 1. */
    public int exitCode() {
        return exitCode;
    }
}
