package dev.cutover.cli.step;

import dev.cutover.core.topology.DatabaseId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long writers would wait for a switch, from what can be measured while they go on writing.
 *
 * <p>The parts of a pause that grow: the stream has to bring what it is behind, the newest rows are compared, and everything else is
 * requests one after the other, each as slow as the slowest database. How long the close waits for transactions that are open is not a part
 * of it: that is found out by the rehearsal, right before the claim.
 *
 * @param lag of the stream, as its last beat showed it
 * @param check one comparison of the newest rows
 * @param roundTrip one request to the slowest database
 */
record PauseForecast(Duration lag, Duration check, Duration roundTrip) {
    /** Requests that follow one another from the first close to the last open, counted in a trace of a switch. */
    static final int REQUESTS = 25;

    private static final Logger LOG = LoggerFactory.getLogger(PauseForecast.class);
    private static final int TRIES = 3;

    /** Measures; holds nobody up. */
    static PauseForecast measure(StepContext context, Duration lag) throws SQLException {
        FinalCheck check = new FinalCheck(context);
        check.prepare();
        long begun = System.nanoTime();
        try {
            check.run();
        } catch (SwitchStoppedException rowsOnTheirWay) {
            // Nothing is closed, so the newest rows may well differ; only the time counts here.
            LOG.debug("Rows were on their way while the pause was forecast", rowsOnTheirWay);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        List<Callable<Duration>> tasks = new ArrayList<>();
        for (DatabaseId database : context.plan().databases()) {
            tasks.add(() -> roundTrip(context, database));
        }
        Duration slowest = Together.call(context.threads(), tasks).stream()
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
        return new PauseForecast(lag, took, slowest);
    }

    private static Duration roundTrip(StepContext context, DatabaseId database) throws SQLException {
        try (Connection connection = context.topology().database(database).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1");
            long begun = System.nanoTime();
            for (int i = 0; i < TRIES; i++) {
                statement.execute("SELECT 1");
            }
            return Duration.ofNanos((System.nanoTime() - begun) / TRIES);
        }
    }

    PauseForecast withLag(Duration newLag) {
        return new PauseForecast(newLag, check, roundTrip);
    }

    Duration total() {
        return lag.plus(check).plus(roundTrip.multipliedBy(REQUESTS));
    }

    String text() {
        return "about " + total().toMillis() + " ms: the stream is " + lag.toMillis()
                + " ms behind, the last check takes " + check.toMillis() + " ms, a request "
                + roundTrip.toNanos() / 100_000 / 10.0 + " ms";
    }
}
