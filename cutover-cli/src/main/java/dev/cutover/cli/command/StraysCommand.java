package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.stage.StrayWrite;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code cutover strays} and {@code cutover strays ack}. */
@Command(
        name = "strays",
        header = "Writes that went past the fence, on the side that is not the truth; they close the switch.",
        footer = {
            "",
            "Examples:",
            "  cutover strays",
            "  cutover strays --all -o json",
            "  cutover strays ack 3 4 --reason='nightly job, rows put right'"
        },
        subcommands = StraysCommand.Ack.class)
final class StraysCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Option(names = "--all", description = "Those that were acknowledged, too.")
    boolean all;

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            migration.register();
            StrayLedger ledger = new StrayLedger(migration.topology().control());
            List<StrayWrite> strays = all ? ledger.all() : ledger.open();
            invocation.console().result("Strays", migration.plan().migration(), json(strays), to -> {
                for (StrayWrite stray : strays) {
                    StrayWrite.Acknowledged seen = stray.acknowledged();
                    to.line(stray.number() + "  " + Json.time(stray.seenAt()) + "  " + stray.describe()
                            + (seen == null ? "" : "  acknowledged by " + seen.by() + ": " + seen.reason()));
                }
                to.line(
                        strays.isEmpty()
                                ? "No stray writes" + (all ? "." : " are open.")
                                : "Put the rows right, then  cutover strays ack --all --reason='…'");
            });
            return ExitCode.DONE.number();
        }
    }

    private static ObjectNode json(List<StrayWrite> strays) {
        ObjectNode body = Json.object();
        body.put(
                "open",
                strays.stream().filter(stray -> stray.acknowledged() == null).count());
        ArrayNode array = body.putArray("strays");
        for (StrayWrite stray : strays) {
            ObjectNode node = array.addObject();
            node.put("number", stray.number());
            node.put("seenAt", Json.time(stray.seenAt()));
            node.put("server", stray.server());
            node.put("database", stray.database());
            node.put("table", stray.table());
            node.put("gtid", stray.gtid());
            node.put("kind", stray.kind().name());
            node.put("events", stray.events());
            node.put("detail", stray.detail());
            StrayWrite.Acknowledged seen = stray.acknowledged();
            node.put("acknowledgedBy", seen == null ? null : seen.by());
            node.put("acknowledgedAt", seen == null ? null : Json.time(seen.at()));
            node.put("reason", seen == null ? null : seen.reason());
        }
        return body;
    }

    /** {@code cutover strays ack}. */
    @Command(
            name = "ack",
            header = "Say of stray writes that they were looked at and put right; the switch is open again.",
            footer = {
                "",
                "Examples:",
                "  cutover strays ack 3 4 --reason='nightly job, rows put right'",
                "  cutover strays ack --all --reason='verified after the purge'"
            })
    static final class Ack implements Callable<Integer> {
        @Mixin
        Invocation invocation = new Invocation();

        @Parameters(paramLabel = "NUMBER", arity = "0..*", description = "As 'cutover strays' shows them.")
        @Nullable
        List<Long> numbers;

        @Option(names = "--all", description = "All that are open now.")
        boolean all;

        @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "What was done about them.")
        String reason = "";

        @Override
        public Integer call() {
            Set<Long> chosen = numbers == null ? Set.of() : new TreeSet<>(numbers);
            if (chosen.isEmpty() != all || reason.isBlank()) {
                throw new ParameterException(
                        invocation.spec().commandLine(),
                        "Name the numbers, or --all, and a reason that says something");
            }
            try (Migration migration = invocation.open()) {
                Register register = migration.register();
                StrayLedger ledger = new StrayLedger(migration.topology().control());
                List<StrayWrite> open = ledger.open().stream()
                        .filter(stray -> all || chosen.contains(stray.number()))
                        .toList();
                Set<Long> unknown = new TreeSet<>(chosen);
                open.forEach(stray -> unknown.remove(stray.number()));
                if (!unknown.isEmpty()) {
                    throw new CommandFailedException(
                            Problem.WORK_REFUSED,
                            "There is no open stray write " + unknown + ", so none was acknowledged.",
                            "cutover strays   shows those that are open");
                }
                long last = open.stream().mapToLong(StrayWrite::number).max().orElse(0);
                int done = ledger.acknowledge(
                        open.stream().map(StrayWrite::number).toList(), last, migration.actor(), reason);
                if (done > 0) {
                    String state = register.stage() + "/" + register.mode() + "/" + register.epoch();
                    migration
                            .control()
                            .appendEvent(new EventDraft(
                                    migration.actor(),
                                    "strays-ack",
                                    done + (done == 1 ? " stray write" : " stray writes") + " acknowledged: "
                                            + open.stream()
                                                    .limit(5)
                                                    .map(StrayWrite::describe)
                                                    .collect(Collectors.joining("; ")),
                                    state,
                                    state,
                                    reason,
                                    null));
                }
                invocation
                        .console()
                        .result(
                                "Strays",
                                migration.plan().migration(),
                                Json.object().put("acknowledged", done),
                                to -> to.line(to.good("✔") + " " + done + " acknowledged: " + reason));
                return ExitCode.DONE.number();
            }
        }
    }
}
