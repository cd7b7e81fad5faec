package dev.cutover.cli.step;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import java.sql.SQLException;
import java.util.List;

/** Names what a refused statement was for. */
final class DatabaseWork {
    private DatabaseWork() {}

    /** What the driver says without its advice, as a sentence. */
    static String firstLine(SQLException e) {
        String line =
                String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
        return line.endsWith(".") ? line : line + ".";
    }

    /** Statements that may be refused. */
    interface Work<T> {
        T run() throws SQLException;
    }

    /** Runs it; a refusal ends the command with what it was for and the command to run again. */
    static <T> T named(String what, String again, Work<T> work) {
        try {
            return work.run();
        } catch (SQLException e) {
            boolean lostConnection = e.getSQLState() != null && e.getSQLState().startsWith("08");
            throw new CommandFailedException(
                    lostConnection ? Problem.DATABASE_UNREACHABLE : Problem.WORK_REFUSED,
                    "Could not " + what + ": " + firstLine(e) + " (MySQL error " + e.getErrorCode() + ").",
                    "remove the cause, then  cutover " + again,
                    List.of(),
                    e);
        }
    }
}
