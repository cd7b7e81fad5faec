package dev.cutover.cli.command;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.Prompt;
import dev.cutover.cli.demo.Demo;
import dev.cutover.cli.demo.DemoFailedException;
import dev.cutover.cli.demo.DemoOptions;
import dev.cutover.cli.demo.DemoReport;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.core.routing.ShardLayout;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code cutover demo}. */
@Command(
        name = "demo",
        header = "A whole migration on this machine, under load, with the proof at the end. Nothing is left behind.",
        footer = {
            "",
            "Starts an old and two new MySQL servers, Redis, two instances of the coupon service and a worker, then types every",
            "command from init to complete, with one rollback after the switch. Exit code 0 only when every promise was kept.",
            "",
            "Examples:",
            "  cutover demo",
            "  cutover demo --rows 1000000 --shards 8x128",
            "  cutover demo --plant-corruption     changes one value on a shard: verify must find it, exit code 3",
            "  cutover demo -o json                standard output carries the proof alone"
        })
final class DemoCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "200000",
            description = "Coupons in the old mall; default ${DEFAULT-VALUE}.")
    int rows = 200_000;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "400",
            description = "Writes a second, and a fifth as many reads; default ${DEFAULT-VALUE}.")
    int rate = 400;

    @Option(
            names = "--shards",
            paramLabel = "NxM",
            defaultValue = "4x16",
            description = "Databases and tables a database: 4x16 or 8x128; default ${DEFAULT-VALUE}.")
    String shards = "4x16";

    @Option(
            names = "--keep",
            description = "Leave everything running afterwards, say how to look around, and keep the folder.")
    boolean keep;

    @Option(names = "--plant-corruption", description = "Change one value on a shard after the copy.")
    boolean plantCorruption;

    @Override
    public Integer call() {
        Console console = invocation.console();
        Surroundings here = invocation.surroundings();
        Demo demo = new Demo(
                options(),
                console,
                (folder, out, err, words) -> CutoverCommandLine.execute(
                        new Surroundings(Map.of(), folder, Prompt.absent(), false, here.log(), here.actor()),
                        out,
                        err,
                        words));
        DemoReport report;
        try {
            report = demo.run(seen -> show(console, seen));
        } catch (DemoFailedException e) {
            console.error("cutover: the demo stopped: " + e.getMessage());
            return e.exitCode();
        }
        return report.proven() ? ExitCode.DONE.number() : ExitCode.DIFFERENCES.number();
    }

    private static void show(Console console, DemoReport report) {
        if (console.json()) {
            console.bare(report.json());
        } else {
            console.line("");
            console.lines(report.table());
            console.line(
                    report.proven()
                            ? console.good("Proven: nothing was lost, nothing failed, nothing differs.")
                            : console.bad("Not proven: see the lines marked above."));
        }
    }

    private DemoOptions options() {
        ShardLayout layout = switch (shards) {
            case "4x16" -> new ShardLayout(4, 16);
            case "8x128" -> new ShardLayout(8, 128);
            default ->
                throw new ParameterException(
                        invocation.spec().commandLine(), "--shards takes 4x16 or 8x128, not '" + shards + "'");
        };
        try {
            return new DemoOptions(rows, rate, layout, keep, plantCorruption);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(invocation.spec().commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
