package dev.cutover.cli.step;

import java.util.List;

/** A switch that has not decided gives up; it will be aborted. */
final class SwitchStoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> details;

    SwitchStoppedException(String message, List<String> details) {
        super(message);
        this.details = List.copyOf(details);
    }

    SwitchStoppedException(String message) {
        this(message, List.of());
    }

    List<String> details() {
        return details;
    }

    String sentence() {
        return String.valueOf(getMessage());
    }
}
