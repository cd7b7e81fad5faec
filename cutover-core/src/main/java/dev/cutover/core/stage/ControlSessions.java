package dev.cutover.core.stage;

import dev.cutover.core.topology.UnreachableException;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/** Work on the control database whose failure says what was to be done. Safe for many threads. */
final class ControlSessions {
    private final Jdbi jdbi;

    ControlSessions(DataSource control) {
        this.jdbi = Jdbi.create(control);
    }

    <T> T with(String act, Function<Handle, T> work) {
        return shaped(act, () -> jdbi.withHandle(work::apply));
    }

    <T> T inTransaction(String act, Function<Handle, T> work) {
        return shaped(act, () -> jdbi.inTransaction(work::apply));
    }

    private static <T> T shaped(String act, Supplier<T> work) {
        try {
            return work.get();
        } catch (JdbiException | UnreachableException e) {
            String why = e.getCause() == null ? e.getMessage() : e.getCause().getMessage();
            throw new ControlDatabaseException(
                    "Could not " + act + " in the control database: " + why
                            + " After an upgrade of Cutover 'cutover init' creates the tables that are new.",
                    e);
        }
    }
}
