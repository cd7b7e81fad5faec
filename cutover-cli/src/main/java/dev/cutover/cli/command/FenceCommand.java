package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.fence.TriggerFence;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover fence install|remove|show}. */
@Command(
        name = "fence",
        header = "Hold those, too, who do not ask the fence: triggers on the migrated tables.",
        footer = {
            "",
            "A trigger reads the fence before each row, and refuses the row unless this side holds the truth.",
            "It does not see TRUNCATE and other definitions; the watch does ('cutover strays').",
            "",
            "Examples:",
            "  cutover fence show",
            "  cutover fence install --dry-run      the SQL, for whoever may create triggers",
            "  cutover fence remove --yes"
        })
final class FenceCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    /** What is done to the triggers of one database. */
    private interface Change {
        int on(TriggerFence fence, Connection connection) throws SQLException;
    }

    @Command(
            name = "show",
            header = "Which triggers stand, and which should.",
            footer = {"", "Example:", "  cutover fence show -o json"})
    int show(@Mixin Invocation here) {
        try (Migration migration = here.open()) {
            Map<DatabaseId, TriggerFence.State> states = states(migration);
            here.console().result("Fence", migration.plan().migration(), json(migration, states), to -> {
                states.forEach((database, state) -> to.line("  "
                        + (state.whole() ? to.good("✔") : "·") + " " + database + "  " + state.intact()
                        + " triggers stand, " + state.missing().size() + " missing, "
                        + state.altered().size() + " altered"));
                to.line(
                        migration.plan().fence().triggers()
                                ? "The plan wants them before a switch (fence.triggers)."
                                : "The plan does not ask for them (fence.triggers).");
            });
            return ExitCode.DONE.number();
        }
    }

    @Command(
            name = "install",
            header = "Create the triggers that are missing, and those anew that were altered.",
            footer = {"", "Examples:", "  cutover fence install --dry-run", "  cutover fence install --yes"})
    int install(@Mixin Invocation here, @Mixin MutationFlags flags) {
        return change(here, flags, "fence install", true, TriggerFence::install);
    }

    @Command(
            name = "remove",
            header = "Drop the triggers of the fence, and no others.",
            footer = {"", "Example:", "  cutover fence remove --yes"})
    int remove(@Mixin Invocation here, @Mixin MutationFlags flags) {
        return change(here, flags, "fence remove", false, TriggerFence::remove);
    }

    private static int change(Invocation here, MutationFlags flags, String command, boolean create, Change change) {
        try (Migration migration = here.open()) {
            Register register = migration.register();
            new StageRunner(here, flags).expect(register);
            StageRunner.stable(register);
            if (flags.dryRun) {
                List<String> sql = sql(migration, create);
                here.console()
                        .result(
                                "DryRun",
                                migration.plan().migration(),
                                Json.object().put("command", command).set("sql", Json.array(sql)),
                                to -> to.lines(sql));
                return ExitCode.DONE.number();
            }
            Confirmation.require(
                    Severity.MODERATE,
                    "cutover " + command,
                    migration.plan().migration(),
                    List.of("Writers of each migrated table wait for at most a second while its triggers change."),
                    flags,
                    here.root().noInput,
                    here.console());
            try (CommandLock lock = CommandLock.take(migration.control(), migration.actor(), command)) {
                int changed = perform(migration, command, change);
                lock.check();
                String sentence = changed + (create ? " triggers created." : " triggers dropped.");
                if (changed > 0) {
                    String state = register.stage() + "/" + register.mode() + "/" + register.epoch();
                    migration
                            .control()
                            .appendEvent(new EventDraft(
                                    migration.actor(),
                                    create ? "fence-install" : "fence-remove",
                                    sentence,
                                    state,
                                    state,
                                    flags.reason,
                                    null));
                }
                here.console()
                        .result(
                                "Fence",
                                migration.plan().migration(),
                                Json.object().put("command", command).put("changed", changed),
                                to -> to.line(to.good("✔") + " " + sentence));
            }
            return ExitCode.DONE.number();
        }
    }

    private static int perform(Migration migration, String command, Change change) {
        int changed = 0;
        for (DatabaseId database : migration.plan().databases()) {
            try (Connection connection = migration.topology().pinned(database)) {
                changed += change.on(TriggerFence.of(migration.plan(), database), connection);
            } catch (SQLException e) {
                throw new CommandFailedException(
                        Problem.HALF_WAY,
                        "The triggers of " + database + " could not be changed: " + e.getMessage()
                                + " Those of the databases before it are.",
                        "grant TRIGGER (and set log_bin_trust_function_creators) or let somebody run  cutover "
                                + command + " --dry-run  as SQL, then run the same command again",
                        List.of(),
                        e);
            }
        }
        return changed;
    }

    private static List<String> sql(Migration migration, boolean create) {
        List<String> lines = new ArrayList<>();
        lines.add("DELIMITER //");
        for (DatabaseId database : migration.plan().databases()) {
            TriggerFence fence = TriggerFence.of(migration.plan(), database);
            lines.add("-- " + migration.plan().endpoint(database).describe());
            (create ? fence.statements() : fence.removals()).forEach(statement -> lines.add(statement + " //"));
        }
        lines.add("DELIMITER ;");
        return lines;
    }

    private static Map<DatabaseId, TriggerFence.State> states(Migration migration) {
        Map<DatabaseId, TriggerFence.State> states = new LinkedHashMap<>();
        for (DatabaseId database : migration.plan().databases()) {
            try (Connection connection = migration.topology().database(database).getConnection()) {
                states.put(database, TriggerFence.of(migration.plan(), database).state(connection));
            } catch (SQLException e) {
                throw new CommandFailedException(
                        Problem.DATABASE_UNREACHABLE,
                        "The triggers of " + database + " cannot be seen: " + e.getMessage(),
                        "grant TRIGGER on its schema to the account of the plan",
                        List.of(),
                        e);
            }
        }
        return states;
    }

    private static ObjectNode json(Migration migration, Map<DatabaseId, TriggerFence.State> states) {
        ObjectNode body = Json.object();
        body.put("wanted", migration.plan().fence().triggers());
        ArrayNode array = body.putArray("databases");
        states.forEach((database, state) -> {
            ObjectNode node = array.addObject();
            node.put("database", database.name());
            node.put("intact", state.intact());
            node.set("missing", Json.array(state.missing()));
            node.set("altered", Json.array(state.altered()));
        });
        return body;
    }
}
