package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.step.Adoption;
import dev.cutover.cli.step.StepContext;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code cutover adopt DATABASE}. */
@Command(
        name = "adopt",
        header = "After a failover: take the server over that answers for a database now, if nothing known was lost.",
        footer = {
            "",
            "Until then nobody writes there and nothing is streamed from there: the fence names the server that wrote it.",
            "Make sure first that the former server takes no writes any more; this command cannot see it.",
            "",
            "Examples:",
            "  cutover adopt old --dry-run",
            "  cutover adopt shard-0 --confirm=mall-coupons --reason='host 12 died'"
        })
final class AdoptCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Mixin
    MutationFlags flags = new MutationFlags();

    @Parameters(paramLabel = "DATABASE", description = "old, meta, shard-0, …")
    String name = "";

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            DatabaseId database = migration.plan().databases().stream()
                    .filter(one -> one.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new ParameterException(
                            invocation.spec().commandLine(),
                            "There is no database '" + name + "'; there are "
                                    + migration.plan().databases()));
            Register register = migration.register();
            new StageRunner(invocation, flags).expect(register);
            StageRunner.samePlan(migration.plan(), register);
            StepContext context =
                    migration.context(flags.reason, flags.timeout, new ConsoleNarrator(invocation.console()));
            Adoption adoption = new Adoption(context, database);
            Adoption.Found found = adoption.look(register);
            if (found.already()) {
                result(migration, found, "Already done: the fence of " + database + " names the server that answers.");
                return ExitCode.DONE.number();
            }
            if (flags.dryRun) {
                ObjectNode body = body(found).put("command", "adopt " + database);
                body.set("gates", StageRunner.json(found.gates()));
                invocation.console().result("DryRun", migration.plan().migration(), body, to -> {
                    to.line("Would take " + found.present() + " over in the place of " + found.former() + ":");
                    StageRunner.lines(found.gates(), to);
                });
            }
            StageRunner.requireMet("adopt " + database, found.gates());
            if (flags.dryRun) {
                return ExitCode.DONE.number();
            }
            Confirmation.require(
                    Severity.SEVERE,
                    "cutover adopt " + database,
                    migration.plan().migration(),
                    List.of(
                            "The fence of " + database + " will name server " + found.present() + " in the place of "
                                    + found.former() + ".",
                            "If the former server still takes writes, both will: make sure that it does not."),
                    flags,
                    invocation.root().noInput,
                    invocation.console());
            try (CommandLock lock = CommandLock.take(migration.control(), migration.actor(), "adopt " + database)) {
                adoption.run(register, found);
                lock.check();
            }
            result(
                    migration,
                    found,
                    "Server " + found.present() + " answers for " + database + ". Next:  cutover verify once");
            return ExitCode.DONE.number();
        }
    }

    private void result(Migration migration, Adoption.Found found, String sentence) {
        invocation
                .console()
                .result(
                        "Adoption",
                        migration.plan().migration(),
                        body(found).put("already", found.already()),
                        to -> to.line(to.good("✔") + " " + sentence));
    }

    private static ObjectNode body(Adoption.Found found) {
        return Json.object().put("former", found.former()).put("present", found.present());
    }
}
