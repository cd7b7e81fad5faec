package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.step.Installation;
import dev.cutover.cli.step.StepContext;
import dev.cutover.core.stage.Register;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutover init}. */
@Command(
        name = "init",
        header = "Create what Cutover needs: control tables, fences, the empty tables of new.",
        footer = {
            "",
            "Run it again whenever you like: what is there stays as it is.",
            "",
            "Examples:",
            "  cutover init --dry-run      print every statement, run none",
            "  cutover init --yes",
            "  cutover init --no-tables    the tables of new are made by somebody else"
        })
final class InitCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Mixin
    MutationFlags flags = new MutationFlags();

    @Option(names = "--no-tables", description = "Do not create tables of new; they are there already.")
    boolean noTables;

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            StepContext context =
                    migration.context(flags.reason, flags.timeout, new ConsoleNarrator(invocation.console()));
            Installation installation = new Installation(context, !noTables);
            List<String> statements = installation.statements();
            if (flags.dryRun) {
                ObjectNode body = Json.object();
                body.put("command", "init");
                body.set("steps", Json.array(statements));
                invocation.console().result("DryRun", migration.plan().migration(), body, to -> to.lines(statements));
                return ExitCode.DONE.number();
            }
            Confirmation.require(
                    Severity.MODERATE,
                    "cutover init",
                    migration.plan().migration(),
                    installation.outline(),
                    flags,
                    invocation.root().noInput,
                    invocation.console());
            Register register = installation.run();
            ObjectNode body = Json.object();
            body.put("command", "init");
            body.put("stage", register.stage().name());
            body.put("epoch", register.epoch().number());
            invocation.console().result("Step", migration.plan().migration(), body, to -> {
                to.line(to.good("✔") + " Installed: register in " + register.stage() + ", epoch " + register.epoch()
                        + ", fences on " + migration.plan().databases().size() + " databases.");
                to.line("Next:  cutover preflight");
            });
            return ExitCode.DONE.number();
        }
    }
}
