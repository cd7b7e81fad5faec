package dev.cutover.core.plan;

import org.jspecify.annotations.Nullable;

/**
 * One thing wrong in a plan file.
 *
 * @param line from 1
 * @param column from 1
 * @param message what is wrong
 * @param suggestion what was probably meant, or what to write; null when nothing is close
 */
public record Problem(
        int line, int column, String message, @Nullable String suggestion) {
    /** {@code file:line:column: message suggestion}, as compilers print it. */
    public String describe(String file) {
        return file + ":" + line + ":" + column + ": " + message + (suggestion == null ? "" : " " + suggestion);
    }
}
