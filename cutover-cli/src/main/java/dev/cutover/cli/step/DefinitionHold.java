package dev.cutover.cli.step;

import dev.cutover.core.fence.HeldTables;
import dev.cutover.core.fence.TableDefinitions;
import dev.cutover.core.fence.TablesNotHeldException;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Keeps every migrated table of both sides defined as it is, from before the claim of a switch until it has ended. Owned by one attempt of a
 * switch.
 *
 * <p>A definition change that comes meanwhile waits, and whoever writes that table waits behind it: so the switch asks now and then, and
 * gives way.
 */
final class DefinitionHold implements AutoCloseable {
    private final StepContext context;
    private final List<HeldTables> held = new CopyOnWriteArrayList<>();

    DefinitionHold(StepContext context) {
        this.context = context;
    }

    /** Holds all tables; stops the switch where one is being changed. */
    void take() throws SQLException {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (DatabaseId database : context.plan().databases()) {
            tasks.add(() -> held.add(HeldTables.hold(context.topology(), database)));
        }
        try {
            Together.call(context.threads(), tasks);
        } catch (TablesNotHeldException e) {
            throw new SwitchStoppedException(String.valueOf(e.getMessage()));
        }
    }

    /** Stops the switch where a table is not defined as it was when that run compared its rows. */
    void requireAsIn(VerificationRecord verified) throws SQLException {
        List<Callable<TableDefinitions>> tasks = new ArrayList<>();
        held.forEach(tables -> tasks.add(tables::definitions));
        TableDefinitions now = DefinitionGate.together(Together.call(context.threads(), tasks));
        List<String> changed = DefinitionGate.changed(verified, now);
        if (!changed.isEmpty()) {
            throw new SwitchStoppedException("Definitions were " + DefinitionGate.sentence(changed)
                    + ". Run  cutover verify once, then the same command again.");
        }
    }

    /** Stops the switch where the tables may have been let go. */
    void requireHeld() throws SQLException {
        List<Callable<String>> tasks = new ArrayList<>();
        held.forEach(
                tables -> tasks.add(() -> tables.held() ? "" : tables.database().toString()));
        List<String> lost = Together.call(context.threads(), tasks).stream()
                .filter(database -> !database.isEmpty())
                .toList();
        if (!lost.isEmpty()) {
            throw new SwitchStoppedException("The session that kept the definitions of " + lost
                    + " as they are was ended; a table may have been changed meanwhile.");
        }
    }

    /** Stops the switch when somebody waits to change a table: writers of it wait behind him, and so may the stream. */
    void requireNobodyWaits() throws SQLException {
        List<Callable<List<String>>> tasks = new ArrayList<>();
        held.forEach(tables -> tasks.add(tables::waiting));
        List<String> waiting = Together.call(context.threads(), tasks).stream()
                .flatMap(List::stream)
                .toList();
        if (!waiting.isEmpty()) {
            throw new SwitchStoppedException(
                    "Somebody changes the definition of a migrated table in the middle of the switch.", waiting);
        }
    }

    /** Lets go; may be called again, by any thread. */
    @Override
    public void close() {
        held.forEach(HeldTables::close);
        held.clear();
    }
}
