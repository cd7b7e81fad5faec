package dev.cutover.migrator;

/**
 * What one check of the preflight says about one thing.
 *
 * @param check the check's name, such as {@code binlog}
 * @param severity whether a migration may start
 * @param subject the server, database or table it is about
 * @param message what was found
 * @param fix what to do; empty when nothing is
 */
public record Finding(String check, Severity severity, String subject, String message, String fix) {
    /** Fine, fine with a weaker promise, or not to be started. */
    public enum Severity {
        OK,
        WARNING,
        FAIL
    }
}
