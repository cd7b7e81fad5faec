package dev.cutover.cli.failure;

import dev.cutover.core.plan.PlanInvalidException;
import dev.cutover.core.plan.SecretUnavailableException;
import dev.cutover.core.topology.UnreachableException;
import java.net.SocketException;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns whatever a command threw into the one failure that people and scripts see; what is not foreseen is logged as a bug. */
public final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private Failures() {}

    public static CommandFailedException shape(Throwable thrown) {
        CommandFailedException shaped = find(thrown, CommandFailedException.class);
        if (shaped != null) {
            return shaped;
        }
        PlanInvalidException plan = find(thrown, PlanInvalidException.class);
        if (plan != null) {
            List<String> problems = plan.problems().stream()
                    .map(problem -> problem.describe(plan.file()))
                    .toList();
            return new CommandFailedException(
                    Problem.PLAN_INVALID,
                    "The plan " + plan.file() + " has " + problems.size()
                            + (problems.size() == 1 ? " problem." : " problems."),
                    "correct the file, then  cutover config validate",
                    problems,
                    thrown);
        }
        SecretUnavailableException secret = find(thrown, SecretUnavailableException.class);
        if (secret != null) {
            return new CommandFailedException(
                    Problem.SECRET_MISSING,
                    String.valueOf(secret.getMessage()),
                    "provide the secret where the plan says, then  cutover config validate",
                    List.of(),
                    thrown);
        }
        UnreachableException unreachable = find(thrown, UnreachableException.class);
        if (unreachable != null) {
            LOG.info("A database could not be reached.", thrown);
            return new CommandFailedException(
                    Problem.DATABASE_UNREACHABLE,
                    firstSentence(String.valueOf(unreachable.getMessage())),
                    "check that the server runs and that address, user and password in the plan are right, then run the same command again",
                    List.of(),
                    thrown);
        }
        if (connectionLost(thrown)) {
            LOG.info("A connection broke.", thrown);
            return new CommandFailedException(
                    Problem.CONNECTION_LOST,
                    "A connection to a database broke while the command was under way: " + firstLine(thrown)
                            + ". What was committed by then stands.",
                    "cutover status   shows what stands; then run the same command again",
                    List.of(),
                    thrown);
        }
        String id =
                String.format(Locale.ROOT, "%08x", ThreadLocalRandom.current().nextInt());
        LOG.error("Bug {}", id, thrown);
        return new CommandFailedException(
                Problem.BUG,
                "Something happened that Cutover does not foresee: " + firstLine(thrown) + " (bug " + id + ")",
                "cutover status   shows what stands; the log file has the details under " + id,
                List.of(),
                thrown);
    }

    // Now and then the driver passes a reset on as an error without a state of its own.
    private static boolean connectionLost(Throwable thrown) {
        SQLException sql = find(thrown, SQLException.class);
        String state = sql == null ? null : sql.getSQLState();
        return state != null && state.startsWith("08") || find(thrown, SocketException.class) != null;
    }

    private static String firstLine(Throwable thrown) {
        String message = thrown.getMessage() == null ? thrown.getClass().getSimpleName() : thrown.getMessage();
        return message.lines().findFirst().orElse(thrown.getClass().getSimpleName());
    }

    private static String firstSentence(String message) {
        int advice = message.indexOf(" Check that the server runs");
        return advice < 0 ? message : message.substring(0, advice);
    }

    private static <T extends Throwable> @Nullable T find(Throwable thrown, Class<T> type) {
        Throwable current = thrown;
        for (int depth = 0; current != null && depth < 20; depth++) {
            if (type.isInstance(current)) {
                return type.cast(current);
            }
            current = current.getCause();
        }
        return null;
    }
}
